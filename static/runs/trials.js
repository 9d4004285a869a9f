/** The trials of a search as parallel coordinates: one axis a setting, the last one the metric, one line a trial. */
import { metric } from "../js/numbers.js";
import { Plot } from "../js/plot.js";
import { layoutFor, seriesColours } from "../js/plots/theme.js";

/** Where a value lies on its axis, 0..1: words in their order, numbers linearly or by their logarithm. */
function scaleOf(values, allowed) {
  if (allowed?.values) return { of: (value) => allowed.values.indexOf(value) / (allowed.values.length - 1), ends: [allowed.values[0], allowed.values.at(-1)] };
  const bend = allowed?.log ? Math.log10 : (value) => value;
  const ends = [allowed?.low ?? Math.min(...values), allowed?.high ?? Math.max(...values)];
  const [low, high] = ends.map(bend);
  return { of: (value) => (high > low ? (bend(value) - low) / (high - low) : 0.5), ends };
}

/** The axes with their ends, and for each completed trial where it crosses them; the best comes last, on top. */
export function parallelLines({ space, metric: counted, trials, best }) {
  const done = trials.filter((trial) => trial.state === "completed");
  const axes = Object.entries(space).map(([key, allowed]) => ({ key, allowed, value: (trial) => trial.values[key] }));
  axes.push({ key: counted, value: (trial) => trial.value });
  for (const axis of axes) axis.scale = scaleOf(done.map(axis.value), axis.allowed);
  const lines = done.map((trial) => ({
    number: trial.number + 1,
    isBest: trial.number === best,
    heights: axes.map((axis) => axis.scale.of(axis.value(trial))),
    values: axes.map((axis) => axis.value(trial)),
  }));
  return { axes, lines: lines.sort((one, other) => one.isBest - other.isBest) };
}

class ParallelPlot extends Plot {
  traces() {
    const [usual, best] = seriesColours();
    return this.options.lines.map((line) => ({
      type: "scatter",
      mode: "lines+markers",
      name: interpolate(gettext("Trial %s"), [line.number]),
      x: this.options.axes.map((axis) => axis.key),
      y: line.heights,
      text: line.values.map((value) => metric(value)),
      line: { color: line.isBest ? best : usual, width: line.isBest ? 3 : 1 },
      marker: { size: line.isBest ? 7 : 4 },
      opacity: line.isBest ? 1 : 0.25 + 0.5 * line.heights.at(-1),
      hovertemplate: "%{x}: %{text}<extra>%{fullData.name}</extra>",
    }));
  }

  layout() {
    const layout = layoutFor({ hover: "closest", y: { range: [-0.12, 1.12] } });
    Object.assign(layout.xaxis, { type: "category", showgrid: true });
    Object.assign(layout.yaxis, { showticklabels: false, showgrid: false, showline: false });
    const ends = this.options.axes.flatMap((axis) => axis.scale.ends.map((value, at) => ({ x: axis.key, y: at ? 1.07 : -0.07, text: metric(value), showarrow: false, font: layout.xaxis.tickfont })));
    return { ...layout, annotations: ends };
  }

  rows() {
    const { axes, lines } = this.options;
    return [[gettext("Trial"), ...axes.map((axis) => axis.key)], ...lines.map((line) => [line.number, ...line.values])];
  }

  describe() {
    const { axes, lines } = this.options;
    const best = lines.find((line) => line.isBest);
    if (!best) return gettext("No trial is completed yet.");
    return interpolate(gettext("Best is trial %s: %s."), [best.number, axes.map((axis, at) => `${axis.key} ${metric(best.values[at])}`).join(", ")]);
  }
}

/** @param {HTMLElement} root */
export function startTrials(root) {
  const stored = root.querySelector("#trials-data");
  if (stored) new ParallelPlot(root.querySelector("#parallel"), parallelLines(JSON.parse(stored.textContent))).start();
}
