/** Classes of pixels that were found: laid over the image, stronger or weaker, class by class, and taken away. */
import { element } from "../js/icons.js";
import { boundsOf, paintMasks } from "../js/masks.js";
import { percent } from "../js/numbers.js";
import { asCoco, classChoices, downloads, stageFor } from "./found.js";

const STRENGTH = 0.55;

/**
 * The masks of an answer as a canvas of their size.
 * @param {{masks: {class: string, index: number, share: number, counts: number[]}[], mask_size: [number, number]}} answer
 * @param {{hidden?: Set<number>, opacity?: number}} [looks]
 * @returns {HTMLCanvasElement}
 */
export function drawMasks(answer, { hidden = new Set(), opacity = STRENGTH } = {}) {
  const canvas = paintMasks(answer.masks, answer.mask_size, hidden);
  canvas.className = "found-mask";
  canvas.style.opacity = opacity;
  canvas.setAttribute("aria-hidden", "true");
  return canvas;
}

/**
 * Put a stage in the place of the image and return the controls that go beside it.
 * @param {HTMLImageElement} image @param {string} name @param {object} answer see `drawMasks`, with width and height
 */
export function foundMasks(image, name, answer) {
  const hidden = new Set();
  const stage = stageFor(image);
  const slider = element("input", { type: "range", min: 0, max: 1, step: 0.01, value: STRENGTH, "aria-label": gettext("Strength of the colours") });
  const told = element("output", { class: "num" });
  const weigh = () => {
    stage.querySelector("canvas").style.opacity = slider.value;
    told.textContent = percent(Number(slider.value));
  };
  const draw = () => {
    stage.querySelector("canvas")?.remove();
    stage.append(drawMasks(answer, { hidden, opacity: slider.value }));
    weigh();
  };
  slider.addEventListener("input", weigh);
  draw();
  const choices = classChoices(answer.masks.map((mask) => [mask.index, `${mask.class} ${percent(mask.share)}`]), hidden, draw);
  const shown = () => answer.masks.filter((mask) => !hidden.has(mask.index));
  const classes = answer.masks.map((mask) => [mask.index, mask.class]);
  const files = downloads(name, [
    ["JSON", "json", () => JSON.stringify({ image: name, width: answer.width, height: answer.height, mask_size: answer.mask_size, masks: shown() })],
    ["COCO", "coco.json", () => asCoco(name, answer, classes, shown().map((mask) => annotation(mask, answer.mask_size)))],
    [gettext("Image"), "png", () => new Promise((done) => picture(image, answer, hidden, Number(slider.value)).toBlob(done))],
  ]);
  const count = interpolate(ngettext("%s class", "%s classes", answer.masks.length), [answer.masks.length]);
  return element("div", { class: "stack-s" }, element("strong", {}, answer.masks.length ? count : gettext("Nothing but background")),
    element("label", { class: "found-slider" }, element("span", {}, gettext("Colours")), slider, told), choices, files);
}

/** The image with its masks, as it is shown. */
function picture(image, answer, hidden, opacity) {
  const canvas = document.createElement("canvas");
  canvas.width = answer.width;
  canvas.height = answer.height;
  const pen = canvas.getContext("2d");
  pen.drawImage(image, 0, 0, answer.width, answer.height);
  pen.globalAlpha = opacity;
  pen.imageSmoothingEnabled = false;
  pen.drawImage(paintMasks(answer.masks, answer.mask_size, hidden), 0, 0, answer.width, answer.height);
  return canvas;
}

function annotation({ index, counts }, size) {
  return { index, segmentation: { size, counts }, ...boundsOf(counts, size[0]) };
}
