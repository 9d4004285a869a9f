/** The page of an anomaly map: everything follows from the scores that are shown and the threshold. */
import { toast } from "../js/toast.js";
import { Evaluation } from "./evaluation-panel.js";
import { Exports } from "./exports.js";
import { MapLook } from "./map-look.js";
import { Mixer } from "./mixer.js";
import { PixelPanel } from "./pixel-panel.js";
import { Raster } from "./raster.js";
import { RegionTable } from "./region-table.js";
import { fetchBytes, fetchFloats } from "./requests.js";
import { ThresholdPanel } from "./threshold-panel.js";
import { combine, ordered, quantile } from "./scores.js";

const boot = JSON.parse(document.getElementById("boot").textContent);
const { scene } = boot;
const root = document.querySelector("[data-map]");
const MIX = "mix";
const complain = (fault) => toast(fault.message, { tone: "failed", hint: fault.hint });

/** The score maps, each fetched once, and the one that is shown. */
class Scores {
  constructor() {
    this.fetched = new Map();
  }

  get(method) {
    if (!this.fetched.has(method)) {
      const asked = fetchFloats(`${boot.api}/values?method=${encodeURIComponent(method)}`);
      asked.catch(() => this.fetched.delete(method));
      this.fetched.set(method, asked);
    }
    return this.fetched.get(method);
  }

  /** Median and robust scale as the server knows them; computed here where it does not say. */
  async robust(method) {
    const values = await this.get(method);
    const { median, scale } = boot.methods[method];
    if (Number.isFinite(median) && Number.isFinite(scale) && scale > 0) return { values, median, scale };
    return { values, ...robustOf(values) };
  }

  async mixed(weights) {
    const names = Object.keys(weights).filter((name) => weights[name] > 0);
    const parts = await Promise.all(names.map(async (name) => ({ ...(await this.robust(name)), weight: weights[name] })));
    return combine(parts);
  }
}

/** Median and robust standard deviation; where more than half of a map is one value, the spread of the rest. */
function robustOf(values) {
  const median = quantile(ordered(values), 0.5);
  const away = values.map((value) => Math.abs(value - median));
  const mean = away.reduce((sum, value) => sum + value, 0) / away.length;
  return { median, scale: 1.4826 * quantile(ordered(away), 0.5) || mean };
}

async function start() {
  const scores = new Scores();
  const raster = new Raster(document.getElementById("picture"), scene);
  const mask = scene.hasMask ? await fetchBytes(`${scene.api}/mask`) : null;
  const look = new MapLook(root, raster, scene, mask);
  const threshold = new ThresholdPanel(root, scene);
  const regions = new RegionTable(document.querySelector("[data-regions]"), { scene, raster, mask });
  const pixel = new PixelPanel({ boot, raster, scores });
  const evaluation = mask ? new Evaluation(document.querySelector("[data-evaluation]"), mask) : null;
  const exports = new Exports(boot, look);
  const mixer = new Mixer(root, boot);
  let shown = boot.main;
  let newest = 0;

  async function show(method) {
    const mine = (newest += 1);
    shown = method;
    const values = method === MIX ? await scores.mixed(mixer.weights) : await scores.get(method);
    if (mine !== newest) return;
    const sorted = ordered(values);
    look.setScores(values, sorted);
    pixel.setShown(values, method);
    evaluation?.setScores(values);
    threshold.setScores(values, sorted);
    exports.setMethod(method, mixer);
  }

  threshold.addEventListener("change", ({ detail }) => {
    look.setThreshold(detail);
    regions.update(look.values, detail);
    evaluation?.setThreshold(detail);
    exports.setThreshold(detail);
  });
  regions.addEventListener("count", ({ detail }) => threshold.setRegions(detail));
  raster.addEventListener("point", ({ detail }) => look.readOut(detail));
  raster.addEventListener("pick", ({ detail }) => pixel.show(detail));
  regions.addEventListener("choose", ({ detail }) => pixel.show(detail));
  mixer.addEventListener("change", () => show(MIX).catch(complain));
  for (const radio of root.querySelectorAll("[data-methods] input")) {
    radio.addEventListener("change", () => show(radio.value).catch(complain));
  }
  root.querySelector("[data-weights-reset]")?.addEventListener("click", () => {
    mixer.reset();
    const main = root.querySelector(`[data-methods] input[value="${CSS.escape(boot.main)}"]`);
    main.checked = true;
    show(boot.main).catch(complain);
  });
  // The strongest place is looked at first, without marks on the picture.
  regions.addEventListener("count", () => regions.shown[0] && pixel.show(regions.shown[0], { marks: false }), { once: true });
  await show(shown);
}

start().catch(complain);
