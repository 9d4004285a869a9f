/**
 * Tables: [data-sortable] sorts in the browser by its headers (a short table that is wholly here);
 * rows move with the arrow keys or j and k, x selects, Enter opens the row's link.
 */
import { icon } from "./icons.js";

function key(cell) {
  const raw = cell?.dataset.value ?? cell?.textContent.trim() ?? "";
  const number = Number(raw);
  return raw !== "" && !Number.isNaN(number) ? number : raw;
}

function compare(a, b) {
  if (typeof a === "number" && typeof b === "number") return a - b;
  return String(a).localeCompare(String(b), document.documentElement.lang, { numeric: true });
}

function sortBy(table, index, header) {
  const ascending = header.getAttribute("aria-sort") !== "ascending";
  for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
  header.setAttribute("aria-sort", ascending ? "ascending" : "descending");
  const rows = [...table.tBodies[0].rows];
  rows.sort((a, b) => (ascending ? 1 : -1) * compare(key(a.cells[index]), key(b.cells[index])));
  table.tBodies[0].append(...rows);
}

/** Make the headers of a [data-sortable] table sort it. */
export function makeSortable(table) {
  if (table.dataset.sortable === "ready" || !table.tHead) return;
  table.dataset.sortable = "ready";
  [...table.tHead.rows[0].cells].forEach((header, index) => {
    if (header.dataset.sort === "off" || !header.textContent.trim()) return;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "table-sort";
    button.append(...header.childNodes, icon("sort", "s"));
    header.append(button);
    button.addEventListener("click", () => sortBy(table, index, header));
  });
}

function move(table, row, by) {
  const rows = [...table.tBodies[0].rows];
  const next = rows[Math.max(0, Math.min(rows.length - 1, rows.indexOf(row) + by))];
  if (!next) return;
  for (const other of rows) other.tabIndex = other === next ? 0 : -1;
  next.focus();
}

document.addEventListener("keydown", (event) => {
  const row = event.target.closest?.("table[data-rows] tbody tr");
  if (!row || event.target !== row || event.ctrlKey || event.metaKey || event.altKey) return;
  const table = row.closest("table");
  const steps = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 };
  if (event.key in steps) move(table, row, steps[event.key]);
  else if (event.key === "x" || event.key === " ") row.querySelector(".row-select")?.click();
  else if (event.key === "Enter") row.querySelector("a[href]")?.click();
  else return;
  event.preventDefault();
});

function ready(root) {
  for (const table of root.querySelectorAll("table[data-sortable]")) makeSortable(table);
  for (const table of root.querySelectorAll("table[data-rows]")) {
    [...(table.tBodies[0]?.rows ?? [])].forEach((row, index) => {
      row.tabIndex = index === 0 ? 0 : -1;
    });
  }
}

ready(document);
document.addEventListener("htmx:load", (event) => ready(event.target));
document.addEventListener("polled", (event) => ready(event.target.parentElement ?? document));
