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
  const button = checks.querySelector("[data-measure]");
  if (button && measure) {
    button.disabled = true;
    button.textContent = gettext("Measuring; up to half a minute…");
  }
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

/* What is learnt has settings of its own: another form. What can be learnt follows from the data. */
const data = form.querySelector("[name=dataset_version]");
const recipe = form.querySelector("[name=recipe]");
const recipesOf = () => data.selectedOptions[0].dataset.recipes ?? "";
const shownRecipes = (data && recipesOf()) || "vision.classify";

function showFormOf(query) {
  const address = new URL(location.href);
  address.search = new URLSearchParams(query);
  location.assign(address);
}

data?.addEventListener("change", () => {
  if (recipesOf() && recipesOf() !== shownRecipes) showFormOf({ dataset_version: data.value });
});
recipe?.addEventListener("change", () => showFormOf({ dataset_version: data.value, recipe: recipe.value }));

/* A named augmentation writes its operations into the field; what one writes by hand is one's own. */
const augment = form.querySelector("[data-augment]");
const operations = augment?.closest("[data-field]").querySelector("textarea");

augment?.addEventListener("input", (event) => {
  event.stopPropagation();
  if (augment.selectedOptions[0].hasAttribute("data-own")) {
    operations.closest("details").open = true;
    operations.focus();
    return;
  }
  operations.value = augment.value;
  operations.dispatchEvent(new Event("input", { bubbles: true }));
});

operations?.addEventListener("input", () => {
  const known = [...augment.options].find((option) => !option.hasAttribute("data-own") && option.value.trim() === operations.value.trim());
  augment.value = known ? known.value : "";
});

checks.addEventListener("click", (event) => {
  if (event.target.closest("[data-measure]")) check(true);
});

check();
