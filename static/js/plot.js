/**
 * Plots: lines that grow live, bars, histograms, heat maps. A thin layer over Plotly that gives all of them the same
 * manners: axes with units, hover values, zoom, the page's theme, PNG, CSV, a sentence for screen readers.
 */
import { loadPlotly } from "./plots/load.js";
import { CONFIG, heatInk, heatScale, layoutFor, seriesColours } from "./plots/theme.js";
import { addTools, describeLines, seriesRows, setSummary } from "./plots/tools.js";
import { smoothed, span } from "./plots/series.js";
import { metric } from "./numbers.js";

const DASHES = ["solid", "dash", "dot", "dashdot"];
/** A series this short shows its points and is never smoothed: each of them counts. */
const FEW_POINTS = 40;
const PIXELS_PER_LABEL = 90;
const drawn = new Set();

document.addEventListener("theme-changed", () => {
  for (const plot of drawn) plot.draw();
});

/** What all plots share: one figure, one Plotly element, redrawn from its own data. */
export class Plot {
  constructor(figure, options) {
    this.figure = figure;
    this.options = options;
    this.area = figure.querySelector(".plot-area");
    this.waiting = 0;
  }

  async start() {
    this.plotly = await loadPlotly();
    this.area.replaceChildren();
    addTools(this.figure, {
      name: this.figure.id || "plot",
      reset: () => this.plotly.relayout(this.area, { "xaxis.autorange": true, "yaxis.autorange": true }),
      png: () => this.savePng(),
      rows: () => this.rows(),
      ...this.tools(),
    });
    await this.draw();
    drawn.add(this);
    this.observer = new ResizeObserver(() => {
      const { clientWidth } = this.area;
      if (clientWidth && clientWidth !== this.area._fullLayout?.width) this.plotly.Plots.resize(this.area);
    });
    this.observer.observe(this.area);
    return this;
  }

  tools() {
    return {};
  }

  /** Many changes, one drawing: at most once in an animation frame. */
  later() {
    this.waiting ||= requestAnimationFrame(() => {
      this.waiting = 0;
      this.draw();
    });
  }

  async draw() {
    await this.plotly.react(this.area, this.traces(), this.layout(), CONFIG);
    setSummary(this.figure, this.options.summary ?? this.describe());
  }

  layout() {
    return layoutFor(this.options);
  }

  async savePng() {
    const ground = getComputedStyle(document.documentElement).getPropertyValue("--surface").trim();
    const layout = { ...this.layout(), paper_bgcolor: ground, plot_bgcolor: ground };
    const size = { width: this.area.clientWidth, height: this.area.clientHeight, scale: 2 };
    await this.plotly.downloadImage({ data: this.traces(), layout }, { format: "png", filename: this.figure.id || "plot", ...size });
  }

  remove() {
    drawn.delete(this);
    this.observer?.disconnect();
    if (this.plotly) this.plotly.purge(this.area);
  }
}

export class LinePlot extends Plot {
  constructor(figure, options) {
    super(figure, { series: [], smoothing: 0, ...options });
    this.series = new Map(this.options.series.map((one) => [one.name, { ...one, x: [...one.x], y: [...one.y] }]));
  }

  tools() {
    return {
      log: this.options.y?.canLog === false ? undefined : { on: Boolean(this.options.y?.log), set: (on) => this.setLog(on) },
      smooth: this.options.canSmooth ? { value: this.options.smoothing, set: (value) => this.setSmoothing(value) } : undefined,
    };
  }

  setLog(on) {
    this.options.y = { ...this.options.y, log: on };
    this.later();
  }

  setSmoothing(value) {
    this.options.smoothing = value;
    this.later();
  }

  traces() {
    const colours = seriesColours();
    const weight = this.options.smoothing;
    const traces = [];
    [...this.series.values()].forEach((one, index) => {
      const colour = colours[(one.colour ?? index) % colours.length];
      const line = { color: colour, width: 2, dash: one.dash ?? DASHES[Math.floor(index / colours.length) % DASHES.length] };
      const few = one.x.length <= FEW_POINTS;
      if (!few && (weight || one.low)) {
        const raw = { ...line, width: 1 };
        traces.push({ type: "scatter", mode: "lines", ...span(one), line: raw, opacity: 0.25, hoverinfo: "skip", showlegend: false });
      }
      traces.push({
        type: "scatter",
        mode: few ? "lines+markers" : "lines",
        name: one.name,
        x: one.x,
        y: few ? one.y : smoothed(one.y, weight),
        line,
        marker: { size: one.x.length === 1 ? 8 : 4, color: colour },
        fill: one.fill ? "tozeroy" : undefined,
        fillcolor: one.fill ? `${colour}22` : undefined,
      });
    });
    return traces;
  }

  layout() {
    const layout = layoutFor({ ...this.options, legend: this.options.legend ?? this.series.size > 1 });
    // Labels that lie flat and do not touch, however narrow the plot is.
    layout.xaxis.nticks = Math.max(3, Math.floor(this.area.clientWidth / PIXELS_PER_LABEL));
    layout.xaxis.tickangle = 0;
    return layout;
  }

  /** Add points at the end of a series; a new name makes a new series. */
  append(name, x, y, look = {}) {
    const one = this.series.get(name) ?? { name, x: [], y: [], ...look };
    one.x.push(...x);
    one.y.push(...y);
    if (this.options.keep && one.x.length > this.options.keep) {
      one.x.splice(0, one.x.length - this.options.keep);
      one.y.splice(0, one.y.length - this.options.keep);
    }
    this.series.set(name, one);
    this.later();
  }

