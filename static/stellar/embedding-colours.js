/** How points of the map are coloured: by class, by a number, or by whether catalogue and model agree. */
import { metric, percent } from "../js/numbers.js";
import { packed } from "./scatter.js";

const NONE = -1;
const RAMP_STEPS = 64;
const CLASS_COLOURS = ["--series-1", "--series-5", "--series-3", "--series-2", "--series-6", "--series-4", "--series-7"];

const read = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const parts = (colour) => [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
const hex = (numbers) => `#${numbers.map((value) => Math.round(value).toString(16).padStart(2, "0")).join("")}`;

function ramp() {
  const [low, middle, high] = ["--line-strong", "--series-1", "--series-2"].map((name) => parts(read(name)));
  return Array.from({ length: RAMP_STEPS }, (_unused, step) => {
    const at = (2 * step) / (RAMP_STEPS - 1);
    const [first, second, share] = at <= 1 ? [low, middle, at] : [middle, high, at - 1];
    return hex(first.map((value, place) => value * (1 - share) + second[place] * share));
  });
}

function quantile(sorted, share) {
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.round(share * (sorted.length - 1))))];
}

/** Entries of a legend with the colour of every point. */
class Colouring {
  /** @param {{key: number, title: string, colour: string}[]} entries @param {Int8Array|number[]} keys of the points */
  constructor(entries, keys) {
    this.entries = entries.map((entry) => ({ ...entry, count: 0 }));
    const byKey = new Map(this.entries.map((entry) => [entry.key, entry]));
    const colours = new Map(this.entries.map((entry) => [entry.key, packed(entry.colour)]));
    this.keys = keys;
    this.colours = Uint32Array.from(keys, (key) => {
      byKey.get(key).count += 1;
      return colours.get(key);
    });
    this.isScale = false;
  }
}

/** A number as one of the steps of a ramp, between its 2nd and 98th percentile. */
class Scale {
  constructor(values, { isShare = false, isLog = false } = {}) {
    const steps = ramp();
    const colours = steps.map(packed);
    const shown = values.map((value) => (value === null || (isLog && value <= 0) ? NaN : isLog ? Math.log10(value) : value));
    const sorted = Float64Array.from(shown.filter(Number.isFinite)).sort();
    const [low, high] = isShare || !sorted.length ? [0, 1] : [quantile(sorted, 0.02), quantile(sorted, 0.98)];
    const unknown = packed(read("--surface-3"));
    this.colours = Uint32Array.from(shown, (value) =>
      Number.isFinite(value) ? colours[Math.round(Math.min(1, Math.max(0, (value - low) / (high - low || 1))) * (RAMP_STEPS - 1))] : unknown,
    );
    const written = (value) => (isShare ? percent(value) : metric(isLog ? 10 ** value : value));
    Object.assign(this, { steps, low: written(low), high: written(high), isScale: true, missing: shown.length - sorted.length });
    // Extremes are drawn last, so that the crowd does not cover them.
    this.order = Uint32Array.from(shown.keys()).sort((a, b) => (Number.isFinite(shown[a]) ? shown[a] : -Infinity) - (Number.isFinite(shown[b]) ? shown[b] : -Infinity));
  }
}

function classEntries(classes, noneTitle) {
  const entries = classes.map((title, key) => ({ key, title, colour: read(CLASS_COLOURS[key % CLASS_COLOURS.length]) }));
  return [...entries, { key: NONE, title: noneTitle, colour: read("--line-strong") }];
}

/**
 * @param {string} by label | predicted | agreement | sn | novelty
 * @param {{classes: string[], label: number[], predicted: number[], sn: number[], novelty: number[]}} data
 * @returns {Colouring|Scale}
 */
export function colouring(by, data) {
  if (by === "sn") return new Scale(data.sn, { isLog: true });
  if (by === "novelty") return new Scale(data.novelty, { isShare: true });
  if (by === "agreement") {
    const entries = [
      { key: 0, title: gettext("the same class"), colour: read("--series-8") },
      { key: 1, title: gettext("one class apart"), colour: read("--series-1") },
      { key: 2, title: gettext("further apart"), colour: read("--series-2") },
      { key: NONE, title: gettext("one of both is missing"), colour: read("--line-strong") },
    ];
    return new Colouring(entries, data.label.map((label, at) => (label < 0 || data.predicted[at] < 0 ? NONE : Math.min(2, Math.abs(label - data.predicted[at])))));
  }
  if (by === "label") return new Colouring(classEntries(data.classes, gettext("no class in the catalogue")), data.label);
  return new Colouring(classEntries(data.classes, gettext("no M0–M4 star")), data.predicted);
}
