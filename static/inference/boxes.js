/** Objects that were found: drawn on the image, sifted by probability and class, to take away as JSON, CSV or COCO. */
import { colourOf } from "../datasets/shapes.js";
import { element, icon } from "../js/icons.js";
import { percent } from "../js/numbers.js";
import { boxLayer } from "./layer.js";

const DIGITS = 1000;

/**
 * Put a stage in the place of the image and return the controls that go beside it.
 * @param {HTMLImageElement} image @param {string} name
 * @param {{boxes: {box: number[], class: string, index: number, probability: number}[], width: number, height: number, threshold: number}} answer
 */
export function foundBoxes(image, name, answer) {
  const hidden = new Set();
  const stage = element("div", { class: "found-stage" });
  image.replaceWith(stage);
  image.removeAttribute("width");
  image.removeAttribute("height");
  stage.append(image);
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
  const classes = classChoices(answer.boxes, (index, on) => {
    if (on) hidden.delete(index);
    else hidden.add(index);
    draw();
  });
  return element("div", { class: "stack-s" }, count,
    element("label", { class: "found-slider" }, element("span", {}, gettext("From")), slider, told), classes, downloads(name, answer, shown));
}

/** A box to tick for each class that was found, with its colour and how often. */
function classChoices(boxes, change) {
  const found = new Map();
  for (const one of boxes) found.set(one.index, one.class);
  const list = element("ul", { class: "found-classes", role: "list" });
  for (const [index, name] of [...found].sort(([one], [other]) => one - other)) {
    const box = element("input", { type: "checkbox" });
    box.checked = true;
    box.addEventListener("change", () => change(index, box.checked));
    list.append(element("li", {}, element("label", { class: `check ${colourOf(index)}` }, box, element("span", {}, name))));
  }
  return list;
}

function downloads(name, answer, shown) {
  const stem = name.replace(/\.[^.]*$/, "") || "image";
  const kinds = [
    ["JSON", "json", () => JSON.stringify({ image: name, width: answer.width, height: answer.height, boxes: shown() }, null, 2)],
    ["CSV", "csv", () => asCsv(name, shown())],
    ["COCO", "coco.json", () => JSON.stringify(asCoco(name, answer, shown()), null, 2)],
  ];
  const row = element("div", { class: "cluster" });
  for (const [title, ending, text] of kinds) {
    const button = element("button", { type: "button", class: "button button-s" }, icon("download", "s"), title);
    button.addEventListener("click", () => save(`${stem}.${ending}`, text()));
    row.append(button);
  }
  return row;
}

function asCsv(name, boxes) {
  const cell = (value) => (/[",\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value);
  const safe = (text) => cell(/^[=+\-@\t\r]/.test(text) ? `'${text}` : text); // a spreadsheet would run it as a formula
  const rows = boxes.map((one) => [safe(name), safe(one.class), one.probability, ...one.box].join(","));
  return ["path,class,probability,left,top,right,bottom", ...rows, ""].join("\n");
}

function asCoco(name, answer, boxes) {
  const classes = new Map(answer.boxes.map((one) => [one.index, one.class]));
  return {
    images: [{ id: 1, file_name: name, width: answer.width, height: answer.height }],
    categories: [...classes].sort(([one], [other]) => one - other).map(([index, title]) => ({ id: index + 1, name: title })),
    annotations: boxes.map(({ box: [left, top, right, bottom], index, probability }, at) => ({
      id: at + 1, image_id: 1, category_id: index + 1, bbox: [left, top, right - left, bottom - top],
      area: (right - left) * (bottom - top), iscrowd: 0, score: probability,
    })),
  };
}

function save(filename, text) {
  const address = URL.createObjectURL(new Blob([text]));
  element("a", { href: address, download: filename }).click();
  URL.revokeObjectURL(address);
}
