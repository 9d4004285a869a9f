/** The page of one image: the stage, the list of annotations beside it, corrections, and the keys that move on. */
import { element, icon } from "../js/icons.js";
import { imageForm } from "./image-form.js";
import { Draft } from "./label-draft.js";
import { LabelEditor } from "./label-editor.js";
import { withChange } from "./label-state.js";
import { saveBar } from "./save-bar.js";
import { colourOf, nameOf } from "./shapes.js";
import { Stage } from "./stage.js";

const data = JSON.parse(document.getElementById("image-data").textContent);
const draft = new Draft(data);
const stage = new Stage(document.getElementById("stage"), data);
const hasBoxes = data.task === "detect";

const FLAGS = {
  crowd: gettext("crowd"), difficult: gettext("difficult"), truncated: gettext("truncated"),
  occluded: gettext("occluded"), from_shape: gettext("box from its shape"),
};

/** A line of the list: colour, name, size, what the file says beside. */
function line(shape) {
  const [left, top, right, bottom] = shape.box;
  const tags = [...shape.flags.map((flag) => FLAGS[flag]), ...Object.entries(shape.attributes).map(([key, value]) => `${key}: ${typeof value === "object" ? JSON.stringify(value) : value}`)];
  const notes = data.notes[shape.row] ?? [];
  const isSelected = shape.row === editor?.selected;
  return element("li", { class: `shape-line ${colourOf(shape.label)}`, "data-row": shape.row, tabindex: 0, role: "option", "aria-selected": String(isSelected) },
    element("span", { class: "shape-swatch" }),
    element("span", { class: "grow truncate" }, nameOf(draft.classes, shape)),
    shape.isChanged ? icon("edit", "s") : "",
    element("span", { class: "small muted num nowrap" }, `${Math.round(right - left)} × ${Math.round(bottom - top)}`),
    tags.length || notes.length
      ? element("span", { class: "shape-tags" }, ...tags.map((tag) => element("span", { class: "tag" }, tag)), ...notes.map((note) => element("span", { class: "tag tag-warning" }, note)))
      : "");
}

function fillList() {
  const list = document.getElementById("shape-list");
  if (!list) return;
  const hadFocus = list.contains(document.activeElement);
  list.replaceChildren(...stage.shapes.map(line));
  if (hadFocus) (list.querySelector("[aria-selected=true]") ?? stage.root).focus({ preventScroll: true });
  document.getElementById("shape-count").textContent = String(stage.shapes.length);
  document.getElementById("no-shapes").hidden = stage.shapes.length > 0;
}

/** The class of what is selected and of the next box, with those that were added here. */
function fillTools() {
  const classes = document.getElementById("box-class");
  classes.replaceChildren(...draft.classes.map((name, label) => element("option", { value: label, selected: label === (editor.shape?.label ?? editor.label) }, name)));
  classes.value = String(editor.shape && editor.shape.label < 0 ? "" : (editor.shape?.label ?? editor.label));
  document.getElementById("draw-box").setAttribute("aria-pressed", String(editor.isDrawing));
  document.getElementById("remove-box").disabled = !editor.shape;
  document.getElementById("undo").disabled = !editor.past.length;
  document.getElementById("redo").disabled = !editor.future.length;
  const points = document.getElementById("edit-points");
  points.disabled = !editor.points.fits;
  points.setAttribute("aria-pressed", String(editor.points.works));
  document.getElementById("points-note").hidden = !editor.points.works;
  document.getElementById("mask-note").hidden = editor.shape?.kind !== "mask";
}

let editor = null;
let showBar = null;
let showForm = null;

function changed() {
  if (!editor) return;
  if (hasBoxes) {
    fillList();
    fillTools();
  }
  showForm?.();
  showBar?.();
}

function startTools() {
  const on = (id, act) => document.getElementById(id).addEventListener("click", () => {
    act();
    stage.root.focus({ preventScroll: true });
  });
  on("draw-box", () => editor.draw(!editor.isDrawing));
  on("edit-points", () => editor.points.toggle());
  on("remove-box", () => editor.remove());
  on("undo", () => editor.undo());
  on("redo", () => editor.redo());
  document.getElementById("box-class").addEventListener("change", (event) => editor.choose(Number(event.target.value)));
  document.getElementById("new-class").addEventListener("submit", (event) => {
    event.preventDefault();
    const name = event.target.elements.name.value.trim();
    const known = draft.classes.indexOf(name);
    if (!name) return;
    event.target.reset();
    event.target.closest("details").open = false;
    editor.choose(known < 0 ? draft.addClass(name) : known);
  });
  const list = document.getElementById("shape-list");
  const choose = (event) => {
    const row = event.target.closest("[data-row]")?.dataset.row;
    if (row === undefined) return;
    editor.select(Number(row));
    list.querySelector("[aria-selected=true]")?.focus();
  };
  list.addEventListener("click", choose);
  list.addEventListener("keydown", (event) => {
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      choose(event);
    } else editor.key(event);
  });
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
editor = new LabelEditor(stage, data, draft, changed);
showForm = imageForm(editor, data);
showBar = saveBar(draft, data.path);
draft.onChange = () => showBar();
for (const [number, button] of document.querySelectorAll("[data-suggestion]").entries()) {
  button.addEventListener("click", () => {
    const { change, row } = data.suggestions[number];
    editor.become(withChange(editor.state, change));
    if (hasBoxes) editor.select(change.do === "add" ? stage.shapes.at(-1)?.row ?? null : row);
    button.disabled = true;
  });
}
if (hasBoxes) startTools();
changed();
