/** The search dialog: asks /search while one types; arrow keys choose, Enter opens. */

const form = document.querySelector("[data-search]");
const results = document.querySelector("[data-search-results]");
let running = null;
let timer = 0;

async function look() {
  const text = form.elements.q.value.trim();
  running?.abort();
  if (text.length < 2) return;
  running = new AbortController();
  try {
    const answer = await fetch(`/search?q=${encodeURIComponent(text)}`, {
      headers: { "HX-Request": "true" },
      signal: running.signal,
    });
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    results.replaceChildren(...page.body.childNodes);
  } catch (cause) {
    if (cause.name !== "AbortError") results.textContent = gettext("The server cannot be reached.");
  }
}

function step(by) {
  const links = [...results.querySelectorAll("a[href]")];
  if (!links.length) return;
  const at = links.indexOf(document.activeElement);
  if (at + by < 0) form.elements.q.focus();
  else links[Math.min(links.length - 1, at + by)].focus();
}

if (form && results) {
  form.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(look, 150);
  });
  form.addEventListener("submit", (event) => {
    const first = results.querySelector("a[href]");
    if (!first) return;
    event.preventDefault();
    first.click();
  });
  form.closest("dialog").addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") step(1);
    else if (event.key === "ArrowUp") step(-1);
    else return;
    event.preventDefault();
  });
}
