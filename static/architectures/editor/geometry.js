/** Sizes and curves of the canvas, in world units. Data flows downwards: inputs on top, outputs below. */

export const NODE_WIDTH = 208;
export const NODE_HEIGHT = 64;
export const GRID = 8;
export const ROW = 112;
export const COLUMN = 248;
const TIP = 5; // the arrow ends at the rim of the port

/** A finite number within bounds, whatever came in. Faults of the view must not spread. */
export function finite(value, fallback, low = -1e6, high = 1e6) {
  return typeof value === "number" && Number.isFinite(value) ? Math.min(high, Math.max(low, value)) : fallback;
}

export const snap = (value) => Math.round(value / GRID) * GRID;

/** Where port `index` of `total` sits on a node at `place`. */
export function portPoint(place, side, index, total) {
  return {
    x: place.x + (NODE_WIDTH * (index + 1)) / (total + 1),
    y: side === "in" ? place.y : place.y + NODE_HEIGHT,
  };
}

/** The box around places of nodes, or null when there are none. */
export function boundsOf(places) {
  let box = null;
  for (const { x, y } of places) {
    if (!box) box = { left: x, top: y, right: x + NODE_WIDTH, bottom: y + NODE_HEIGHT };
    box.left = Math.min(box.left, x);
    box.top = Math.min(box.top, y);
    box.right = Math.max(box.right, x + NODE_WIDTH);
    box.bottom = Math.max(box.bottom, y + NODE_HEIGHT);
  }
  return box;
}

/**
 * The curve of an edge and the place of its label.
 *
 * An edge that would run through other nodes (a skip connection) goes around them on the nearer side.
 */
export function edgeCurve(from, port, obstacles = []) {
  const to = { x: port.x, y: port.y - TIP };
  const blocking = to.y - from.y > ROW ? obstacles.filter((place) => blocks(place, from, to)) : [];
  if (blocking.length) return aroundCurve(from, to, blocking);
  const bend = Math.max(24, Math.min(120, Math.abs(to.y - from.y) / 2));
  return {
    path: `M${r(from.x)} ${r(from.y)}C${r(from.x)} ${r(from.y + bend)} ${r(to.x)} ${r(to.y - bend)} ${r(to.x)} ${r(to.y)}`,
    label: { x: (from.x + to.x) / 2, y: (from.y + to.y) / 2 },
  };
}

function aroundCurve(from, to, blocking) {
  const left = Math.min(...blocking.map((place) => place.x));
  const right = Math.max(...blocking.map((place) => place.x + NODE_WIDTH));
  // Longer skips swing wider, so that nested ones do not lie on each other.
  const gap = 20 + Math.min(80, (to.y - from.y) / 24);
  const goLeft = from.x + to.x - 2 * left < 2 * right - from.x - to.x;
  const lane = goLeft ? left - gap : right + gap;
  const turn = 48;
  const path =
    `M${r(from.x)} ${r(from.y)}C${r(from.x)} ${r(from.y + turn)} ${r(lane)} ${r(from.y + 8)} ${r(lane)} ${r(from.y + turn + 16)}` +
    `L${r(lane)} ${r(to.y - turn - 16)}C${r(lane)} ${r(to.y - 8)} ${r(to.x)} ${r(to.y - turn)} ${r(to.x)} ${r(to.y)}`;
  return { path, label: { x: lane, y: (from.y + to.y) / 2 } };
}

function blocks(place, from, to) {
  if (place.y + NODE_HEIGHT <= from.y + 1 || place.y >= to.y - 1) return false;
  const middle = place.y + NODE_HEIGHT / 2;
  const along = (middle - from.y) / (to.y - from.y);
  const x = from.x + (to.x - from.x) * along;
  return x > place.x - 12 && x < place.x + NODE_WIDTH + 12;
}

const r = (value) => Math.round(value * 10) / 10;
