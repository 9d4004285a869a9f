/** The page of one image: the stage, the list of annotations beside it, and the keys that move on. */
import { element } from "../js/icons.js";
import { colourOf, nameOf } from "./shapes.js";
import { Stage } from "./stage.js";

const data = JSON.parse(document.getElementById("image-data").textContent);
const stage = new Stage(document.getElementById("stage"), data);

/** A line of the list: colour, name, size, what the file says beside. */
function line(shape) {
  const [left, top, right, bottom] = shape.box;
  const tags = [...shape.flags, ...Object.entries(shape.attributes).map(([key, value]) => `${key}: ${typeof value === "object" ? JSON.stringify(value) : value}`)];
  const notes = data.notes[shape.row] ?? [];
  return element("li", { class: `shape-line ${colourOf(shape.label)}`, "data-row": shape.row, tabindex: 0 },
    element("span", { class: "shape-swatch" }),
    element("span", { class: "grow truncate" }, nameOf(data.classes, shape)),
    element("span", { class: "small muted num nowrap" }, `${Math.round(right - left)} × ${Math.round(bottom - top)}`),
    tags.length || notes.length
      ? element("span", { class: "shape-tags" }, ...tags.map((tag) => element("span", { class: "tag" }, tag)), ...notes.map((note) => element("span", { class: "tag tag-warning" }, note)))
      : "");
}

function fillList() {
  const list = document.getElementById("shape-list");
  if (!list) return;
  list.replaceChildren(...stage.shapes.map(line));
  document.getElementById("shape-count").textContent = String(stage.shapes.length);
  document.getElementById("no-shapes").hidden = stage.shapes.length > 0;
}

function point(row) {
  stage.point(row);
  for (const entry of document.querySelectorAll(".shape-line")) entry.toggleAttribute("data-pointed", Number(entry.dataset.row) === row);
}

function toggle(id, attribute) {
  const button = document.getElementById(id);
  button?.addEventListener("click", () => {
    const shown = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", String(shown));
    stage.root.toggleAttribute(attribute, !shown);
  });
}

const rowOf = (event) => Number(event.target.closest("[data-row]")?.dataset.row ?? NaN);
for (const [name, end] of [["pointerover", "pointerout"], ["focusin", "focusout"]]) {
  for (const place of [stage.root, document.getElementById("shape-list")]) {
    place?.addEventListener(name, (event) => point(rowOf(event)));
    place?.addEventListener(end, () => point(NaN));
  }
}
toggle("show-boxes", "data-bare");
toggle("show-names", "data-nameless");
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if (/^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName) || document.querySelector("dialog[open]")) return;
  const link = { ArrowLeft: "before", ArrowRight: "behind", k: "before", j: "behind" }[event.key];
  if (link) document.getElementById(link)?.click();
  if (event.key === "b") document.getElementById("show-boxes")?.click();
});
fillList();
