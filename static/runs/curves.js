/** The curves of one run: history from the API, then live; zooming in asks for more detail of that part. */
import { linePlot } from "../js/plot.js";
import { toast } from "../js/toast.js";
import { asSeries, byMetric, fetchCurves, metricTitle } from "./curve-source.js";

const ZOOM_WAIT_MS = 250;

class CurveBoard {
  constructor(root, runId) {
    this.root = root;
    this.runId = runId;
    this.place = root.querySelector("[data-plots]");
    this.plots = new Map();
    this.curves = [];
    this.early = [];
    this.ready = false;
    this.smoothing = Number(root.querySelector("[data-smoothing]").value);
    root.querySelector("[data-smoothing]").addEventListener("input", (event) => this.setSmoothing(Number(event.target.value)));
    root.querySelector("[data-axis]").addEventListener("change", () => this.redraw());
  }

  get overEpochs() {
    return this.root.querySelector("[data-axis]").value === "epoch";
  }

  async start() {
    try {
      this.curves = await fetchCurves(this.runId);
    } catch (fault) {
      toast(fault.message, { tone: "failed", hint: fault.hint });
      this.curves = [];
    }
    this.place.replaceChildren();
    if (!this.curves.length) this.showEmpty();
    for (const [name] of byMetric(this.curves)) await this.plotFor(name);
    this.ready = true;
    const waiting = this.early;
    this.early = [];
    this.take(waiting);
  }

  showEmpty() {
    this.place.replaceChildren(this.root.querySelector("[data-empty]").content.cloneNode(true));
  }

  /** Steps become epochs by the line between the known points of whole epochs. */
  epochOf() {
    if (!this.overEpochs) return null;
    const whole = this.curves.find((curve) => curve.scope === "epoch" && curve.steps.length);
    if (!whole) return null;
    const perEpoch = whole.steps[whole.steps.length - 1] / whole.steps.length;
    return (step) => step / perEpoch;
  }

  seriesOf(name) {
    const mine = byMetric(this.curves.filter((curve) => curve.name === name))[0]?.[1] ?? [];
    const both = mine.some((curve) => curve.scope === "step" && mine.some((other) => other !== curve && other.phase === curve.phase));
    const epochOf = this.epochOf();
    return mine.map((curve) => asSeries(curve, both, epochOf));
  }

  async plotFor(name) {
    if (this.plots.has(name)) return this.plots.get(name);
    this.place.querySelector(".empty")?.remove();
    const card = this.root.querySelector("[data-figure]").content.cloneNode(true).firstElementChild;
    const figure = card.querySelector("figure");
    figure.id = `curve-${name}`;
    figure.setAttribute("aria-label", metricTitle(name));
    figure.querySelector("h3").textContent = metricTitle(name);
    this.place.append(card);
    const making = linePlot(figure, {
      x: { title: this.overEpochs ? gettext("Epoch") : gettext("Step") },
      y: { title: metricTitle(name) },
      smoothing: this.smoothing,
      legend: true,
      series: this.seriesOf(name),
    }).then((plot) => {
      plot.area.on("plotly_relayout", (change) => this.zoomed(name, plot, change));
      return plot;
    });
    this.plots.set(name, making);
    return making;
  }

  zoomed(name, plot, change) {
    clearTimeout(plot.zoomTimer);
    if (this.overEpochs) return;
    const [first, last] = [change["xaxis.range[0]"], change["xaxis.range[1]"]];
    const whole = change["xaxis.autorange"];
    if (!whole && first === undefined) return;
    if (!this.curves.some((curve) => curve.name === name && curve.bucketed)) return;
    plot.zoomTimer = setTimeout(async () => {
      if (whole) {
        plot.zoomed = false;
        plot.replace(this.seriesOf(name));
        return;
      }
      const finer = await fetchCurves(this.runId, { first, last, names: [name] });
      plot.zoomed = true;
      const both = new Set(finer.map((curve) => curve.phase)).size < finer.length;
      plot.replace(finer.map((curve) => asSeries(curve, both, null)));
    }, ZOOM_WAIT_MS);
  }

  setSmoothing(value) {
    this.smoothing = value;
    for (const making of this.plots.values()) making.then((plot) => plot.setSmoothing(value));
  }

  redraw() {
    const title = this.overEpochs ? gettext("Epoch") : gettext("Step");
    for (const [name, making] of this.plots) {
      making.then((plot) => {
        plot.options.x = { ...plot.options.x, title };
        plot.replace(this.seriesOf(name));
      });
    }
  }

  /** Take events of the socket. A point that is there already is left out. */
  take(events) {
    const metrics = events.filter((event) => event.kind === "metric");
    if (!metrics.length) return;
    if (!this.ready) {
      this.early.push(...metrics);
      return;
    }
    const grown = new Map();
    for (const { data } of metrics) {
      for (const [name, value] of Object.entries(data.values)) {
        if (this.addPoint(name, data, value)) grown.set(name, true);
      }
    }
    for (const name of grown.keys()) {
      this.plotFor(name).then((plot) => {
        if (!plot.zoomed) plot.replace(this.seriesOf(name));
      });
    }
  }

  addPoint(name, { phase, scope, step }, value) {
    let curve = this.curves.find((one) => one.name === name && one.phase === phase && one.scope === scope);
    if (!curve) {
      curve = { name, phase, scope, steps: [], values: [], min: [], max: [], bucketed: false };
      this.curves.push(curve);
    }
    const { steps } = curve;
    if (steps.length && step <= steps[steps.length - 1]) return false;
    const number = typeof value === "number" ? value : null;
    steps.push(step);
    for (const list of curve.bucketed ? [curve.values, curve.min, curve.max] : [curve.values]) list.push(number);
    return true;
  }
}

/** @param {HTMLElement} root @param {string} runId @returns {CurveBoard} */
export function startCurves(root, runId) {
  const board = new CurveBoard(root, runId);
  board.start();
  return board;
}

