/** Boxes, polygons and masks drawn over images as SVG: nothing is baked into a picture. */

const SVG = "http://www.w3.org/2000/svg";
const COLOURS = 8;

/** @param {string} tag @param {Record<string, string | number>} attributes @returns {SVGElement} */
export function svg(tag, attributes = {}, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

/** The class of the style sheet that gives a class of the data set its colour. */
export function colourOf(label) {
  return label < 0 ? "shape-none" : `shape-${(label % COLOURS) + 1}`;
}

/** The name of a class; a number of a file that has no name says so. */
export function nameOf(classes, shape) {
  if (shape.label >= 0) return classes[shape.label];
  return shape.category === undefined ? gettext("no class") : interpolate(gettext("no class (%s)"), [shape.category]);
}

/**
 * One annotation as a group: its shape, its box, and where asked its name.
 * @param {{row: number, label: number, box: number[], polygons: number[][], mask?: object, flags?: string[]}} shape
 * @param {{classes: string[], marked?: Set<number>, names?: boolean, unit?: number}} looks
 */
export function drawShape(shape, { classes, marked = new Set(), names = false, unit = 1 }) {
  const [left, top, right, bottom] = shape.box;
  const group = svg("g", { class: `shape ${colourOf(shape.label)}`, "data-row": shape.row });
  if (marked.has(shape.row)) group.classList.add("shape-marked");
  if (shape.flags?.includes("crowd")) group.classList.add("shape-crowd");
  if (shape.mask) group.append(maskImage(shape.mask));
  for (const points of shape.polygons ?? []) group.append(svg("polygon", { class: "shape-area", points: points.join(" ") }));
  const sides = { x: Math.min(left, right), y: Math.min(top, bottom), width: Math.abs(right - left), height: Math.abs(bottom - top) };
  group.append(svg("rect", { class: shape.polygons?.length ? "shape-box shape-faint" : "shape-box", ...sides }));
  if (!sides.width || !sides.height) group.append(svg("circle", { class: "shape-point", cx: left, cy: top, r: 4 * unit }));
  if (names) {
    const text = svg("text", { class: "shape-name", x: sides.x, y: Math.max(sides.y - 3 * unit, 11 * unit), "font-size": 12 * unit });
    text.textContent = nameOf(classes, shape);
    group.append(text);
  }
  return group;
}

/** An SVG that lies over a picture of the same shape: `slice` fills it as `cover` does, `meet` shows all of it. */
export function overlay(image, { fit = "meet", names = false, ...looks }) {
  const root = svg("svg", {
    class: "shapes", viewBox: `0 0 ${image.width} ${image.height}`, preserveAspectRatio: `xMidYMid ${fit}`, "aria-hidden": "true",
  });
  const unit = Math.max(image.width, image.height) / 800;
  root.append(...image.shapes.map((shape) => drawShape(shape, { ...looks, names: names && image.shapes.length <= 30, unit })));
  return root;
}

/** A mask from its runs, column by column, as a picture of its own size; the style sheet gives it its strength. */
function maskImage({ height, width, counts }) {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  const pixels = new ImageData(width, height);
  let at = 0;
  counts.forEach((count, turn) => {
    for (let end = at + count; at < end; at += 1) {
      if (turn % 2) pixels.data.set([255, 214, 10, 255], 4 * ((at % height) * width + Math.floor(at / height)));
    }
  });
  canvas.getContext("2d").putImageData(pixels, 0, 0);
  return svg("image", { class: "shape-mask", href: canvas.toDataURL(), width, height });
}
