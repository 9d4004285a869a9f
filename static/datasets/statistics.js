/** Plots of what was measured on a version. */
import { heatmapPlot, histogramPlot } from "../js/plot.js";
import { drawBalance } from "./balance.js";

const data = JSON.parse(document.getElementById("plot-data").textContent);
const axes = {
  brightness: { title: gettext("Mean grey value, 0 to 1") },
  contrast: { title: gettext("Deviation of grey values, 0 to 0.5") },
  sharpness: { title: gettext("Deviation of the Laplacian") },
  width: { title: gettext("Width"), unit: "px" },
  height: { title: gettext("Height"), unit: "px" },
  aspect: { title: gettext("Width divided by height") },
  box_per_image: { title: gettext("Boxes in an image") },
  box_share: { title: gettext("Root of the area of box and image, 0 to 1") },
  box_width: { title: gettext("Width"), unit: "px" },
  box_height: { title: gettext("Height"), unit: "px" },
  box_aspect: { title: gettext("Width divided by height") },
};

const balance = document.getElementById("balance");
if (balance) drawBalance(balance, data);
for (const [name, histogram] of Object.entries(data.histograms)) {
  const figure = document.getElementById(name);
  if (!figure) continue;
  const counted = name.startsWith("box_") && name !== "box_per_image" ? gettext("Boxes") : gettext("Images");
  const series = [{ name: counted, counts: histogram.counts }];
  histogramPlot(figure, { x: axes[name], y: { title: counted }, edges: histogram.edges, series });
}
const position = document.getElementById("box_position");
if (position && data.position.length) {
  const places = data.position.map((row, index) => `${Math.round(((index + 0.5) / data.position.length) * 100)} %`);
  heatmapPlot(position, { title: gettext("Where the centres of boxes are"), x: { title: gettext("Across") }, y: { title: gettext("Down") }, columns: places, rows: places, values: data.position });
}
