/** Maps of one scene side by side: zoom, place and cross-hair are shared; a map of the difference of two. */
import { toast } from "../js/toast.js";
import { metric } from "../js/numbers.js";
import { paintScores } from "./colours.js";
import { outlineOf } from "./outline.js";
import { linkRasters, loadPicture, Raster } from "./raster.js";
import { fetchBytes, fetchFloats } from "./requests.js";
import { ordered, quantile, ranks } from "./scores.js";

const boot = JSON.parse(document.getElementById("boot").textContent);
const { scene } = boot;
const panes = new Map(boot.panes.map((pane) => [pane.key, pane]));
const place = document.querySelector("[data-panes]");
const template = document.querySelector("[data-pane-template]");
const boxes = [...document.querySelectorAll("[data-pane]")];
const colours = document.querySelector("[data-colours]");
const opacity = document.querySelector("[data-opacity]");
const maskBox = document.querySelector("[data-show-mask]");
const complain = (fault) => toast(fault.message, { tone: "failed", hint: fault.hint });
const MOST = 8;

const fetched = new Map();
const shown = new Map();
let image = null;
let known = null;

function scoresOf(key) {
  if (!fetched.has(key)) {
    const asked = fetchFloats(panes.get(key).values).then((values) => ({ values, sorted: ordered(values) }));
    asked.catch(() => fetched.delete(key));
    fetched.set(key, asked);
  }
  return fetched.get(key);
}

function makePane(parent, title, numbers) {
  const card = template.content.cloneNode(true).firstElementChild;
  card.querySelector("h3").textContent = title;
  card.querySelector("h3").title = title;
  card.querySelector("[data-numbers]").textContent = numbers;
  parent.append(card);
  const raster = new Raster(card.querySelector(".raster"), scene);
  raster.setLayer("image", image);
  outline(raster);
  return { card, raster };
}

function outline(raster) {
  raster.setOutlines(known && maskBox?.checked ? [{ path: known, colour: "--outline-known", dashed: true }] : []);
}

async function paint(key) {
  const { values, sorted } = await scoresOf(key);
  const pane = shown.get(key);
  if (!pane) return;
  pane.values = values;
  const look = { colours: colours.value, low: quantile(sorted, 0.02), high: quantile(sorted, 0.998) };
  pane.raster.setLayer("map", paintScores(values, scene.width, look), Number(opacity.value));
}

/** Show the panes that are ticked; the others go. */
async function update() {
  const wanted = boxes.filter((box) => box.checked).map((box) => box.dataset.pane).filter((key) => panes.has(key));
  for (const [key, { card }] of shown) {
    if (wanted.includes(key)) continue;
    card.remove();
    shown.delete(key);
  }
  for (const box of boxes) box.disabled = !box.checked && wanted.length >= MOST;
  const count = document.querySelector("[data-compare-count]");
  count.textContent = interpolate(gettext("%s of %s shown"), [wanted.length, boxes.length]);
  for (const key of wanted) {
    if (shown.has(key)) continue;
    const { title, auc, ap, name } = panes.get(key);
    const numbers = Number.isFinite(auc) ? `AUC ${auc.toFixed(4)} · AP ${ap.toFixed(3)}` : name;
    shown.set(key, makePane(place, title, numbers));
  }
  link();
  await Promise.all(wanted.map(paint));
}

const linked = new WeakSet();
/** New rasters follow the others, and lead them. */
function link() {
  const rasters = () => [...[...shown.values()].map(({ raster }) => raster), ...(difference ? [difference.raster] : [])];
  const fresh = rasters().filter((raster) => !linked.has(raster));
  const old = rasters().find((raster) => linked.has(raster));
  for (const raster of fresh) {
    linked.add(raster);
    linkRasters([raster, follower(raster, rasters)]);
    if (old?.view && !old.fitted) raster.follow(old.place);
  }
}

/** Stands for all the other rasters. */
function follower(raster, rasters) {
  const others = () => rasters().filter((one) => one !== raster);
  return {
    addEventListener() {},
    follow: (view) => others().forEach((one) => one.follow(view)),
    pointAt: (at) => {
      others().forEach((one) => one.pointAt(at, true));
      readOut(at);
    },
  };
}

function readOut(at) {
  for (const pane of [...shown.values(), ...(difference ? [difference] : [])]) {
    const out = pane.raster.root.querySelector("[data-readout]");
    const value = at && pane.values ? metric(pane.values[at.row * scene.width + at.column]) : "";
    out.textContent = at ? `${at.row}, ${at.column}: ${value}` : "";
  }
}

let difference = null;
async function drawDifference() {
  const [first, second] = ["first", "second"].map((name) => document.querySelector(`[data-${name}]`).value);
  const parent = document.querySelector("[data-difference]");
  if (!panes.has(first) || !panes.has(second) || first === second) {
    parent.textContent = gettext("Choose two different maps.");
    difference = null;
    return;
  }
  const [a, b] = (await Promise.all([scoresOf(first), scoresOf(second)])).map(({ values }) => ranks(values));
  const values = a.map((value, at) => value - b[at]);
  if (!difference) {
    parent.replaceChildren();
    difference = makePane(parent, "", "");
    difference.card.querySelector(".card-head").remove();
    difference.card.classList.remove("card");
    link();
  }
  difference.values = values;
  difference.raster.setLayer("map", paintScores(values, scene.width, { colours: "difference", low: -1, high: 1 }), 1);
}

async function start() {
  image = await loadPicture(`${scene.api}/preview?bands=${scene.colour.join(",")}&size=2048`).catch(() => null);
  if (scene.hasMask) known = outlineOf(await fetchBytes(`${scene.api}/mask`), scene.width);
  await update();
  await drawDifference();
}

for (const box of boxes) box.addEventListener("change", () => update().catch(complain));
for (const name of ["first", "second"]) document.querySelector(`[data-${name}]`).addEventListener("change", () => drawDifference().catch(complain));
colours.addEventListener("change", () => [...shown.keys()].forEach(paint));
opacity.addEventListener("input", () => shown.forEach(({ raster }) => raster.setAlpha("map", Number(opacity.value))));
maskBox?.addEventListener("change", () => [...shown.values(), ...(difference ? [difference] : [])].forEach(({ raster }) => outline(raster)));
document.querySelector("[data-scene-form] select")?.addEventListener("change", (event) => event.target.form.requestSubmit());
start().catch(complain);
