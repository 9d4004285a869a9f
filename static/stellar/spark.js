/** A spectrum in the height of a line, drawn when it comes into view. */
import { api } from "../js/http.js";

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 240;
const HEIGHT = 56;
const ROOM = 3;
const POINTS = 160;
const LOW = 4000;
const HIGH = 9000;
const known = new Map();

/** @param {{wavelength: number[], flux: number[]}} spectrum @returns {{x: number[], y: number[]}} means of equal stretches */
export function thinned({ wavelength, flux }, points = POINTS) {
  const sums = new Float64Array(points);
  const counts = new Uint32Array(points);
  wavelength.forEach((at, index) => {
    if (at < LOW || at > HIGH || !Number.isFinite(flux[index])) return;
    const cell = Math.min(points - 1, Math.floor(((at - LOW) / (HIGH - LOW)) * points));
    sums[cell] += flux[index];
    counts[cell] += 1;
  });
  const kept = [...sums.keys()].filter((cell) => counts[cell]);
  return { x: kept.map((cell) => LOW + ((cell + 0.5) / points) * (HIGH - LOW)), y: kept.map((cell) => sums[cell] / counts[cell]) };
}

function quantile(sorted, share) {
  return sorted[Math.round(share * (sorted.length - 1))];
}

/** @param {{x: number[], y: number[]}} line @param {string} title @returns {SVGElement} */
export function sparkPicture({ x, y }, title) {
  const sorted = [...y].sort((a, b) => a - b);
  const low = Math.min(0, quantile(sorted, 0.02) ?? 0);
  const high = (quantile(sorted, 0.98) ?? 1) * 1.05;
  const height = (value) => HEIGHT - ROOM - (Math.min(1, Math.max(0, (value - low) / (high - low || 1)))) * (HEIGHT - 2 * ROOM);
  const picture = document.createElementNS(SVG, "svg");
  const attributes = { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: "star-spark", role: "img", preserveAspectRatio: "none", "aria-label": title };
  for (const [key, value] of Object.entries(attributes)) picture.setAttribute(key, value);
  const line = document.createElementNS(SVG, "polyline");
  line.setAttribute("points", x.map((at, index) => `${(((at - LOW) / (HIGH - LOW)) * WIDTH).toFixed(1)},${height(y[index]).toFixed(1)}`).join(" "));
  line.setAttribute("class", "star-spark-line");
  picture.append(line);
  return picture;
}

/** @param {string} url of a spectrum @returns {Promise<{x: number[], y: number[]}>} */
export function fetchLine(url) {
  if (!known.has(url)) {
    const asked = api(url).then(thinned);
    asked.catch(() => known.delete(url));
    known.set(url, asked);
  }
  return known.get(url);
}

async function fill(place) {
  const title = place.dataset.sparkTitle ?? gettext("Spectrum");
  try {
    place.replaceChildren(sparkPicture(await fetchLine(place.dataset.spark), title));
  } catch {
    place.replaceChildren(gettext("no spectrum"));
  }
}

/** Draw every [data-spark=address] below a root as soon as it is seen. */
export function startSparks(root = document) {
  const observer = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      observer.unobserve(target);
      fill(target);
    }
  }, { rootMargin: "200px" });
  for (const place of root.querySelectorAll("[data-spark]")) observer.observe(place);
}
