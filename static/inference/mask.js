/** Classes of pixels that were found: laid over the image, stronger or weaker, class by class, and taken away. */
import { colourOf } from "../datasets/shapes.js";
import { element, icon } from "../js/icons.js";
import { paintMasks } from "../js/masks.js";
import { percent } from "../js/numbers.js";

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
  const stage = element("div", { class: "found-stage" });
  image.replaceWith(stage);
  image.removeAttribute("width");
  image.removeAttribute("height");
  stage.append(image);
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
  const classes = element("ul", { class: "found-classes", role: "list" });
  for (const mask of answer.masks) {
    const box = element("input", { type: "checkbox" });
    box.checked = true;
    box.addEventListener("change", () => {
      if (box.checked) hidden.delete(mask.index);
      else hidden.add(mask.index);
      draw();
    });
    const label = element("label", { class: `check ${colourOf(mask.index)}` }, box, element("span", {}, `${mask.class} ${percent(mask.share)}`));
    classes.append(element("li", {}, label));
  }
  const count = interpolate(ngettext("%s class", "%s classes", answer.masks.length), [answer.masks.length]);
  return element("div", { class: "stack-s" }, element("strong", {}, answer.masks.length ? count : gettext("Nothing but background")),
    element("label", { class: "found-slider" }, element("span", {}, gettext("Colours")), slider, told), classes,
    downloads(name, answer, () => answer.masks.filter((mask) => !hidden.has(mask.index)), () => picture(image, answer, hidden, Number(slider.value))));
}

function downloads(name, answer, shown, draw) {
  const stem = name.replace(/\.[^.]*$/, "") || "image";
  const text = (value) => new Blob([JSON.stringify(value)]);
  const kinds = [
    ["JSON", "json", () => text({ image: name, width: answer.width, height: answer.height, mask_size: answer.mask_size, masks: shown() })],
    ["COCO", "coco.json", () => text(asCoco(name, answer, shown()))],
    [gettext("Image"), "png", () => new Promise((done) => draw().toBlob(done))],
  ];
  const row = element("div", { class: "cluster" });
  for (const [title, ending, make] of kinds) {
    const button = element("button", { type: "button", class: "button button-s" }, icon("download", "s"), title);
    button.addEventListener("click", async () => save(`${stem}.${ending}`, await make()));
    row.append(button);
  }
  return row;
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

function asCoco(name, answer, masks) {
  return {
    images: [{ id: 1, file_name: name, width: answer.width, height: answer.height }],
    categories: masks.map(({ index, class: title }) => ({ id: index + 1, name: title })),
    annotations: masks.map(({ index, counts, share }, at) => ({
      id: at + 1, image_id: 1, category_id: index + 1, iscrowd: 1, area: Math.round(share * answer.width * answer.height),
      segmentation: { size: answer.mask_size, counts },
    })),
  };
}

function save(filename, blob) {
  const address = URL.createObjectURL(blob);
  element("a", { href: address, download: filename }).click();
  URL.revokeObjectURL(address);
}
