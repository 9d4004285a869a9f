/** The page of a classifier: its calibration diagram and the spectra of its worst cases. */
import { calibrationPlot } from "../js/calibration.js";
import { startSparks } from "./spark.js";

startSparks();

const stored = document.getElementById("calibration-data");
const figure = document.getElementById("calibration");
if (stored && figure) {
  await calibrationPlot(figure, JSON.parse(stored.textContent), (name, off, total) =>
    interpolate(gettext("%(name)s: off by %(off)s on average over %(total)s stars."), { name, off, total }, true),
  );
}
