/** The table of stars: selection by keys and boxes, actions on many, columns in the address. */
import { api } from "../js/http.js";
import { toast } from "../js/toast.js";

const list = document.getElementById("stars");
const chosen = new Set();
let everything = false;
const SAID = "stellar-said";

/* What an action did is said on the page that it leads to. */
const said = sessionStorage.getItem(SAID);
sessionStorage.removeItem(SAID);
if (said) toast(said, { tone: "ok" });

/* Columns: in the address, and remembered for the next visit. */
document.querySelector("[data-columns]")?.addEventListener("change", (event) => {
  const keys = [...event.currentTarget.querySelectorAll("input:checked")].map((box) => box.value).join(",");
  document.cookie = `star-columns=${encodeURIComponent(keys)}; path=/stellar; max-age=${365 * 24 * 3600}; samesite=lax`;
  const query = new URLSearchParams(location.search);
  query.set("columns", keys);
  location.assign(`?${query}`);
});

/* Filters: what is empty does not stand in the address, and a select counts at once. */
const form = document.getElementById("filters");
function applyFilters() {
  const query = new URLSearchParams();
  for (const [key, value] of new FormData(form)) if (value) query.set(key, String(value));
  location.assign(`${location.pathname}${query.size ? `?${query}` : ""}`);
}
form.addEventListener("submit", (event) => {
  event.preventDefault();
  applyFilters();
});
form.addEventListener("change", (event) => {
  if (event.target.matches("select")) applyFilters();
});

if (list) startSelection(list);

function startSelection(root) {
  const bar = root.querySelector("[data-selection]");
  const boxes = () => [...root.querySelectorAll(".row-select")];
  const matching = Number(root.dataset.matching || 0);

  function show() {
    const count = everything ? matching : chosen.size;
    bar.hidden = !count;
    bar.querySelector("[data-count]").textContent = interpolate(ngettext("%s star selected", "%s stars selected", count), [count.toLocaleString(document.documentElement.lang)]);
    const all = bar.querySelector("[data-all]");
    all.hidden = everything || chosen.size < boxes().length || matching <= chosen.size;
    all.textContent = interpolate(gettext("Select all %s that match"), [matching.toLocaleString(document.documentElement.lang)]);
    root.querySelector("[data-all-here]").checked = boxes().every((box) => box.checked);
    const words = interpolate(ngettext("%s star is deleted.", "%s stars are deleted.", count), [count]);
    document.querySelector("[data-delete-text]").textContent = words;
  }

  function read() {
    everything = false;
    chosen.clear();
    for (const box of boxes()) if (box.checked) chosen.add(box.value);
    show();
  }

  function selection() {
    return everything ? { filter: JSON.parse(root.dataset.filters) } : { stars: [...chosen] };
  }

  async function act(action, body = {}) {
    try {
      const { changed } = await api(`${root.dataset.survey}/${action}`, { method: "POST", body: { ...selection(), ...body } });
      sessionStorage.setItem(SAID, interpolate(ngettext("%s star is changed.", "%s stars are changed.", changed), [changed]));
      location.reload();
    } catch (fault) {
      toast(fault.message, { tone: "failed", hint: fault.hint });
    }
  }

  /** The address of a page that works on the selection. */
  function withSelection(address) {
    if (everything) return `${address}${location.search}`;
    return `${address}?stars=${[...chosen].join(",")}`;
  }

  root.addEventListener("change", ({ target }) => {
    if (target.matches(".row-select")) read();
    if (target.matches("[data-all-here]")) {
      for (const box of boxes()) box.checked = target.checked;
      read();
    }
    if (target.matches("[data-set-class]") && target.value) act("stars/class", { class: target.value === "none" ? "" : target.value });
  });
  bar.addEventListener("click", ({ target }) => {
    const button = target.closest("button");
    if (!button) return;
    if (button.dataset.decide) act("screening", { decision: button.dataset.decide });
    if (button.dataset.classify) location.assign(withSelection(button.dataset.classify));
    if (button.dataset.export) location.assign(withSelection(button.dataset.export));
    if ("all" in button.dataset) {
      everything = true;
      show();
    }
    if ("clear" in button.dataset) {
      for (const box of boxes()) box.checked = false;
      read();
    }
  });
  bar.addEventListener("submit", (event) => event.preventDefault());
  document.querySelector("[data-delete]").addEventListener("click", () => act("stars/delete"));
  read();
}
