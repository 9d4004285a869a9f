/** The page of a classifier: its calibration diagram and the spectra of its worst cases. */
import { linePlot } from "../js/plot.js";
import { startSparks } from "./spark.js";

startSparks();

const stored = document.getElementById("calibration-data");
const figure = document.getElementById("calibration");
if (stored && figure) {
  const series = JSON.parse(stored.textContent);
  const ideal = { name: gettext("calibrated"), x: [0, 1], y: [0, 1], dash: "dot", colour: 7 };
  const told = series.map(({ name, x, y, n }) => {
    const total = n.reduce((sum, count) => sum + count, 0);
    const off = x.reduce((sum, value, at) => sum + (n[at] / total) * Math.abs(value - y[at]), 0);
    return interpolate(gettext("%(name)s: off by %(off)s on average over %(total)s stars."), { name, off: off.toFixed(3), total }, true);
  });
  await linePlot(figure, {
    x: { title: gettext("Probability of the answer"), range: [0, 1.02] },
    y: { title: gettext("Share that is right"), range: [0, 1.05], canLog: false },
    series: [...series.map(({ name, x, y }, colour) => ({ name, x, y, colour })), ideal],
    summary: told.join(" "),
    hover: "closest",
  });
}
