/** The gallery's large view: a click or Enter opens, arrow keys and swipes move on, also over the border of a page. */
import { element } from "../js/icons.js";

const images = JSON.parse(document.getElementById("viewer-data").textContent);
const dialog = document.getElementById("viewer");
const large = dialog.querySelector("[data-large]");
const part = (name) => dialog.querySelector(`[data-${name}]`);
let at = 0;
let began = null;

function show(position) {
  at = position;
  const image = images[at];
  part("name").textContent = image.path;
  part("place").textContent = `${at + 1} / ${images.length}`;
  large.src = image.view;
  large.alt = image.path;
  part("file").href = image.view;
  part("page").href = image.page;
  const facts = [image.class, `${image.width} × ${image.height}`, `${image.format} ${image.mode}`, image.size];
  part("facts").replaceChildren(...facts.map((fact) => element("span", { class: "tag" }, fact)));
  for (const near of [at + 1, at - 1]) if (images[near]) new Image().src = images[near].view;
  if (!dialog.open) dialog.showModal();
}

function move(step) {
  if (images[at + step]) return show(at + step);
  const link = document.querySelector(`.pagination [rel=${step > 0 ? "next" : "prev"}]`);
  if (link) location.assign(`${link.href}#view-${step > 0 ? "first" : "last"}`);
}

document.getElementById("grid").addEventListener("click", (event) => {
  const thumb = event.target.closest("[data-view]");
  if (!thumb || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  show(Number(thumb.dataset.view));
});
for (const button of dialog.querySelectorAll("[data-step]")) button.addEventListener("click", () => move(Number(button.dataset.step)));
dialog.addEventListener("keydown", (event) => {
  const step = { ArrowRight: 1, ArrowLeft: -1, j: 1, k: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  move(step);
});
dialog.addEventListener("close", () => document.querySelector(`[data-view="${at}"]`)?.focus());
large.addEventListener("pointerdown", (event) => {
  began = event.clientX;
});
large.addEventListener("pointerup", (event) => {
  const way = began === null ? 0 : event.clientX - began;
  began = null;
  if (Math.abs(way) > 40) move(way < 0 ? 1 : -1);
});
if (location.hash === "#view-first") show(0);
if (location.hash === "#view-last") show(images.length - 1);
