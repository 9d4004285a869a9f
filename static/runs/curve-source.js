/** Curves of runs from the API, brought into the shape of plots. */
import { api } from "../js/http.js";

const PHASES = { train: gettext("training"), val: gettext("validation"), test: gettext("test") };
const METRICS = {
  loss: gettext("Loss"),
  accuracy: gettext("Accuracy"),
  top5_accuracy: gettext("Top-5 accuracy"),
  macro_f1: gettext("Macro F1"),
  learning_rate: gettext("Learning rate"),
  "generator.loss": gettext("Loss of the generator"),
  "discriminator.loss": gettext("Loss of the discriminator"),
};
const PHASE_COLOUR = { train: 0, val: 1, test: 2 };
/** As wide as a plot gets: more points than this could not be told apart. */
const POINTS = 1200;

/**
 * @param {string} runId
 * @param {{first?: number, last?: number, scope?: string, names?: string[]}} [window]
 * @returns {Promise<{name: string, phase: string, scope: string, steps: number[], values: number[], min: number[], max: number[], bucketed: boolean}[]>}
 */
export async function fetchCurves(runId, { first, last, scope, names } = {}) {
  const query = new URLSearchParams({ points: String(POINTS) });
  if (first !== undefined) query.set("from", String(Math.max(0, Math.floor(first))));
  if (last !== undefined) query.set("to", String(Math.max(0, Math.ceil(last))));
  if (scope) query.set("scope", scope);
  if (names?.length) query.set("names", names.join(","));
  const answer = await api(`/api/v1/training/${runId}/metrics?${query}`);
  return answer.curves;
}

/** @param {string} name a metric such as learning_rate @returns {string} words */
export function metricTitle(name) {
  if (METRICS[name]) return METRICS[name];
  const words = name.replaceAll(/[_.]/g, " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** @param {string} phase @returns {string} its word */
export const phaseTitle = (phase) => PHASES[phase] ?? phase;

/** What a curve is called and how it looks among the others of its figure. */
export function seriesName(phase, scope, both) {
  const title = PHASES[phase] ?? phase;
  return both && scope === "epoch" && phase === "train" ? interpolate(gettext("%s, whole epochs"), [title]) : title;
}

/** @returns {object} one series for plot.js */
export function asSeries(curve, both, epochOf) {
  return {
    name: seriesName(curve.phase, curve.scope, both),
    key: `${curve.phase}/${curve.scope}`,
    x: epochOf ? curve.steps.map(epochOf) : curve.steps,
    y: curve.values,
    low: curve.bucketed ? curve.min : undefined,
    high: curve.bucketed ? curve.max : undefined,
    colour: PHASE_COLOUR[curve.phase] ?? 3,
    dash: both && curve.scope === "epoch" && curve.phase === "train" ? "dot" : undefined,
    bucketed: curve.bucketed,
  };
}

/** Group curves by metric, those that matter most first. */
export function byMetric(curves) {
  const groups = new Map();
  const place = ({ phase, scope }) => 2 * (PHASE_COLOUR[phase] ?? 3) + (scope === "epoch" ? 1 : 0);
  for (const curve of [...curves].sort((a, b) => place(a) - place(b))) {
    if (!groups.has(curve.name)) groups.set(curve.name, []);
    groups.get(curve.name).push(curve);
  }
  const rank = (name) => (name === "loss" || name.endsWith(".loss") ? 0 : name === "accuracy" ? 1 : name === "learning_rate" ? 9 : 2);
  return [...groups].sort(([a], [b]) => rank(a) - rank(b) || a.localeCompare(b));
}
