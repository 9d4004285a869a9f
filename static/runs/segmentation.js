/** What a trained segmentation leaves: its worst images under what is true, what was predicted, or where both differ. */
import { paintMasks } from "../js/masks.js";

/** @param {HTMLElement} root */
export function startSegmentation(root) {
  const stored = root.querySelector("#worst-masks-data");
  if (!stored) return;
  const { rows } = JSON.parse(stored.textContent);
  const choice = root.querySelector("[data-masks-shown]");
  const draw = () => {
    for (const place of root.querySelectorAll("[data-masks]")) {
      place.querySelector("canvas")?.remove();
      place.append(layer(rows[Number(place.dataset.masks)], choice.value));
    }
  };
  choice.addEventListener("change", draw);
  draw();
}

function layer(row, shown) {
  const canvas = shown === "faults" ? faults(row) : paintMasks(row[shown], row.size);
  canvas.className = "found-mask";
  canvas.setAttribute("aria-hidden", "true");
  return canvas;
}

/** Pixels whose classes differ and are known, in one colour. */
function faults(row) {
  const [height, width] = row.size;
  const [truth, said] = [row.true, row.predicted].map((masks) => classesOf(masks, height * width));
  const counts = [];
  let inside = false;
  let run = 0;
  for (let at = 0; at < truth.length; at += 1) {
    const differs = truth[at] !== said[at] && truth[at] !== -1;
    if (differs !== inside) {
      counts.push(run);
      run = 0;
      inside = differs;
    }
    run += 1;
  }
  counts.push(run);
  return paintMasks([{ index: -1, counts }], row.size);
}

/** The class of each pixel, column by column; -2 is the background. */
function classesOf(masks, length) {
  const classes = new Int32Array(length).fill(-2);
  for (const { index, counts } of masks) {
    let at = 0;
    counts.forEach((count, turn) => {
      if (turn % 2) classes.fill(index, at, at + count);
      at += count;
    });
  }
  return classes;
}
