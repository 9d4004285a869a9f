/** What a person has changed in one image, as plain data: pure functions, so that undo is keeping the state before. */

import { boundsOf } from "./points.js";

/** @returns {{rows: Record<string, {label?: number, box?: number[], polygons?: number[][], removed?: boolean}>, added: {label: number, box: number[]}[], label: number | null, split: string | null, leftOut: boolean, empty: boolean}} */
export function untouched() {
  return { rows: {}, added: [], label: null, split: null, leftOut: false, empty: false };
}

/** Rows of annotations that were added have negative numbers: -1 is the first. */
export const addedRow = (index) => -1 - index;

function stretched(polygons, before, after) {
  const [width, height] = [before[2] - before[0] || 1, before[3] - before[1] || 1];
  return polygons.map((points) =>
    points.map((value, index) => {
      const side = index % 2;
      return after[side] + ((value - before[side]) / (side ? height : width)) * (after[side + 2] - after[side]);
    }));
}

/** The annotations as they are with the changes. */
export function shownShapes(shapes, state) {
  const kept = shapes.filter((shape) => !state.rows[shape.row]?.removed).map((shape) => {
    const change = state.rows[shape.row];
    if (!change) return shape;
    const moved = change.polygons
      ? { box: boundsOf(change.polygons), polygons: change.polygons, mask: null, kind: "polygons" }
      : change.box
      ? { box: change.box, polygons: stretched(shape.polygons, shape.box, change.box), mask: null, kind: shape.kind === "mask" ? "box" : shape.kind }
      : {};
    return { ...shape, ...moved, label: change.label ?? shape.label, isChanged: true };
  });
  const added = state.added.map((entry, index) => ({
    row: addedRow(index), label: entry.label, box: entry.box, kind: "box", polygons: [], mask: null, flags: [], attributes: {}, isChanged: true,
  }));
  return [...kept, ...added];
}

function withRow(state, row, change) {
  if (row >= 0) return { ...state, rows: { ...state.rows, [row]: { ...state.rows[row], ...change } } };
  const added = state.added.map((entry, index) => (addedRow(index) === row ? { ...entry, ...change } : entry));
  return { ...state, added: added.filter((entry) => !entry.removed) };
}

/** Polygons that were changed already are stretched along; untouched ones are when they are shown. */
export function moveBox(state, row, box) {
  const polygons = state.rows[row]?.polygons;
  return withRow(state, row, polygons ? { polygons: stretched(polygons, boundsOf(polygons), box) } : { box });
}

export const reshape = (state, row, polygons) => withRow(state, row, { polygons, box: undefined });
export const relabel = (state, row, label) => withRow(state, row, { label });
export const removeBox = (state, row) => withRow(state, row, { removed: true });
export const addBox = (state, label, box) => ({ ...state, empty: false, added: [...state.added, { label, box }] });

/** The state with a change as the API would take it, such as one that is suggested. */
export function withChange(state, change) {
  switch (change.do) {
    case "set_class": return { ...state, label: change.label };
    case "relabel": return relabel(state, change.row, change.label);
    case "move": return moveBox(state, change.row, change.box);
    case "remove": return removeBox(state, change.row);
    case "add": return addBox(state, change.label, change.box);
    default: return state;
  }
}

const rounded = (values) => values.map((value) => Math.round(value * 1000) / 1000);

/** The changes of an image as the API takes them. */
export function changesOf(position, state) {
  const image = Number(position);
  if (state.leftOut) return [{ do: "leave_out", image }];
  const changes = [];
  for (const [row, change] of Object.entries(state.rows)) {
    if (change.removed) changes.push({ do: "remove", row: Number(row) });
    else {
      if (change.label !== undefined) changes.push({ do: "relabel", row: Number(row), label: change.label });
      if (change.polygons) changes.push({ do: "reshape", row: Number(row), polygons: change.polygons.map(rounded) });
      else if (change.box) changes.push({ do: "move", row: Number(row), box: rounded(change.box) });
    }
  }
  for (const { label, box } of state.added) changes.push({ do: "add", image, label, box: rounded(box) });
  if (state.label !== null) changes.push({ do: "set_class", image, label: state.label });
  if (state.split !== null) changes.push({ do: "set_split", image, split: state.split });
  if (state.empty) changes.push({ do: "mark_empty", image });
  return changes;
}
