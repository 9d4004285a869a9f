/** The threshold: a slider over the share of pixels above it (one step from half of the scene to one pixel), its number, and the histogram. */
import { metric, percent } from "../js/numbers.js";
import { thresholdHistogram } from "./plots.js";
import { countAbove, histogramOf } from "./scores.js";

const STEPS = 1000;
const LARGEST_SHARE = 0.5;
const FIRST_SHARE = 0.01;

export class ThresholdPanel extends EventTarget {
  constructor(root, scene) {
    super();
    this.slider = root.querySelector("[data-threshold]");
    this.field = root.querySelector("[data-threshold-value]");
    this.counts = root.querySelector("[data-counts]");
    this.figure = root.querySelector("#histogram");
    Object.assign(this, { scene, share: FIRST_SHARE, plot: null, regions: null, waiting: 0 });
    this.slider.addEventListener("input", () => this.setShare(this.shareAt(Number(this.slider.value))));
    this.field.addEventListener("change", () => Number.isFinite(this.field.valueAsNumber) && this.setThreshold(this.field.valueAsNumber));
    for (const button of root.querySelectorAll("[data-share]")) button.addEventListener("click", () => this.setShare(Number(button.dataset.share)));
  }

  /** The slider is logarithmic: right means fewer pixels. */
  shareAt(step) {
    const smallest = 1 / this.sorted.length;
    return LARGEST_SHARE * (smallest / LARGEST_SHARE) ** (step / STEPS);
  }

  stepOf(share) {
    const smallest = 1 / this.sorted.length;
    const step = (STEPS * Math.log(share / LARGEST_SHARE)) / Math.log(smallest / LARGEST_SHARE);
    return Math.round(Math.min(STEPS, Math.max(0, step)));
  }

  /** Other scores keep the share of pixels, since their numbers mean something else. */
  setScores(values, sorted) {
    this.sorted = sorted;
    this.drawHistogram();
    this.setShare(this.share);
  }

  setShare(share) {
    this.share = share;
    const count = Math.max(1, Math.round(share * this.sorted.length));
    this.apply(this.sorted[this.sorted.length - count]);
  }

  setThreshold(threshold) {
    this.share = Math.max(1, countAbove(this.sorted, threshold)) / this.sorted.length;
    this.apply(threshold);
  }

  apply(threshold) {
    this.threshold = threshold;
    this.slider.value = this.stepOf(this.share);
    this.field.value = Number(threshold.toPrecision(6));
    this.slider.setAttribute("aria-valuetext", interpolate(gettext("%s of the pixels"), [percent(this.share)]));
    this.waiting ||= requestAnimationFrame(() => {
      this.waiting = 0;
      this.plot?.set({ threshold: this.threshold });
      this.dispatchEvent(new CustomEvent("change", { detail: this.threshold }));
    });
  }

  setRegions(count) {
    const pixels = countAbove(this.sorted, this.threshold);
    const inPixels = interpolate(ngettext("%s pixel", "%s pixels", pixels), [metric(pixels)]);
    const inRegions = interpolate(ngettext("%s region", "%s regions", count), [metric(count)]);
    const share = pixels / this.sorted.length;
    this.counts.textContent = `${inPixels} (${share < 0.001 ? `${(100 * share).toPrecision(1)} %` : percent(share)}) · ${inRegions}`;
  }

  async drawHistogram() {
    const { edges, counts } = histogramOf(this.sorted);
    const series = [{ name: gettext("Pixels"), counts }];
    if (this.plot) {
      this.plot.set({ edges, series });
      return;
    }
    this.drawing ??= thresholdHistogram(this.figure, {
      x: { title: gettext("Score") }, y: { title: gettext("Pixels"), log: true }, edges, series, threshold: this.threshold,
    }).then((plot) => {
      this.plot = plot;
      plot.set({ ...this.histogramNow(), threshold: this.threshold });
      plot.area.on("plotly_click", ({ points }) => points.length && this.setThreshold(points[0].x));
    });
  }

  histogramNow() {
    const { edges, counts } = histogramOf(this.sorted);
    return { edges, series: [{ name: gettext("Pixels"), counts }] };
  }
}
