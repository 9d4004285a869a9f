/** The confusion matrix of a run: rows are the true classes, columns the predicted ones. */
import { heatmapPlot } from "../js/plot.js";
import { percent } from "../js/numbers.js";
import { startDetection } from "./detection.js";
import { startSegmentation } from "./segmentation.js";

const RIGHT = {
  images: gettext("%s of %s images are right (%s)."),
  boxes: gettext("%s of %s boxes are right (%s)."),
  pixels: gettext("%s of %s pixels are right (%s)."),
};

/** @param {HTMLElement} root */
export function startResult(root) {
  startDetection(root);
  startSegmentation(root);
  const stored = root.querySelector("#confusion-data");
  if (!stored) return;
  const { classes: known, matrix, background, unit } = JSON.parse(stored.textContent);
  const classes = background ? [...known, gettext("background")] : known;
  const shares = matrix.map((row) => {
    const all = row.reduce((sum, value) => sum + value, 0);
    return row.map((value) => (all ? value / all : 0));
  });
  const right = matrix.reduce((sum, row, at) => sum + row[at], 0);
  const all = matrix.flat().reduce((sum, value) => sum + value, 0);
  let worst = null;
  matrix.forEach((row, at) =>
    row.forEach((value, to) => {
      if (at !== to && value > (worst?.value ?? 0)) worst = { value, from: classes[at], to: classes[to] };
    }),
  );
  const parts = [interpolate(RIGHT[unit ?? (background ? "boxes" : "images")], [right, all, percent(right / all)])];
  if (worst) parts.push(interpolate(gettext("Most often mistaken: %s for %s (%s times)."), [worst.from, worst.to, worst.value]));
  heatmapPlot(root.querySelector("#confusion"), {
    x: { title: gettext("Predicted") },
    y: { title: gettext("True") },
    columns: classes,
    rows: classes,
    values: shares,
    shown: matrix.map((row) => row.map(String)),
    exported: matrix,
    summary: parts.join(" "),
  });
}
