/** Choose operations and see what they do: drawn by the transform and the seed of training. */
import { api } from "../js/http.js";
import { element, icon } from "../js/icons.js";
import { toast } from "../js/toast.js";
import { OperationList } from "./operation_list.js";
import { overlay } from "./shapes.js";

const boot = JSON.parse(document.getElementById("boot-data").textContent);
const draw = document.getElementById("draw");
const grid = document.getElementById("preview");
const choose = document.getElementById("choose");
const faultPlace = document.getElementById("preview-fault");
const WAIT_MS = 350;

let timer = 0;
let asked = null;
let loaded = null; // the saved augmentation that is looked at, with its operations as they are listed here

const list = new OperationList(document.getElementById("operations"), boot, () => later());

function wish() {
  const fields = draw.elements;
  const body = {
    version: boot.version,
    operations: list.operations(),
    seed: Number(fields.seed.value) || 0,
    epoch: Number(fields.epoch.value) || 0,
    size: Number(fields.size.value) || 128,
    mode: fields.mode.value,
    count: 8,
  };
  if (fields.what.value === "epochs") body.image = choose.querySelector("[aria-pressed=true]")?.dataset.image;
  return body;
}

function later() {
  offerTraining();
  document.getElementById("no-operations").hidden = list.operations().length > 0;
  clearTimeout(timer);
  timer = setTimeout(ask, WAIT_MS);
}

const listed = () => JSON.stringify(list.operations());

/** A saved augmentation can be trained with, until it is changed here. */
function offerTraining() {
  const link = document.getElementById("train-with");
  link.hidden = !loaded || loaded.listed !== listed();
  if (!link.hidden) link.href = `${boot.urls.train}&augmentation=${loaded.id}`;
}

function load(saved) {
  list.set(saved.operations);
  remember(saved);
}

function remember(saved) {
  loaded = { id: saved.id, listed: listed() };
  document.querySelector("#save [name=name]").value = saved.name;
  offerTraining();
}

function showFault(error) {
  faultPlace.replaceChildren(
    element("div", { class: "alert alert-failed", role: "alert" }, icon("error"),
      element("div", { class: "alert-body" }, element("strong", {}, error.message), element("p", {}, error.hint ?? ""))),
  );
  faultPlace.hidden = false;
}

function figure(sample, index) {
  const epochs = draw.elements.what.value === "epochs";
  const note = epochs ? interpolate(gettext("epoch %s"), [sample.epoch]) : sample.path.split("/").pop();
  const picture = element("img", { src: sample.url, alt: note, width: sample.width, height: sample.height });
  const stage = element("div", { class: "preview-stage" }, picture);
  function show(url, boxes, labels) {
    picture.setAttribute("src", url);
    stage.querySelector(".shapes")?.remove();
    const shapes = (boxes ?? []).map((box, row) => ({ row, label: labels[row], box, polygons: [] }));
    if (shapes.length) stage.append(overlay({ width: sample.width, height: sample.height, shapes }, { classes: boot.classes }));
  }
  const after = () => show(sample.url, sample.boxes, sample.labels);
  // Holding the pointer on a picture shows it without the operations.
  stage.addEventListener("pointerenter", () => show(sample.original, sample.original_boxes, sample.original_labels));
  stage.addEventListener("pointerleave", after);
  after();
  return element("figure", { title: sample.path, "data-index": index }, stage, element("figcaption", {}, note));
}

/** What each operation costs in boxes, over the pictures that are shown. */
function showLosses({ losses, boxes }) {
  const place = document.getElementById("losses");
  if (!place || !losses) return;
  const titles = new Map(boot.operations.map((operation) => [operation.op, operation.title]));
  const lines = losses.map(({ op, lost }) => element("li", {}, `${titles.get(op)}: ${interpolate(gettext("%s of %s boxes lost"), [lost, boxes])}`));
  place.replaceChildren(...lines);
}

async function ask() {
  asked?.abort();
  asked = new AbortController();
  const { signal } = asked;
  grid.setAttribute("aria-busy", "true");
  try {
    const answer = await api(boot.urls.preview, { method: "POST", body: wish(), signal });
    grid.replaceChildren(...answer.samples.map(figure));
    document.getElementById("source").textContent = answer.source;
    showLosses(answer);
    faultPlace.hidden = true;
    grid.setAttribute("aria-busy", "false");
  } catch (error) {
    if (error.name === "AbortError") return;
    showFault(error);
    grid.setAttribute("aria-busy", "false");
  }
}

function startMenus() {
  const preset = document.getElementById("preset");
  const add = document.getElementById("add");
  for (const name of Object.keys(boot.presets)) preset.append(element("option", { value: `preset:${name}` }, name));
  for (const saved of boot.saved) preset.append(element("option", { value: `saved:${saved.id}` }, saved.name));
  for (const operation of boot.operations) add.append(element("option", { value: operation.op }, operation.title));
  preset.addEventListener("change", () => {
    const [kind, key] = preset.value.split(":");
    if (kind === "preset") list.set(boot.presets[key]);
    if (kind === "saved") load(boot.saved.find((one) => one.id === key));
    preset.value = "";
  });
  add.addEventListener("change", () => {
    if (add.value && !list.add(add.value)) toast(interpolate(gettext("At most %s operations."), [boot.most]), { tone: "warning" });
    add.value = "";
  });
}

draw.addEventListener("input", () => {
  choose.hidden = draw.elements.what.value !== "epochs";
  later();
});
draw.addEventListener("submit", (event) => event.preventDefault());
document.getElementById("next-epoch").addEventListener("click", () => {
  draw.elements.epoch.value = (Number(draw.elements.epoch.value) || 0) + 1;
  later();
});
choose.addEventListener("click", (event) => {
  const chosen = event.target.closest("[data-image]");
  if (!chosen) return;
  for (const button of choose.querySelectorAll("[data-image]")) button.setAttribute("aria-pressed", String(button === chosen));
  later();
});
document.getElementById("save").addEventListener("submit", async (event) => {
  event.preventDefault();
  const { name } = event.target.elements;
  try {
    const known = boot.saved.find((one) => one.name === name.value.trim());
    const body = { name: name.value, operations: list.operations() };
    const saved = await api(known ? `${boot.urls.saved}/${known.id}` : boot.urls.saved, { method: known ? "PUT" : "POST", body });
    if (known) Object.assign(known, saved);
    else {
      boot.saved.push(saved);
      document.getElementById("preset").append(element("option", { value: `saved:${saved.id}` }, saved.name));
    }
    toast(gettext("Saved."), { tone: "ok" });
    remember(saved);
  } catch (error) {
    toast(error.message, { tone: "failed", hint: error.hint });
  }
});

startMenus();
const wanted = boot.saved.find((one) => `#${one.id}` === location.hash);
if (wanted) load(wanted);
else list.set(boot.presets.standard);
