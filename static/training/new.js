/** The page "New training": the checks run by themselves whenever the form rests. */
import { csrfToken } from "../js/http.js";

const REST_MS = 500;
const form = document.querySelector("[data-training]");
const checks = document.getElementById("checks");
let timer = 0;
let asking = null;

async function check(measure = false) {
  clearTimeout(timer);
  asking?.abort();
  asking = new AbortController();
  const body = new FormData(form);
  if (measure) body.set("measure", "1");
  checks.classList.add("htmx-request");
  checks.querySelector("[data-measure]")?.toggleAttribute("disabled", measure);
  try {
    const answer = await fetch("/runs/new/check", {
      method: "POST",
      body,
      signal: asking.signal,
      headers: { "X-CSRFToken": csrfToken() },
      credentials: "same-origin",
    });
    if (answer.ok) {
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      checks.replaceChildren(...page.body.childNodes);
      settle();
    }
  } catch (cause) {
    if (cause.name === "AbortError") return;
  }
  checks.classList.remove("htmx-request");
}

/** Starting needs all yellow findings to be ticked. */
function settle() {
  const start = checks.querySelector("[data-start]");
  if (!start || checks.querySelector(".finding-red")) return;
  const open = [...checks.querySelectorAll("[data-acknowledge]")].some((box) => !box.checked);
  const checked = checks.querySelector(".finding");
  start.disabled = open || !checked;
}

form.addEventListener("input", (event) => {
  if (event.target.matches("[data-acknowledge]")) {
    settle();
    return;
  }
  if (event.target.matches("[name=name], [name=notes]")) return;
  clearTimeout(timer);
  timer = setTimeout(check, REST_MS);
});

checks.addEventListener("click", (event) => {
  if (event.target.closest("[data-measure]")) check(true);
});

check();
