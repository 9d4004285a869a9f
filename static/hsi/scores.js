/** Arithmetic on score maps: order, quantiles, histograms, and the weighted mean of heads. */

/** @param {Float32Array} values @returns {Float32Array} finite values in rising order */
export function ordered(values) {
  return values.filter(Number.isFinite).sort();
}

/** @param {Float32Array} sorted rising @param {number} share 0..1 @returns {number} linear between neighbours */
export function quantile(sorted, share) {
  if (!sorted.length) return NaN;
  const place = share * (sorted.length - 1);
  const below = Math.floor(place);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (place - below) * (sorted[above] - sorted[below]);
}

/** @returns {number} how many of the sorted values are at or above a threshold */
export function countAbove(sorted, threshold) {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] < threshold) low = middle + 1;
    else high = middle;
  }
  return sorted.length - low;
}

/** @returns {{edges: number[], counts: number[]}} equal bins from the lowest to the highest value */
export function histogramOf(sorted, bins = 80) {
  const low = sorted[0] ?? 0;
  const high = sorted[sorted.length - 1] ?? 1;
  const width = (high - low || 1) / bins;
  const edges = Array.from({ length: bins + 1 }, (_, at) => low + at * width);
  const above = edges.map((edge) => countAbove(sorted, edge));
  const counts = above.slice(0, -1).map((count, at) => count - (at === bins - 1 ? 0 : above[at + 1]));
  return { edges, counts };
}

/**
 * The combination of heads as the detector makes it (ml_core/hsi/anomaly/fusion.py): each map in robust units, its
 * extremes compressed by the inverse hyperbolic sine, then the weighted mean. A constant map has no vote.
 * @param {{values: Float32Array, median: number, scale: number, weight: number}[]} parts @returns {Float32Array}
 */
export function combine(parts) {
  const used = parts.filter(({ weight }) => weight > 0);
  const total = used.reduce((sum, { weight }) => sum + weight, 0);
  const made = new Float32Array(parts[0].values.length);
  for (const { values, median, scale, weight } of used) {
    if (!(scale > 0)) continue;
    const share = weight / total;
    for (let at = 0; at < made.length; at += 1) made[at] += share * Math.asinh((values[at] - median) / scale);
  }
  return made;
}

/** @returns {Float32Array} where each pixel stands among all: 0 the weakest, 1 the strongest; equal scores share a place */
export function ranks(values) {
  const sorted = ordered(values);
  const last = Math.max(1, sorted.length - 1);
  return values.map((value) => (sorted.length - countAbove(sorted, value)) / last);
}
