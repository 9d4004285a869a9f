/** Teacher and student: another student shows at once; top-1 by source as bars. */
import { barPlot } from "../js/plot.js";

document.querySelector("[data-submits]")?.addEventListener("change", (event) => event.target.form.requestSubmit());

const stored = document.getElementById("sources-data");
if (stored) {
  const { labels, series } = JSON.parse(stored.textContent);
  await barPlot(document.getElementById("sources"), {
    x: { title: gettext("Source") },
    y: { title: gettext("Top-1"), range: [0, 1] },
    labels,
    series,
  });
}
