/** The picture of a star with the regions that decided laid over it: one colour for, another against the class. */

const SIDE = 384;

const read = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const parts = (colour) => [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));

/** @param {{rows: number, columns: number, values: number[][]}} regions @returns {HTMLCanvasElement} one pixel a region */
function overlay({ rows, columns, values }) {
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width: columns, height: rows });
  const context = canvas.getContext("2d");
  const image = context.createImageData(columns, rows);
  const most = Math.max(...values.flat().map(Math.abs), 1e-12);
  const [support, against] = [parts(read("--series-3")), parts(read("--series-2"))];
  values.flat().forEach((value, at) => {
    image.data.set([...(value >= 0 ? support : against), Math.round(255 * Math.min(1, Math.abs(value) / most))], at * 4);
  });
  context.putImageData(image, 0, 0);
  return canvas;
}

/** @param {HTMLElement} part @param {{picture: string, notes?: string[]}} image @param {any} regions or null @param {string} name of the class */
export function showPicture(part, image, regions, name) {
  const canvas = part.querySelector("[data-picture]");
  const slider = part.querySelector("[data-overlay]");
  const note = part.querySelector("[data-image-note]");
  const picture = new Image();
  Object.assign(canvas, { width: SIDE, height: SIDE });
  const draw = () => {
    const context = canvas.getContext("2d");
    context.imageSmoothingEnabled = false;
    context.globalAlpha = 1;
    context.drawImage(picture, 0, 0, SIDE, SIDE);
    if (!regions) return;
    context.globalAlpha = Number(slider.value);
    context.drawImage(overlay(regions), 0, 0, SIDE, SIDE);
  };
  picture.addEventListener("load", draw);
  slider.addEventListener("input", draw);
  document.addEventListener("theme-changed", () => canvas.isConnected && draw());
  slider.closest("label").hidden = !regions;
  const told = regions
    ? interpolate(gettext("Green speaks for %s, orange against it: how far the log-odds of the class fall when a region is replaced by the background."), [name])
    : gettext("What decided is not known for this classifier.");
  note.textContent = [told, ...(image.notes ?? [])].join(" ");
  picture.src = image.picture;
}
