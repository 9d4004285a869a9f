/** The grid's large view: click opens, arrow keys and swipes move on, also over the border of a page. */
import { element, icon } from "../js/icons.js";
import { Draft } from "./label-draft.js";
import { saveBar } from "./save-bar.js";
import { overlay } from "./shapes.js";

const stored = document.getElementById("viewer-data");
const dialog = document.getElementById("viewer");

function start() {
  const { dataset, version, classes, marked, images } = JSON.parse(stored.textContent);
  saveBar(new Draft({ dataset, version, classes }));
  const looks = { classes, marked: new Set(marked) };
  const stage = document.getElementById("viewer-stage");
  const large = dialog.querySelector("[data-large]");
  let at = 0;

  function show(position) {
    at = position;
    const image = images[at];
    dialog.querySelector("[data-name]").textContent = image.path;
    dialog.querySelector("[data-place]").textContent = `${at + 1} / ${images.length}`;
    large.src = image.view;
    large.alt = image.path;
    large.toggleAttribute("data-tiny", Math.max(image.width, image.height) <= 160);
    dialog.querySelector("[data-file]").href = image.file;
    dialog.querySelector("[data-page]").href = image.page;
    stage.querySelector(".shapes")?.remove();
    if (image.shapes.length) large.after(overlay(image, { ...looks, fit: "meet", names: true }));
    const facts = [image.class, image.split, `${image.width} × ${image.height}`, `${image.format} ${image.mode}`, image.size];
    dialog.querySelector("[data-facts]").replaceChildren(...facts.filter(Boolean).map((fact) => element("span", { class: "tag" }, fact)));
    for (const near of [at + 1, at - 1]) if (images[near]) new Image().src = images[near].view;
  }

  function open(position) {
    show(position);
    if (!dialog.open) dialog.showModal();
  }

  function move(step) {
    if (images[at + step]) return show(at + step);
    const link = document.querySelector(`.pagination [rel=${step > 0 ? "next" : "prev"}]`);
    if (link) location.assign(`${link.href}#view-${step > 0 ? "first" : "last"}`);
  }

  for (const thumb of document.querySelectorAll("#grid [data-view]")) {
    const image = images[Number(thumb.dataset.view)];
    if (image.shapes.length) thumb.append(overlay(image, { ...looks, fit: "slice" }));
  }
  const boxes = document.getElementById("show-boxes");
  boxes?.addEventListener("click", () => {
    const shown = boxes.getAttribute("aria-pressed") !== "true";
    boxes.setAttribute("aria-pressed", String(shown));
    document.getElementById("grid").toggleAttribute("data-bare", !shown);
    stage.toggleAttribute("data-bare", !shown);
  });

  document.getElementById("grid").addEventListener("click", (event) => {
    const thumb = event.target.closest("[data-view]");
    if (!thumb || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    open(Number(thumb.dataset.view));
  });
  for (const button of dialog.querySelectorAll("[data-step]")) {
    button.addEventListener("click", () => move(Number(button.dataset.step)));
  }
  dialog.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1, j: 1, k: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    move(step);
  });
  dialog.addEventListener("close", () => document.querySelector(`[data-view="${at}"]`)?.focus());

  let began = null;
  large.addEventListener("pointerdown", (event) => {
    began = event.clientX;
  });
  large.addEventListener("pointerup", (event) => {
    const way = began === null ? 0 : event.clientX - began;
    began = null;
    if (Math.abs(way) > 40) move(way < 0 ? 1 : -1);
  });

  if (location.hash === "#view-first") open(0);
  if (location.hash === "#view-last") open(images.length - 1);
}

/* A picture that cannot be shown says so instead of leaving a hole. */
document.addEventListener(
  "error",
  (event) => {
    const picture = event.target;
    if (!(picture instanceof HTMLImageElement) || !picture.closest(".thumb")) return;
    picture.closest(".thumb").classList.add("thumb-broken");
    picture.replaceWith(icon("error"));
  },
  true,
);

if (stored && dialog) start();
