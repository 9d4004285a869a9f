/**
 * How well scores find what a mask marks: ROC, precision and recall, and the measures of the 3-D ROC
 * (C.-I. Chang, "An effective evaluation tool for hyperspectral target detection: 3D receiver operating characteristic
 * curve analysis", IEEE TGRS 59(6), 2021). Ties are counted exactly. The mask serves to judge, never to detect.
 */
import { countAbove } from "./scores.js";

const CURVE_POINTS = 400;

/** Scores of the marked and of the other pixels, each in rising order. */
export function split(scores, mask) {
  const marked = scores.filter((value, at) => mask[at] && Number.isFinite(value)).sort();
  const other = scores.filter((value, at) => !mask[at] && Number.isFinite(value)).sort();
  return { marked, other };
}

/** Walk down all distinct scores; each step knows how many marked and other pixels are at or above it. */
function* steps({ marked, other }) {
  let hit = marked.length;
  let miss = other.length;
  while (hit > 0 || miss > 0) {
    const threshold = Math.max(hit ? marked[hit - 1] : -Infinity, miss ? other[miss - 1] : -Infinity);
    while (hit > 0 && marked[hit - 1] >= threshold) hit -= 1;
    while (miss > 0 && other[miss - 1] >= threshold) miss -= 1;
    yield { threshold, found: marked.length - hit, wrong: other.length - miss };
  }
}

/**
 * @param {{marked: Float32Array, other: Float32Array}} parts
 * @returns {{auc: number, ap: number, roc: {x: number[], y: number[]}, pr: {x: number[], y: number[]}} | null}
 */
export function curves(parts) {
  const { marked, other } = parts;
  if (!marked.length || !other.length) return null;
  const roc = { x: [0], y: [0] };
  const pr = { x: [], y: [] };
  let auc = 0;
  let ap = 0;
  let before = { found: 0, wrong: 0 };
  for (const step of steps(parts)) {
    const recall = step.found / marked.length;
    const precision = step.found / (step.found + step.wrong);
    auc += ((step.wrong - before.wrong) * (step.found + before.found)) / 2;
    ap += ((step.found - before.found) / marked.length) * precision;
    roc.x.push(step.wrong / other.length);
    roc.y.push(recall);
    pr.x.push(recall);
    pr.y.push(precision);
    before = step;
  }
  return { auc: auc / (marked.length * other.length), ap, roc: thinned(roc), pr: thinned(pr) };
}

/** Only as many points of a curve as a plot can show; the first and the last stay. */
function thinned({ x, y }) {
  if (x.length <= CURVE_POINTS) return { x, y };
  const kept = { x: [x[0]], y: [y[0]] };
  const step = 1 / CURVE_POINTS;
  for (let at = 1; at < x.length; at += 1) {
    const far = Math.hypot(x[at] - kept.x[kept.x.length - 1], y[at] - kept.y[kept.y.length - 1]) >= step;
    if (!far && at < x.length - 1) continue;
    kept.x.push(x[at]);
    kept.y.push(y[at]);
  }
  return kept;
}

/** @returns {{found: number, missed: number, wrong: number, precision: number, recall: number, falseRate: number, f1: number}} */
export function operatingPoint({ marked, other }, threshold) {
  const found = countAbove(marked, threshold);
  const wrong = countAbove(other, threshold);
  const precision = found + wrong ? found / (found + wrong) : NaN;
  const recall = found / marked.length;
  return {
    found, wrong, missed: marked.length - found, precision, recall, falseRate: wrong / other.length,
    f1: found ? (2 * precision * recall) / (precision + recall) : 0,
  };
}

/** The areas below the three projections of the 3-D ROC, on scores from 0 to 1, and what is made of them. */
export function threeD({ marked, other }, auc) {
  const low = Math.min(marked[0], other[0]);
  const high = Math.max(marked[marked.length - 1], other[other.length - 1]);
  const span = high > low ? high - low : 1;
  // The area below P(score >= tau) over tau from 0 to 1 is the mean of the score.
  const mean = (values) => values.reduce((sum, value) => sum + (value - low) / span, 0) / values.length;
  const [detection, falseAlarm] = [mean(marked), mean(other)];
  return {
    auc_d_f: auc, auc_d_tau: detection, auc_f_tau: falseAlarm, auc_td: auc + detection, auc_bs: auc - falseAlarm,
    auc_tdbs: detection - falseAlarm, auc_odp: detection + 1 - falseAlarm, auc_od: auc + detection - falseAlarm,
    auc_snpr: falseAlarm > 0 ? detection / falseAlarm : NaN,
  };
}
