/** What a trained detector leaves: curves of precision over recall, and the most wrong images with their boxes. */
import { svg } from "../datasets/shapes.js";
import { percent } from "../js/numbers.js";
import { linePlot } from "../js/plot.js";

/** @param {HTMLElement} root */
export function startDetection(root) {
  const stored = root.querySelector("#curves-data");
  if (!stored) return;
  const curves = JSON.parse(stored.textContent).filter((curve) => curve.recall.length);
  linePlot(root.querySelector("#precision-recall"), {
    x: { title: gettext("Recall") },
    y: { title: gettext("Precision"), canLog: false },
    series: curves.map((curve) => ({ name: curve.class, x: curve.recall, y: curve.precision })),
    summary: curves.map((curve) => interpolate(gettext("%s: precision %s at half the objects."), [curve.class, percent(curve.precision[50])])).join(" "),
  });
  drawWorst(root);
}

function drawWorst(root) {
  const stored = root.querySelector("#worst-boxes-data");
  if (!stored) return;
  const { classes, rows } = JSON.parse(stored.textContent);
  for (const place of root.querySelectorAll("[data-found]")) place.append(drawn(rows[Number(place.dataset.found)], classes));
}

/** The boxes of an image over it; a box is coloured by what became of it, its title names class and probability. */
function drawn(row, classes) {
  const root = svg("svg", { class: "shapes", viewBox: `0 0 ${row.width} ${row.height}`, preserveAspectRatio: "xMidYMid meet", "aria-hidden": "true" });
  for (const { box, kind, score, class: label } of row.boxes) {
    const [left, top, right, bottom] = box;
    const title = svg("title");
    title.textContent = score === null ? classes[label] : `${classes[label]} ${percent(score)}`;
    root.append(svg("rect", { class: `found found-${kind}`, x: left, y: top, width: right - left, height: bottom - top }, title));
  }
  return root;
}
