/** Plots of this domain: spectra with spread and bad bands, histograms with a threshold, ROC over a linear or log axis. */
import { HistogramPlot, LinePlot } from "../js/plot.js";
import { seriesColours } from "../js/plots/theme.js";

const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** @returns {{x: number[], title: string, unit: string}} the spectral axis: wavelengths where known, else band numbers */
export function spectralAxis({ bands, wavelengths }) {
  if (wavelengths?.length === bands) return { x: wavelengths, title: gettext("Wavelength"), unit: "nm" };
  return { x: Array.from({ length: bands }, (_, band) => band), title: gettext("Band"), unit: "" };
}

/** Runs of equal neighbours: [3, 4, 5, 9] becomes [[3, 5], [9, 9]]. */
export function runsOf(numbers) {
  const runs = [];
  for (const number of [...numbers].sort((a, b) => a - b)) {
    const last = runs[runs.length - 1];
    if (last && number <= last[1] + 1) last[1] = number;
    else runs.push([number, number]);
  }
  return runs;
}

/** Lines over a background of mean and spread. Options beside those of a line plot: spread {x, mean, std, name}, bad, marks. */
class SpectrumPlot extends LinePlot {
  traces() {
    const { spread } = this.options;
    const lines = super.traces().map((trace) => ({ ...trace, mode: "lines", line: { ...trace.line, width: 1.75 } }));
    if (!spread) return lines;
    const grey = seriesColours()[7];
    const edge = (sign) => spread.mean.map((value, at) => value + sign * spread.std[at]);
    const quiet = { type: "scatter", mode: "lines", x: spread.x, hoverinfo: "skip", showlegend: false, line: { width: 0 } };
    return [
      { ...quiet, y: edge(-1) },
      { ...quiet, y: edge(1), fill: "tonexty", fillcolor: `${grey}2e` },
      { type: "scatter", mode: "lines", name: spread.name, x: spread.x, y: spread.mean, line: { color: grey, width: 1.25, dash: "dash" } },
      ...lines,
    ];
  }

  layout() {
    const layout = super.layout();
    const { bad = [], marks = [], axis } = this.options;
    const half = (at, side) => {
      const here = axis.x[at];
      const next = axis.x[at + side];
      return next === undefined ? here : (here + next) / 2;
    };
    const strips = runsOf(bad).map(([first, last]) => ({
      type: "rect", yref: "paper", x0: half(first, -1), x1: half(last, 1), y0: 0, y1: 1, layer: "below",
      fillcolor: token("--failed-soft"), line: { width: 0 },
    }));
    const lines = marks.map(({ band, colour }) => ({
      type: "line", yref: "paper", x0: axis.x[band], x1: axis.x[band], y0: 0, y1: 1,
      line: { color: token(colour), width: 1.25, dash: "dot" },
    }));
    layout.yaxis.exponentformat = "none";
    return { ...layout, shapes: [...strips, ...lines], showlegend: true };
  }

  /** Change what lies behind the lines. */
  set(changes) {
    Object.assign(this.options, changes);
    this.later();
  }
}

class ThresholdHistogram extends HistogramPlot {
  layout() {
    const layout = super.layout();
    Object.assign(layout.yaxis, { dtick: 1, exponentformat: "SI" });
    layout.xaxis.exponentformat = "none";
    const { threshold } = this.options;
    if (Number.isFinite(threshold)) {
      layout.shapes = [{ type: "line", yref: "paper", x0: threshold, x1: threshold, y0: 0, y1: 1, line: { color: token("--failed"), width: 2 } }];
    }
    return layout;
  }

  set(changes) {
    Object.assign(this.options, changes);
    this.later();
  }
}

class RatePlot extends LinePlot {
  tools() {
    return { log: { on: false, set: (on) => this.setLog(on) } };
  }

  /** Few false alarms are what counts: the logarithm is of the horizontal axis. */
  setLog(on) {
    this.options.x = { ...this.options.x, log: on, range: on ? [Math.log10(this.options.smallest), 0] : [-0.02, 1.02] };
    this.later();
  }

  layout() {
    const layout = super.layout();
    if (this.options.x.log) Object.assign(layout.xaxis, { dtick: 1, exponentformat: "none", nticks: undefined });
    return layout;
  }
}

export const spectrumPlot = (figure, options) => new SpectrumPlot(figure, { y: { title: gettext("Value") }, ...options }).start();
export const thresholdHistogram = (figure, options) => new ThresholdHistogram(figure, options).start();
export const ratePlot = (figure, options) => new RatePlot(figure, options).start();
