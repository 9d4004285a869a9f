/** Lining up chosen nodes: operations on places only. */

import { NODE_HEIGHT, NODE_WIDTH, snap } from "./geometry.js";

const RULES = {
  left: (places) => constant("x", Math.min(...places.map((place) => place.x))),
  right: (places) => constant("x", Math.max(...places.map((place) => place.x))),
  middle: (places) => constant("x", snap(mean(places.map((place) => place.x)))),
  top: (places) => constant("y", Math.min(...places.map((place) => place.y))),
  bottom: (places) => constant("y", Math.max(...places.map((place) => place.y))),
  rows: (places) => spread("y", NODE_HEIGHT + 24, places),
  columns: (places) => spread("x", NODE_WIDTH + 24, places),
};

/**
 * @param {import("./store.js").Store} store
 * @param {Iterable<string>} ids
 * @param {keyof typeof RULES} rule
 */
export function alignOperations(store, ids, rule) {
  const chosen = [...ids].filter((id) => store.places.has(id));
  if (chosen.length < 2) return [];
  const move = RULES[rule](chosen.map((id) => store.places.get(id)));
  return chosen.map((key) => {
    const before = store.places.get(key);
    return { kind: "place", key, before: { ...before }, after: move(before) };
  });
}

const constant = (axis, value) => (place) => ({ ...place, [axis]: value });

function spread(axis, step, places) {
  const sorted = [...places].sort((a, b) => a[axis] - b[axis]);
  const first = sorted[0][axis];
  const span = sorted.at(-1)[axis] - first;
  const distance = Math.max(step, span / (sorted.length - 1));
  const at = new Map(sorted.map((place, index) => [place, snap(first + index * distance)]));
  return (place) => ({ ...place, [axis]: at.get(place) });
}

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
