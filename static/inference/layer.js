/** What an answer says, drawn over its picture: boxes as SVG, masks as they come, nothing for a class. */
import { drawShape, svg } from "../datasets/shapes.js";
import { percent } from "../js/numbers.js";

const MOST_NAMES = 30;

/** @returns {object[]} the boxes of an answer that pass: probable enough, and of a chosen class (an empty set is all) */
export function passing(answer, { threshold = 0, classes = new Set() }) {
  return (answer.boxes ?? []).filter((one) => one.probability >= threshold && (!classes.size || classes.has(one.index)));
}

/** @param {object[]} boxes @param {{width: number, height: number}} size @returns {SVGElement} */
export function boxLayer(boxes, { width, height }, { names = true } = {}) {
  const root = svg("svg", { class: "shapes", viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "xMidYMid meet", "aria-hidden": "true" });
  const unit = Math.max(width, height) / 600;
  for (const one of [...boxes].reverse()) {
    const shape = { row: 0, label: one.index, box: one.box };
    const group = drawShape(shape, { classes: { [one.index]: `${one.class} ${percent(one.probability)}` }, names: names && boxes.length <= MOST_NAMES, unit });
    const title = svg("title");
    title.textContent = `${one.class} ${percent(one.probability)}`;
    group.append(title);
    root.append(group);
  }
  return root;
}

/**
 * Draw an answer over the picture in a frame; what was there before goes.
 * @param {HTMLElement} frame @param {object} answer @param {{threshold: number, classes: Set<number>}} sieve
 */
export async function drawAnswer(frame, answer, sieve, looks = {}) {
  frame.querySelector(".shapes, .masks")?.remove();
  if (answer.boxes) frame.append(boxLayer(passing(answer, sieve), answer, looks));
  if (answer.masks?.length) {
    const { drawMasks } = await import("./mask.js");
    const hidden = new Set(answer.masks.map((one) => one.index).filter((index) => sieve.classes.size && !sieve.classes.has(index)));
    const canvas = drawMasks(answer, { hidden });
    canvas.classList.add("masks");
    frame.querySelector(".masks")?.remove();
    frame.append(canvas);
  }
}
