/** The page of a recogniser: calibration, learning curves, and on demand the maps of where it looked. */
import { calibrationPlot } from "../js/calibration.js";
import { startCurves } from "../runs/curves.js";
import { showMaps } from "./looked.js";

for (const box of document.querySelectorAll("[data-look-at]")) {
  box.addEventListener("change", () => showMaps(document.querySelector(box.dataset.lookAt), box.checked));
}

const curves = document.querySelector("[data-run]");
if (curves) startCurves(curves.querySelector("[data-run-curves]"), curves.dataset.run);

const stored = document.getElementById("calibration-data");
const figure = document.getElementById("calibration");
if (stored && figure) {
  await calibrationPlot(figure, JSON.parse(stored.textContent), (name, off, total) =>
    interpolate(gettext("%(name)s: off by %(off)s on average over %(total)s images."), { name, off, total }, true),
  );
}
