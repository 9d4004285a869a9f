/** Colour maps of scores: 256 colours from a few stops. They are data, not the page's palette, so they are the same in both themes. */

const STOPS = {
  inferno: "000004 160b39 420a68 6a176e 932667 bc3754 dd513a f37819 fca50a f6d746 fcffa4",
  viridis: "440154 482475 414487 355f8d 2a788e 21918c 22a884 44bf70 7ad151 bddf26 fde725",
  turbo: "30123b 4662d7 36aaf9 1ae4b6 72fe5e c8ef34 faba39 f66b19 ca2a04 7a0403",
  grey: "000000 ffffff",
  difference: "2166ac 67a9cf d1e5f0 f7f7f7 fddbc7 ef8a62 b2182b",
};
const LEVELS = 256;
const made = new Map();

/** @param {string} name of `STOPS` @returns {Uint8ClampedArray} 256 colours, three bytes each */
export function colourTable(name) {
  if (made.has(name)) return made.get(name);
  const stops = STOPS[name].split(" ").map((hex) => [0, 2, 4].map((at) => parseInt(hex.slice(at, at + 2), 16)));
  const table = new Uint8ClampedArray(LEVELS * 3);
  for (let level = 0; level < LEVELS; level += 1) {
    const place = (level / (LEVELS - 1)) * (stops.length - 1);
    const below = Math.min(Math.floor(place), stops.length - 2);
    for (let part = 0; part < 3; part += 1) {
      table[3 * level + part] = stops[below][part] + (place - below) * (stops[below + 1][part] - stops[below][part]);
    }
  }
  made.set(name, table);
  return table;
}

/**
 * Paint scores into a canvas of their own size.
 * @param {Float32Array} values @param {number} width
 * @param {{colours: string, low: number, high: number, gamma?: number, floor?: number}} look below `floor` nothing is painted
 * @returns {HTMLCanvasElement}
 */
export function paintScores(values, width, { colours, low, high, gamma = 1, floor = -Infinity }) {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = values.length / width;
  const context = canvas.getContext("2d");
  const image = context.createImageData(canvas.width, canvas.height);
  const table = colourTable(colours);
  const span = high > low ? high - low : 1;
  for (let at = 0; at < values.length; at += 1) {
    const value = values[at];
    if (!(value >= floor)) continue;
    const share = Math.min(1, Math.max(0, (value - low) / span));
    const level = 3 * Math.round(255 * (gamma === 1 ? share : share ** gamma));
    image.data[4 * at] = table[level];
    image.data[4 * at + 1] = table[level + 1];
    image.data[4 * at + 2] = table[level + 2];
    image.data[4 * at + 3] = 255;
  }
  context.putImageData(image, 0, 0);
  return canvas;
}

/** Paint the scale of a colour map from left to right. */
export function paintScale(canvas, name) {
  const ramp = Float32Array.from({ length: LEVELS }, (_, at) => at);
  canvas.width = LEVELS;
  canvas.height = 1;
  canvas.getContext("2d").drawImage(paintScores(ramp, LEVELS, { colours: name, low: 0, high: LEVELS - 1 }), 0, 0);
}