  /** Put other series in the place of all. */
  replace(series) {
    this.series = new Map(series.map((one) => [one.name, { ...one, x: [...one.x], y: [...one.y] }]));
    this.later();
  }

  rows() {
    return seriesRows(this.options.x?.title ?? "x", this.options.y?.title ?? "y", [...this.series.values()]);
  }

  describe() {
    return describeLines(this.options.x?.title ?? "x", [...this.series.values()]);
  }
}

class BarPlot extends Plot {
  traces() {
    const colours = seriesColours();
    return this.options.series.map((one, index) => ({
      type: "bar",
      name: one.name,
      orientation: this.options.horizontal ? "h" : "v",
      x: this.options.horizontal ? one.values : this.options.labels,
      y: this.options.horizontal ? this.options.labels : one.values,
      marker: { color: colours[index % colours.length] },
    }));
  }

  layout() {
    const layout = layoutFor({ hover: "closest", ...this.options, legend: this.options.series.length > 1 });
    if (this.options.horizontal) layout.yaxis.autorange = "reversed";
    layout.barmode = this.options.stacked ? "stack" : "group";
    layout.bargap = 0.25;
    return layout;
  }

  replace(labels, series) {
    Object.assign(this.options, { labels, series });
    this.later();
  }

  rows() {
    const names = this.options.series.map((one) => one.name);
    return [["", ...names], ...this.options.labels.map((label, at) => [label, ...this.options.series.map((one) => one.values[at])])];
  }

  describe() {
    return this.options.series
      .map((one) => `${one.name}: ${this.options.labels.slice(0, 20).map((label, at) => `${label} ${metric(one.values[at])}`).join(", ")}.`)
      .join(" ");
  }
}

export class HistogramPlot extends Plot {
  traces() {
    const { edges, series } = this.options;
    const colours = seriesColours();
    const middles = edges.slice(1).map((edge, at) => (edge + edges[at]) / 2);
    const widths = edges.slice(1).map((edge, at) => edge - edges[at]);
    return series.map((one, index) => ({
      type: "bar",
      name: one.name,
      x: middles,
      y: one.counts,
      width: widths,
      opacity: series.length > 1 ? 0.65 : 1,
      marker: { color: colours[index % colours.length] },
      customdata: edges.slice(1).map((edge, at) => [metric(edges[at]), metric(edge)]),
      hovertemplate: `%{customdata[0]} – %{customdata[1]}: %{y}<extra>${series.length > 1 ? "%{fullData.name}" : ""}</extra>`,
    }));
  }

  layout() {
    const { series, y } = this.options;
    const largestCount = Math.max(...series.flatMap((one) => one.counts));
    const layout = layoutFor({ hover: "closest", ...this.options, y: { ...y, largestCount }, legend: series.length > 1 });
    return { ...layout, barmode: "overlay", bargap: 0.02 };
  }

  rows() {
    const { edges, series } = this.options;
    return [[gettext("from"), gettext("to"), ...series.map((one) => one.name)], ...edges.slice(1).map((edge, at) => [edges[at], edge, ...series.map((one) => one.counts[at])])];
  }

  describe() {
    const { edges, series } = this.options;
    return series
      .map((one) => {
        const at = one.counts.indexOf(Math.max(...one.counts));
        return interpolate(gettext("%(name)s: most values lie from %(from)s to %(to)s."), { name: one.name, from: metric(edges[at]), to: metric(edges[at + 1]) }, true);
      })
      .join(" ");
  }
}

class HeatmapPlot extends Plot {
  traces() {
    const { columns, rows, values, shown } = this.options;
    const written = shown ?? values.map((row) => row.map((value) => metric(value)));
    return [
      {
        type: "heatmap",
        x: columns,
        y: rows,
        z: values,
        colorscale: heatScale(),
        textfont: { color: heatInk() },
        showscale: false,
        xgap: 1,
        ygap: 1,
        text: written,
        texttemplate: rows.length * columns.length <= 400 ? "%{text}" : undefined,
        hovertemplate: `${this.options.y?.title ?? ""}: %{y}<br>${this.options.x?.title ?? ""}: %{x}<br>%{text}<extra></extra>`,
      },
    ];
  }

  layout() {
    const layout = layoutFor({ hover: "closest", ...this.options });
    for (const axis of [layout.xaxis, layout.yaxis]) Object.assign(axis, { type: "category", nticks: 40, showgrid: false });
    layout.yaxis.autorange = "reversed";
    return layout;
  }

  rows() {
    const values = this.options.exported ?? this.options.values;
    return [["", ...this.options.columns], ...this.options.rows.map((name, at) => [name, ...values[at]])];
  }

  describe() {
    return this.options.title ?? "";
  }
}

/** Lines over a number or a time. Options: x, y {title, unit, log, range}, series [{name, x, y}], smoothing, canSmooth, keep. */
export const linePlot = (figure, options) => new LinePlot(figure, options).start();
/** Bars: labels, series [{name, values}], horizontal, stacked. */
export const barPlot = (figure, options) => new BarPlot(figure, options).start();
/** Counts that are already binned: edges (n + 1), series [{name, counts}]. */
export const histogramPlot = (figure, options) => new HistogramPlot(figure, options).start();
/** A matrix: rows, columns, values; shown holds the texts of the cells. */
export const heatmapPlot = (figure, options) => new HeatmapPlot(figure, options).start();
