/** The list of bad bands as text and as strips in the spectrum, each changing the other. */
import { runsOf } from "./plots.js";

const PART = /(\d+)(?:\s*[-–]\s*(\d+))?/g;

export class BadBands {
  constructor(root, scene, axis) {
    Object.assign(this, { scene, axis, plot: null });
    this.field = root.querySelector("[data-bad]");
    this.count = root.querySelector("[data-bad-count]");
    this.fold = this.field.closest("details");
    this.field.value = written(scene.bad);
    this.field.addEventListener("input", () => this.show());
    this.show();
  }

  /** @returns {number[]} what the text means */
  get bands() {
    const bad = new Set();
    for (const [, first, last] of this.field.value.matchAll(PART)) {
      for (let band = Number(first); band <= Math.min(Number(last ?? first), this.scene.bands - 1); band += 1) bad.add(band);
    }
    return [...bad];
  }

  drawInto(plot) {
    this.plot = plot;
    plot.area.on("plotly_click", ({ points }) => this.fold.open && points.length && this.toggle(points[0].x));
  }

  /** The band nearest to a place on the axis becomes bad, or good again. */
  toggle(place) {
    const { x } = this.axis;
    const at = x.reduce((best, value, band) => (Math.abs(value - place) < Math.abs(x[best] - place) ? band : best), 0);
    const bad = new Set(this.bands);
    if (!bad.delete(at)) bad.add(at);
    this.field.value = written([...bad]);
    this.show();
  }

  show() {
    const bad = this.bands;
    this.plot?.set({ bad });
    this.count.textContent = bad.length ? interpolate(ngettext("%s band", "%s bands", bad.length), [bad.length]) : gettext("none");
  }
}

const written = (bad) => runsOf(bad).map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(", ");
