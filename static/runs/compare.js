/** Curves of several runs over one another, and the table of what differs. */
import { linePlot } from "../js/plot.js";
import { element } from "../js/icons.js";
import { fetchCurves, metricTitle, phaseTitle } from "./curve-source.js";

const PHASES = ["val", "test", "train"];
const stored = document.getElementById("compared-runs");
const runs = stored ? JSON.parse(stored.textContent) : [];
const place = document.querySelector("[data-compare-curves]");
const smoothing = document.querySelector("[data-smoothing]");
const axis = document.querySelector("[data-axis]");
const plots = [];

/** Of a metric in a phase, whole epochs compare better than single steps. */
function best(curves, name, phase) {
  const mine = curves.filter((curve) => curve.name === name && curve.phase === phase);
  return mine.find((curve) => curve.scope === "step" && axis.value === "step") ?? mine.find((curve) => curve.scope === "epoch") ?? mine[0];
}

function seriesOf(all, name, phase) {
  return runs.flatMap((run, index) => {
    const curve = best(all[index], name, phase);
    if (!curve) return [];
    const whole = all[index].find((one) => one.scope === "epoch" && one.steps.length);
    const perEpoch = whole ? whole.steps[whole.steps.length - 1] / whole.steps.length : 1;
    const x = axis.value === "epoch" ? curve.steps.map((step) => step / perEpoch) : curve.steps;
    return [{ name: run.name, x, y: curve.values, colour: index % 8, low: curve.bucketed ? curve.min : undefined, high: curve.bucketed ? curve.max : undefined }];
  });
}

function figureFor(title) {
  const card = document.querySelector("[data-figure]").content.cloneNode(true).firstElementChild;
  const figure = card.querySelector("figure");
  figure.id = `compare-${plots.length}`;
  figure.setAttribute("aria-label", title);
  figure.querySelector("h3").textContent = title;
  place.append(card);
  return figure;
}

async function start() {
  const all = await Promise.all(runs.map((run) => fetchCurves(run.id).catch(() => [])));
  place.replaceChildren();
  const keys = new Map();
  for (const curve of all.flat().filter((one) => one.steps.length > 1)) keys.set(`${curve.phase}/${curve.name}`, curve);
  const wanted = [...keys.values()].sort(
    (a, b) => (a.name === "learning_rate") - (b.name === "learning_rate") || PHASES.indexOf(a.phase) - PHASES.indexOf(b.phase) || a.name.localeCompare(b.name),
  );
  if (!wanted.length) place.append(element("p", { class: "muted" }, gettext("None of these runs has curves.")));
  for (const { name, phase } of wanted) {
    const title = `${metricTitle(name)} · ${phaseTitle(phase)}`;
    const plot = await linePlot(figureFor(title), {
      x: { title: axis.value === "epoch" ? gettext("Epoch") : gettext("Step") },
      y: { title: metricTitle(name) },
      smoothing: Number(smoothing.value),
      legend: false,
      series: seriesOf(all, name, phase),
    });
    plots.push({ plot, name, phase });
  }
  axis.addEventListener("change", () => {
    for (const { plot, name, phase } of plots) {
      plot.options.x = { title: axis.value === "epoch" ? gettext("Epoch") : gettext("Step") };
      plot.replace(seriesOf(all, name, phase));
    }
  });
}

if (place) {
  smoothing.addEventListener("input", () => {
    for (const { plot } of plots) plot.setSmoothing(Number(smoothing.value));
  });
  start();
}

document.querySelector("[data-only-differences]")?.addEventListener("change", (event) => {
  for (const row of document.querySelectorAll("[data-same]")) row.hidden = event.target.checked;
});
