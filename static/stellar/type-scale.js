/** A continuous type with its standard deviation on the scale of the classes, as a small picture with a sentence. */

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 420;
const HEIGHT = 64;
const SIDE = 14;
const LINE = 30;

function node(name, attributes, text) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

/** @param {string[]} classes @param {number} type 0 = the first class @returns {string} such as M2.3 */
export function typeText(classes, type) {
  if (!Number.isFinite(type)) return "–";
  const letter = classes[0].replace(/\d+$/, "");
  return `${letter}${type.toFixed(1)}`;
}

/** @param {string[]} classes @param {number} type @param {number} sd @returns {SVGElement} */
export function typeScale(classes, type, sd) {
  const [low, high] = [-0.5, classes.length - 0.5];
  const at = (value) => SIDE + ((Math.min(high, Math.max(low, value)) - low) / (high - low)) * (WIDTH - 2 * SIDE);
  const text = interpolate(gettext("Type %s ± %s"), [typeText(classes, type), Number.isFinite(sd) ? sd.toFixed(2) : "–"]);
  const picture = node("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: "type-scale", role: "img", "aria-label": text });
  picture.append(node("line", { x1: SIDE, x2: WIDTH - SIDE, y1: LINE, y2: LINE, class: "type-line" }));
  classes.forEach((name, index) => {
    if (index) picture.append(node("line", { x1: at(index - 0.5), x2: at(index - 0.5), y1: LINE - 6, y2: LINE + 6, class: "type-line" }));
    picture.append(node("text", { x: at(index), y: HEIGHT - 8, class: "type-name" }, name));
  });
  if (Number.isFinite(type)) {
    if (Number.isFinite(sd)) picture.append(node("rect", { x: at(type - sd), y: LINE - 7, width: Math.max(2, at(type + sd) - at(type - sd)), height: 14, rx: 4, class: "type-spread" }));
    picture.append(node("circle", { cx: at(type), cy: LINE, r: 6, class: "type-point" }));
    const anchor = at(type) < 90 ? "start" : at(type) > WIDTH - 90 ? "end" : "middle";
    picture.append(node("text", { x: at(type), y: 14, class: "type-value", "text-anchor": anchor }, `${typeText(classes, type)} ± ${Number.isFinite(sd) ? sd.toFixed(2) : "–"}`));
  }
  return picture;
}
