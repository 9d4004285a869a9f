/** A spectrum in the height of a line, over that of its background. */
const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 160;
const HEIGHT = 32;
const ROOM = 2;

function svg(name, attributes) {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  return node;
}

/** @param {number[]} values @param {number[]} background may be empty @returns {SVGElement} */
export function sparkline(values, background) {
  const all = [...values, ...background].filter(Number.isFinite);
  const low = Math.min(...all);
  const span = Math.max(...all) - low || 1;
  const points = (list) =>
    list
      .map((value, at) => `${((at / Math.max(1, list.length - 1)) * WIDTH).toFixed(1)},${(HEIGHT - ROOM - ((value - low) / span) * (HEIGHT - 2 * ROOM)).toFixed(1)}`)
      .join(" ");
  const picture = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, width: WIDTH, height: HEIGHT, class: "spark", role: "img", preserveAspectRatio: "none" });
  picture.setAttribute("aria-label", gettext("Spectrum over that of its background"));
  if (background.length) picture.append(svg("polyline", { points: points(background), class: "spark-ground" }));
  picture.append(svg("polyline", { points: points(values), class: "spark-line" }));
  return picture;
}
