/** Plots of what was measured on a version. */
import { histogramPlot } from "../js/plot.js";
import { drawBalance } from "./balance.js";

const data = JSON.parse(document.getElementById("plot-data").textContent);
const axes = {
  brightness: { title: gettext("Mean grey value, 0 to 1") },
  contrast: { title: gettext("Deviation of grey values, 0 to 0.5") },
  sharpness: { title: gettext("Deviation of the Laplacian") },
  width: { title: gettext("Width"), unit: "px" },
  height: { title: gettext("Height"), unit: "px" },
  aspect: { title: gettext("Width divided by height") },
};

const balance = document.getElementById("balance");
if (balance) drawBalance(balance, data);
for (const [name, histogram] of Object.entries(data.histograms)) {
  const figure = document.getElementById(name);
  if (!figure) continue;
  const series = [{ name: gettext("Images"), counts: histogram.counts }];
  histogramPlot(figure, { x: axes[name], y: { title: gettext("Images") }, edges: histogram.edges, series });
}
