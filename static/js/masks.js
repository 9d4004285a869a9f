/** Classes of pixels painted from run lengths, column by column as COCO counts them, in the colours of shapes. */
import { colourOf } from "../datasets/shapes.js";

const colours = new Map();

/** Red, green and blue of a class of the data set, as the style sheet has them. */
function rgbOf(index) {
  const name = colourOf(index);
  if (!colours.has(name)) {
    const probe = document.createElement("span");
    probe.className = name;
    probe.hidden = true;
    document.body.append(probe);
    const text = getComputedStyle(probe).getPropertyValue("--shape").trim();
    probe.remove();
    colours.set(name, [1, 3, 5].map((at) => parseInt(text.slice(at, at + 2), 16) || 0));
  }
  return colours.get(name);
}

/**
 * A canvas of the size of the masks; what no mask covers is clear.
 * @param {{index: number, counts: number[]}[]} masks @param {[number, number]} size height and width
 * @param {Set<number>} [hidden] indices of classes that are left out
 * @returns {HTMLCanvasElement}
 */
export function paintMasks(masks, [height, width], hidden = new Set()) {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  const pixels = new ImageData(width, height);
  for (const { index, counts } of masks) {
    if (hidden.has(index)) continue;
    const colour = [...rgbOf(index), 255];
    let at = 0;
    counts.forEach((count, turn) => {
      const end = at + count;
      if (turn % 2) for (; at < end; at += 1) pixels.data.set(colour, 4 * ((at % height) * width + Math.floor(at / height)));
      at = end;
    });
  }
  canvas.getContext("2d").putImageData(pixels, 0, 0);
  return canvas;
}

/**
 * Area and box of a mask, without unfolding it.
 * @param {number[]} counts @param {number} height of the mask
 * @returns {{area: number, bbox: [number, number, number, number]}} pixels; left, top, width, height
 */
export function boundsOf(counts, height) {
  let [left, right, top, bottom, area, at] = [Infinity, -1, height, -1, 0, 0];
  counts.forEach((count, turn) => {
    const [first, last] = [at, at + count - 1];
    at += count;
    if (turn % 2 === 0 || !count) return;
    const [from, to] = [Math.floor(first / height), Math.floor(last / height)];
    const wraps = from !== to; // a run over the end of a column touches bottom and top
    left = Math.min(left, from);
    right = Math.max(right, to);
    top = Math.min(top, wraps ? 0 : first % height);
    bottom = Math.max(bottom, wraps ? height - 1 : last % height);
    area += count;
  });
  return { area, bbox: area ? [left, top, right - left + 1, bottom - top + 1] : [0, 0, 0, 0] };
}
