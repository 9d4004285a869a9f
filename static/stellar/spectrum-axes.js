/** Ticks of axes, and the layout of labels that do not touch. */

const STEPS = [1, 2, 2.5, 5, 10];

/** @param {[number, number]} range @param {number} wanted @returns {{values: number[], digits: number}} */
export function ticksOf([low, high], wanted) {
  const rough = (high - low) / Math.max(1, wanted);
  if (!(rough > 0) || !Number.isFinite(rough)) return { values: [], digits: 0 };
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * STEPS.find((one) => one * power >= rough * 0.999);
  const values = [];
  for (let at = Math.ceil(low / step - 1e-9); at * step <= high + step * 1e-9; at += 1) values.push(at * step);
  let digits = 0;
  while (digits < 8 && Math.abs(step * 10 ** digits - Math.round(step * 10 ** digits)) > 1e-6) digits += 1;
  return { values, digits };
}

/** A number beside an axis: plain while it is short, else with an exponent. */
export function tickText(value, digits) {
  if (value && (Math.abs(value) >= 1e6 || digits > 5)) return value.toExponential(1);
  return (Object.is(value, -0) ? 0 : value).toFixed(digits);
}

/**
 * Give each label the first row where it does not touch another; what has no room gets none.
 * @param {{left: number, width: number}[]} labels their middle is `left` @param {number} rows
 * @param {[number, number]} bounds they stay inside
 * @returns {({left: number, row: number} | null)[]} left: where the text begins
 */
export function placeLabels(labels, rows, [low, high]) {
  const ends = new Array(rows).fill(-Infinity);
  const placed = new Array(labels.length).fill(null);
  const order = labels.map((_, at) => at).sort((a, b) => labels[a].left - labels[b].left);
  for (const at of order) {
    const { left, width } = labels[at];
    const begin = Math.min(high - width, Math.max(low, left - width / 2));
    const row = ends.findIndex((end) => end + 6 <= begin);
    if (row < 0) continue;
    ends[row] = begin + width;
    placed[at] = { left: begin, row };
  }
  return placed;
}
