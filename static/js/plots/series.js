/** What is done to the points of a line before it is drawn. */

/** Exponential smoothing with the bias of its start taken out, as training curves are usually smoothed. */
export function smoothed(values, weight) {
  if (!weight) return values;
  let sum = 0;
  let count = 0;
  return values.map((value) => {
    if (!Number.isFinite(value)) return value;
    sum = sum * weight + (1 - weight) * value;
    count += 1;
    return sum / (1 - weight ** count);
  });
}

/** Where points were thinned, the line runs through the lowest and the highest of each, so that no spike is lost. */
export function span({ x, y, low, high }) {
  if (!low) return { x, y };
  return { x: x.flatMap((at) => [at, at]), y: low.flatMap((value, at) => [value, high[at]]) };
}
