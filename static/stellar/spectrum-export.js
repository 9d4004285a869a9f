/** The spectrum as it is shown, as a table: a row of names, a row of units, then the numbers. */
import { csv } from "../js/plots/tools.js";
import { prettyUnit } from "./spectrum-math.js";

const number = (value, digits = 7) => (Number.isFinite(value) ? Number(value.toPrecision(digits)) : "");

/** @param {import("./spectrum-view.js").SpectrumView} view @returns {string} */
export function spectrumRows(view) {
  const { medium, frame, unit, smoothing } = view.settings;
  const flux = prettyUnit(view.star.flux_unit);
  const columns = [
    [`wavelength_${medium}_${frame}`, unit, view.x, 8],
    ["flux", flux, view.raw, 7],
  ];
  if (smoothing) {
    columns.push([`flux_smoothed_${smoothing}_angstrom`, flux, view.flux, 7], ["error_smoothed", flux, view.error, 7]);
  } else columns.push(["error", flux, view.error, 7]);
  if (view.mean) columns.push([`mean_${view.mean.name}`, flux, view.mean.values, 7], ["residual", "sigma", view.residual, 5]);
  const rows = [columns.map((one) => one[0]), columns.map((one) => one[1])];
  for (let at = view.scene(800, 400).from; at < view.x.length && view.x[at] <= view.xRange[1]; at += 1) {
    if (view.x[at] >= view.xRange[0]) rows.push(columns.map(([, , values, digits]) => number(values[at], digits)));
  }
  return csv(rows);
}
