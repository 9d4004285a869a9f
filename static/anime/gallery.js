/** The gallery: choose images by mouse or key, move them to another character or leave them out, take it back. */
import { openDialog } from "../js/dialogs.js";
import { api } from "../js/http.js";
import { toast } from "../js/toast.js";

const grid = document.querySelector("[data-gallery]");
const bar = document.querySelector("[data-gallery-bar]");
const move = document.querySelector("[data-move]");
const shots = [...grid.querySelectorAll(".shot")];
const box = (shot) => shot.querySelector("[data-choose]");
const chosen = () => shots.filter((shot) => box(shot).checked);
const here = () => shots.findIndex((shot) => shot.contains(document.activeElement));

function showChosen() {
  const count = chosen().length;
  bar.hidden = !count;
  bar.querySelector("[data-chosen-count]").textContent = interpolate(ngettext("%s image chosen", "%s images chosen", count), [count]);
}

/** What is acted on: the chosen ones, or the one under the focus. */
function meant() {
  const found = chosen();
  if (found.length) return found;
  const at = here();
  return at < 0 ? [] : [shots[at]];
}

const complain = (fault) => toast(fault.message, { tone: "failed", hint: fault.hint });

async function correct(wish, words) {
  const images = meant();
  if (!images.length) return;
  try {
    await api(grid.dataset.api, { method: "POST", body: { ...wish, images: images.map((shot) => shot.dataset.id) } });
  } catch (fault) {
    complain(fault);
    return;
  }
  for (const shot of images) {
    box(shot).checked = false;
    shot.toggleAttribute("data-waits", true);
    shot.querySelector("[data-state]").textContent = words;
  }
  showChosen();
  document.body.dispatchEvent(new Event("corrected"));
  toast(interpolate(ngettext("%s image: %s", "%s images: %s", images.length), [images.length, words]), { tone: "ok", action: { label: gettext("Undo"), run: undo } });
}

async function undo() {
  try {
    await api(`${grid.dataset.api}/undo`, { method: "POST" });
    location.reload();
  } catch (fault) {
    complain(fault);
  }
}

function clear() {
  for (const shot of shots) box(shot).checked = false;
  showChosen();
}

function columns() {
  return getComputedStyle(grid).gridTemplateColumns.split(" ").length;
}

function go(step) {
  const at = here();
  const next = at < 0 ? 0 : Math.max(0, Math.min(shots.length - 1, at + step));
  shots[next].querySelector(".thumb").focus();
  shots[next].scrollIntoView({ block: "nearest" });
}

function choose() {
  const at = here();
  if (at < 0) return;
  box(shots[at]).checked = !box(shots[at]).checked;
  showChosen();
}

function askWhere() {
  if (!meant().length) return;
  pending = meant();
  move.reset();
  openDialog("move");
  move.elements.name.focus();
}

let pending = [];
const acts = { move: askWhere, leave_out: () => correct({ do: "leave_out" }, gettext("left out")), clear };

move.addEventListener("submit", () => {
  const name = move.elements.name.value.trim();
  for (const shot of pending) box(shot).checked = true; // the focus went to the dialog
  if (name) correct({ do: "move", character: name }, interpolate(gettext("moved to %s"), [name]));
});
grid.addEventListener("change", showChosen);
bar.addEventListener("click", ({ target }) => acts[target.closest("[data-act]")?.dataset.act]?.());
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  if (/^(TEXTAREA|SELECT)$/.test(event.target.tagName) || event.target.matches("input:not([type=checkbox])")) return;
  const steps = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns(), ArrowUp: -columns() };
  const keys = { x: choose, m: acts.move, l: acts.leave_out, u: undo, Escape: clear };
  if (event.key in steps) go(steps[event.key]);
  else if (keys[event.key]) keys[event.key]();
  else return;
  event.preventDefault();
});
showChosen();
grid.dataset.ready = "true";
