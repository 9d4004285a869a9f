/** Bars of images by class and split. */
import { barPlot } from "../js/plot.js";

/** @param {HTMLElement} figure @param {{classes: string[], balance: Record<string, number>[], counted: string}} data */
export function drawBalance(figure, { classes, balance, counted }) {
  const names = { train: gettext("Training"), val: gettext("Validation"), test: gettext("Test") };
  const series = Object.entries(names)
    .map(([split, name]) => ({ name, values: balance.map((counts) => counts[split] ?? 0) }))
    .filter((one) => one.values.some(Boolean));
  return barPlot(figure, { x: { title: gettext("Class") }, y: { title: counted === "detect" ? gettext("Annotations") : gettext("Images") }, labels: classes, series, stacked: true });
}

const stored = document.getElementById("balance-data");
const figure = document.getElementById("balance");
if (stored && figure) drawBalance(figure, JSON.parse(stored.textContent));
