/** Points of polygons: pure functions on lists of x, y, x, y..., so that undo is keeping the state before. */

const LEAST_POINTS = 3;

const change = (polygons, ring, values) => polygons.map((points, number) => (number === ring ? values : points));

export const countOf = (polygons, ring) => polygons[ring].length / 2;

export const pointOf = (polygons, { ring, index }) => ({ x: polygons[ring][2 * index], y: polygons[ring][2 * index + 1] });

export const withPoint = (polygons, { ring, index }, { x, y }) => change(polygons, ring, polygons[ring].toSpliced(2 * index, 2, x, y));

/** A new point behind one, at a place. */
export const withNewPoint = (polygons, { ring, index }, { x, y }) => change(polygons, ring, polygons[ring].toSpliced(2 * index + 2, 0, x, y));

/** Without a point; null where too few would be left. */
export function withoutPoint(polygons, { ring, index }) {
  return countOf(polygons, ring) > LEAST_POINTS ? change(polygons, ring, polygons[ring].toSpliced(2 * index, 2)) : null;
}

/** The place halfway to the next point. */
export function halfway(polygons, { ring, index }) {
  const [one, other] = [pointOf(polygons, { ring, index }), pointOf(polygons, { ring, index: (index + 1) % countOf(polygons, ring) })];
  return { x: (one.x + other.x) / 2, y: (one.y + other.y) / 2 };
}

/** The point before or behind one, over all rings; the first where none is meant. */
export function neighbour(polygons, at, way) {
  const all = polygons.flatMap((points, ring) => Array.from({ length: points.length / 2 }, (_, index) => ({ ring, index })));
  const here = at ? all.findIndex(({ ring, index }) => ring === at.ring && index === at.index) : way > 0 ? -1 : 0;
  return all[(here + way + all.length) % all.length];
}

/** The box around polygons. */
export function boundsOf(polygons) {
  const side = (which) => polygons.flatMap((points) => points.filter((_, index) => index % 2 === which));
  const [xs, ys] = [side(0), side(1)];
  const least = (values) => values.reduce((one, other) => Math.min(one, other));
  const most = (values) => values.reduce((one, other) => Math.max(one, other));
  return [least(xs), least(ys), most(xs), most(ys)];
}
