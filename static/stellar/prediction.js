/** The page of a classified survey: bars of the classes, spectra of the stars to look at. */
import { barPlot } from "../js/plot.js";
import { startSparks } from "./spark.js";

startSparks();

const stored = document.getElementById("histogram-data");
if (stored) {
  const { labels, answers, catalogue } = JSON.parse(stored.textContent);
  const series = [{ name: gettext("answers"), values: answers }];
  if (catalogue) series.push({ name: gettext("catalogue"), values: catalogue });
  const largestCount = Math.max(...series.flatMap((one) => one.values));
  await barPlot(document.getElementById("classes"), { labels, series, x: { title: gettext("Class") }, y: { title: gettext("Stars"), largestCount, fromZero: true } });
}
