/** Objects that were found: drawn on the image, sifted by probability and class, to take away as JSON, CSV or COCO. */
import { element } from "../js/icons.js";
import { percent } from "../js/numbers.js";
import { asCoco, classChoices, downloads, stageFor } from "./found.js";
import { boxLayer } from "./layer.js";

const DIGITS = 1000;

/**
 * Put a stage in the place of the image and return the controls that go beside it.
 * @param {HTMLImageElement} image @param {string} name
 * @param {{boxes: {box: number[], class: string, index: number, probability: number}[], width: number, height: number, threshold: number}} answer
 */
export function foundBoxes(image, name, answer) {
  const hidden = new Set();
  const stage = stageFor(image);
  const slider = element("input", { type: "range", min: 0, max: 1, step: 1 / DIGITS, value: answer.threshold, "aria-label": gettext("Least probability") });
  const told = element("output", { class: "num" });
  const count = element("strong", {});
  const shown = () => answer.boxes.filter((one) => one.probability >= Number(slider.value) && !hidden.has(one.index));
  const draw = () => {
    const boxes = shown();
    stage.querySelector("svg")?.remove();
    stage.append(boxLayer(boxes, answer));
    told.textContent = percent(Number(slider.value));
    count.textContent = interpolate(ngettext("%s object", "%s objects", boxes.length), [boxes.length]);
  };
  slider.addEventListener("input", draw);
  draw();
  const classes = [...new Map(answer.boxes.map((one) => [one.index, one.class]))].sort(([one], [other]) => one - other);
  const files = downloads(name, [
    ["JSON", "json", () => JSON.stringify({ image: name, width: answer.width, height: answer.height, boxes: shown() }, null, 2)],
    ["CSV", "csv", () => asCsv(name, shown())],
    ["COCO", "coco.json", () => asCoco(name, answer, classes, shown().map(annotation))],
  ]);
  return element("div", { class: "stack-s" }, count,
    element("label", { class: "found-slider" }, element("span", {}, gettext("From")), slider, told), classChoices(classes, hidden, draw), files);
}

function asCsv(name, boxes) {
  const cell = (value) => (/[",\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value);
  const safe = (text) => cell(/^[=+\-@\t\r]/.test(text) ? `'${text}` : text); // a spreadsheet would run it as a formula
  const rows = boxes.map((one) => [safe(name), safe(one.class), one.probability, ...one.box].join(","));
  return ["path,class,probability,left,top,right,bottom", ...rows, ""].join("\n");
}

function annotation({ box: [left, top, right, bottom], index, probability }) {
  return { index, bbox: [left, top, right - left, bottom - top], area: (right - left) * (bottom - top), score: probability };
}
