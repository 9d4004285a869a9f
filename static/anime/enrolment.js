/** How well a new character is told apart, by the number of its images. */
import { linePlot } from "../js/plot.js";

const { curve, name } = JSON.parse(document.getElementById("curve-data").textContent);
await linePlot(document.getElementById("curve"), {
  x: { title: gettext("Images") },
  y: { title: gettext("Told apart"), unit: "%" },
  series: [{ name, x: curve.map((point) => point.images), y: curve.map((point) => 100 * point.told_apart) }],
});
