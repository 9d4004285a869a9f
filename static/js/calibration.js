/** How often answers are right, against how sure they were given: a calibration diagram. */
import { linePlot } from "./plot.js";

/**
 * @param {HTMLElement} figure a components/plot.html
 * @param {{name: string, x: number[], y: number[], n: number[]}[]} series mean probability and share right of each bin
 * @param {(name: string, off: string, total: number) => string} told a sentence for screen readers
 */
export function calibrationPlot(figure, series, told) {
  const ideal = { name: gettext("calibrated"), x: [0, 1], y: [0, 1], dash: "dot", colour: 7 };
  const sentences = series.map(({ name, x, y, n }) => {
    const total = n.reduce((sum, count) => sum + count, 0);
    const off = x.reduce((sum, value, at) => sum + (n[at] / total) * Math.abs(value - y[at]), 0);
    return told(name, off.toFixed(3), total);
  });
  return linePlot(figure, {
    x: { title: gettext("Probability of the answer"), range: [0, 1.02] },
    y: { title: gettext("Share that is right"), range: [0, 1.05], canLog: false },
    series: [...series.map(({ name, x, y }, colour) => ({ name, x, y, colour })), ideal],
    summary: sentences.join(" "),
    hover: "closest",
  });
}
