/** The table of runs: live cells, selection for comparison, columns, filters in the address. */

const EVERY_MS = 2500;
const TYPING_MS = 300;
const chosen = new Set();
const list = document.getElementById("runs-list");

/* Live: only rows that can still change are asked for, and only their cells are replaced. */
async function refresh() {
  const live = [...list.querySelectorAll("tr[data-live]")].map((row) => row.dataset.run);
  if (live.length && !document.hidden) {
    const query = new URLSearchParams(location.search);
    query.set("ids", live.join(","));
    try {
      const answer = await fetch(`/runs/rows?${query}`, { credentials: "same-origin" });
      if (answer.ok) patch(new DOMParser().parseFromString(await answer.text(), "text/html"));
    } catch {
      /* The next turn asks again. */
    }
  }
  setTimeout(refresh, EVERY_MS);
}

function patch(fresh) {
  for (const row of fresh.querySelectorAll("tr[data-run]")) {
    const shown = list.querySelector(`tr[data-run="${row.dataset.run}"]`);
    if (!shown) continue;
    shown.toggleAttribute("data-live", row.hasAttribute("data-live"));
    [...row.cells].forEach((cell, index) => {
      const old = shown.cells[index];
      if (index > 0 && old && !old.isEqualNode(cell)) old.replaceWith(cell);
    });
  }
}

/* Selection */
function showSelection() {
  const bar = list.querySelector("[data-selection]");
  if (!bar) return;
  bar.hidden = chosen.size === 0;
  bar.elements.ids.value = [...chosen].join(",");
  bar.querySelector("[data-count]").textContent = interpolate(ngettext("%s run selected", "%s runs selected", chosen.size), [chosen.size]);
  bar.querySelector(".button-main").disabled = chosen.size < 2;
}

list.addEventListener("change", (event) => {
  const box = event.target;
  if (!box.classList?.contains("row-select")) return;
  if (box.checked) chosen.add(box.value);
  else chosen.delete(box.value);
  showSelection();
});

list.addEventListener("click", (event) => {
  if (!event.target.closest("[data-clear]")) return;
  chosen.clear();
  for (const box of list.querySelectorAll(".row-select:checked")) box.checked = false;
  showSelection();
});

for (const box of list.querySelectorAll(".row-select:checked")) chosen.add(box.value);
showSelection();

/* Filters go into the address at once; an empty one leaves it. */
const form = document.getElementById("filters");
let timer = 0;

function applyFilters() {
  const query = new URLSearchParams();
  for (const [key, value] of new FormData(form)) if (value) query.set(key, String(value));
  location.assign(`${location.pathname}${query.size ? `?${query}` : ""}`);
}

form.querySelector("[data-no-script]").hidden = true;
form.addEventListener("submit", (event) => {
  event.preventDefault();
  applyFilters();
});
form.addEventListener("change", (event) => {
  if (event.target.matches("select")) applyFilters();
});
form.addEventListener("input", (event) => {
  if (!event.target.matches("input[name=q], input[name=owner]")) return;
  clearTimeout(timer);
  timer = setTimeout(applyFilters, 3 * TYPING_MS);
});

/* Columns: in the address, and remembered for the next visit. */
const columns = document.querySelector("[data-columns]");
columns.addEventListener("change", () => {
  const keys = [...columns.querySelectorAll("input:checked")].map((box) => box.value).join(",");
  document.cookie = `runs-columns=${encodeURIComponent(keys)}; path=/runs; max-age=${365 * 24 * 3600}; samesite=lax`;
  const query = new URLSearchParams(location.search);
  query.set("columns", keys);
  location.assign(`?${query}`);
});

refresh();
