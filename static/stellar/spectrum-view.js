/**
 * An interactive spectrum on a canvas. It knows nothing of where stars come from: `setStar` gives it one, `setMeans`
 * the means of classes, `set` what is shown. Event "change" (detail: settings), "point" (detail: text or "").
 */
import { drawSpectrum, panelsOf } from "./spectrum-draw.js";
import { gesturesOn } from "./spectrum-gestures.js";
import { shownFeatures } from "./spectrum-features.js";
import { airToVacuum, calmRange, errorsOf, firstAt, fitMeans, LIGHT, prettyUnit, smooth, vacuumToAir } from "./spectrum-math.js";

const SMALLEST = 8; // Angstrom that can be zoomed to
const ROOM = 0.1;
const NARROW = 560;
const MOST_SIGMAS = 6;

export const DEFAULTS = {
  smoothing: 0, error: true, line: true, band: true, telluric: true, own: [], off: [],
  medium: "vacuum", frame: "observed", unit: "Å", mean: "nearest", decided: true,
};

export class SpectrumView extends EventTarget {
  /** @param {HTMLCanvasElement} canvas @param {object[]} features known lines and bands, in vacuum at rest */
  constructor(canvas, features, settings = {}) {
    super();
    Object.assign(this, { canvas, features, settings: { ...DEFAULTS, ...settings }, means: null, star: null, decided: null });
    Object.assign(this, { xRange: [0, 1], fixedY: null, cursor: null, brush: null, isTall: false, waiting: 0 });
    new ResizeObserver(() => this.later()).observe(canvas);
    document.addEventListener("theme-changed", () => this.later());
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.later());
    gesturesOn(this);
  }

  get isReady() {
    return Boolean(this.star);
  }

  /** @param {{wavelength: number[], flux: number[], error: (number|null)[], medium: string, flux_unit: string, velocity: number} | null} star as observed, in Angstrom */
  setStar(star) {
    this.star = star && {
      ...star,
      wavelength: Float64Array.from(star.wavelength, (one) => (star.medium === "air" ? airToVacuum(one) : one)),
      ivar: Float64Array.from(star.error, (one) => (one > 0 ? 1 / one ** 2 : 0)),
    };
    this.decided = null;
    delete this.settings.velocity;
    this.fits = [];
    this.cursor = null;
    this.prepare(true);
  }

  setMeans(means) {
    this.means = means;
    if (this.star) this.prepare(false);
  }

  /** Which wavelengths decided: {start, end, value}[] in observed vacuum Angstrom, value from -1 to 1. */
  setDecided(decided) {
    this.decided = decided;
    this.later();
  }

  set(change) {
    const before = this.fraction();
    Object.assign(this.settings, change);
    if (this.star) this.prepare(false, before);
    this.dispatchEvent(new CustomEvent("change", { detail: this.settings }));
  }

  /** Vacuum, observed Angstrom to what the axis shows. */
  shown(wavelength) {
    const rest = this.settings.frame === "rest" ? wavelength / (1 + this.velocity / LIGHT) : wavelength;
    const inMedium = this.settings.medium === "air" ? vacuumToAir(rest) : rest;
    return this.settings.unit === "nm" ? inMedium / 10 : inMedium;
  }

  get velocity() {
    return this.settings.velocity ?? this.star?.velocity ?? 0;
  }

  /** Work out everything that does not depend on the zoom. */
  prepare(isNew, fraction = null) {
    const { star } = this;
    if (!star) {
      this.later();
      return;
    }
    const made = smooth({ x: star.wavelength, flux: star.flux, ivar: star.ivar }, this.settings.smoothing);
    this.x = Float64Array.from(star.wavelength, (one) => this.shown(one));
    this.raw = Float64Array.from(star.flux, (one, at) => (star.ivar[at] > 0 ? one : NaN));
    this.flux = made.flux;
    this.error = made.error;
    const factor = 1 + this.velocity / LIGHT;
    const rest = Float64Array.from(star.wavelength, (one) => one / factor);
    this.fits = fitMeans({ rest, flux: star.flux, ivar: star.ivar }, this.means);
    this.mean = this.chosenMean();
    const sigma = this.settings.smoothing ? this.error : errorsOf(star.ivar);
    this.residual = this.mean ? this.flux.map((one, at) => (one - this.mean.values[at]) / sigma[at]) : null;
    const measured = [...star.ivar.keys()].filter((at) => star.ivar[at] > 0);
    this.extent = [this.x[measured[0] ?? 0], this.x[measured.at(-1) ?? this.x.length - 1]];
    if (isNew || !fraction) this.reset();
    else {
      const [low, high] = this.extent;
      this.fixedY = null;
      this.show(low + fraction[0] * (high - low), low + fraction[1] * (high - low));
    }
  }

  chosenMean() {
    const { mean } = this.settings;
    if (mean === "none") return null;
    const found = mean === "nearest" ? this.fits[0] : this.fits.find((one) => one.name === mean);
    if (!found || !this.settings.smoothing) return found ?? null;
    // Both through the same kernel, or the residual would show what the smoothing took away.
    const { wavelength, ivar } = this.star;
    const weights = ivar.map((one, at) => (Number.isFinite(found.values[at]) ? one : 0));
    return { ...found, values: smooth({ x: wavelength, flux: found.values, ivar: weights }, this.settings.smoothing).flux };
  }

  /** What part of the whole is shown: kept when units or frames change. */
  fraction() {
    if (!this.extent) return null;
    const [low, high] = this.extent;
    return this.xRange.map((one) => (one - low) / (high - low));
  }

  reset() {
    this.fixedY = null;
    this.xRange = [...this.extent];
    this.later();
  }

  /** Show a range of the axis, never beyond the data. */
  show(low, high) {
    const [first, last] = this.extent;
    const smallest = this.settings.unit === "nm" ? SMALLEST / 10 : SMALLEST;
    const width = Math.min(last - first, Math.max(smallest, high - low));
    const begin = Math.min(last - width, Math.max(first, (low + high - width) / 2));
    this.xRange = [begin, begin + width];
    this.later();
  }

  zoomAt(place, factor) {
    const { left, right } = this.panels.main;
    const [low, high] = this.xRange;
    const at = low + ((place - left) / (right - left)) * (high - low);
    this.show(at - (at - low) / factor, at + (high - at) / factor);
  }

  zoom(factor) {
    const { left, right } = this.panels.main;
    this.zoomAt((left + right) / 2, factor);
  }

  setBrush(brush, isTall = false) {
    this.brush = brush && { ...brush };
    this.isTall = isTall;
    this.later();
  }

  showBox({ x0, x1, y0, y1 }, isTall) {
    const { main } = this.panels;
    const [low, high] = this.xRange;
    const value = (place) => low + ((place - main.left) / (main.right - main.left)) * (high - low);
    const [bottom, top] = this.yRange;
    const level = (place) => bottom + ((main.bottom - place) / (main.bottom - main.top)) * (top - bottom);
    this.fixedY = isTall && Math.min(y0, y1) < main.bottom ? [level(Math.min(main.bottom, Math.max(y0, y1))), level(Math.max(main.top, Math.min(y0, y1)))] : null;
    this.show(value(Math.min(x0, x1)), value(Math.max(x0, x1)));
  }

  pointAt(place) {
    if (!this.star || !this.panels) return;
    const { left, right } = this.panels.main;
    if (place === null || place < left || place > right) this.cursor = null;
    else {
      const wanted = this.xRange[0] + ((place - left) / (right - left)) * (this.xRange[1] - this.xRange[0]);
      const after = Math.min(this.x.length - 1, firstAt(this.x, wanted));
      const at = after && wanted - this.x[after - 1] < this.x[after] - wanted ? after - 1 : after;
      this.cursor = { at };
    }
    this.tellPoint();
  }

  /** Move the cross-hair by pixels of the spectrum. */
  step(by) {
    const from = this.cursor?.at ?? firstAt(this.x, (this.xRange[0] + this.xRange[1]) / 2);
    this.cursor = { at: Math.min(this.x.length - 1, Math.max(0, from + by)) };
    this.tellPoint();
  }

  tellPoint() {
    this.later();
    this.dispatchEvent(new CustomEvent("point", { detail: this.cursor ? this.pointFacts(this.cursor.at) : null }));
  }

  pointFacts(at) {
    const near = this.features.find((one) => this.markOf(one).start - 4 <= this.x[at] && this.x[at] <= this.markOf(one).end + 4);
    return { wavelength: this.x[at], flux: this.flux[at], error: this.error[at], mean: this.mean?.values[at], residual: this.residual?.[at], near: near?.name ?? "" };
  }

  later() {
    this.waiting ||= requestAnimationFrame(() => this.draw());
  }

  /** A feature where it stands on the axis: at rest it is where tables have it, observed it moves with the star. */
  markOf(one) {
    const factor = 1 + (one.kind === "telluric" ? 0 : this.velocity / LIGHT);
    return { ...one, start: this.shown(one.start * factor), end: this.shown(one.end * factor) };
  }

  titles() {
    const { medium, frame, unit } = this.settings;
    const words = {
      "vacuum observed": gettext("Wavelength in vacuum, as observed"), "vacuum rest": gettext("Wavelength in vacuum, at rest"),
      "air observed": gettext("Wavelength in air, as observed"), "air rest": gettext("Wavelength in air, at rest"),
    };
    const fluxUnit = prettyUnit(this.star.flux_unit);
    return {
      x: `${words[`${medium} ${frame}`]} [${unit}]`,
      y: `${gettext("Flux density")} [${fluxUnit || gettext("unit not stated")}]`,
      residual: `(${gettext("star")} − ${this.mean?.name ?? ""}) / σ`,
    };
  }

  /** Everything that is drawn. */
  scene(width, height, ground = false) {
    const features = shownFeatures(this.features, this.settings).map((one) => this.markOf(one));
    const labelRows = features.length ? (width < NARROW ? 2 : 3) : 0;
    const panels = panelsOf({ width, height, labelRows, hasResidual: Boolean(this.residual) });
    const from = Math.max(0, firstAt(this.x, this.xRange[0]) - 1);
    const to = Math.min(this.x.length, firstAt(this.x, this.xRange[1]) + 2);
    const decided = this.settings.decided && this.decided?.map((one) => ({ ...one, start: this.shown(one.start), end: this.shown(one.end) }));
    this.yRange = this.fixedY ?? roomy(calmRange(this.flux, from, to), ROOM);
    const spread = this.residual && calmRange(this.residual, from, to);
    const most = Math.min(MOST_SIGMAS * 5, Math.max(4, ...(spread ?? [0]).map(Math.abs)) * 1.25);
    return {
      width, height, ground, panels, features, labelRows, from, to, decided,
      x: this.x, flux: this.flux, error: this.error, raw: this.raw, mean: this.mean, residual: this.residual,
      band: this.settings.error, smoothed: this.settings.smoothing > 0, titles: this.titles(),
      ranges: { x: this.xRange, y: this.yRange, residual: [-most, most] },
      cursor: this.cursor, brush: this.brush, isTall: this.isTall,
    };
  }

  draw() {
    this.waiting = 0;
    const { clientWidth: width, clientHeight: height } = this.canvas;
    if (!width || !height) return;
    const ratio = devicePixelRatio || 1;
    const [wide, high] = [Math.round(width * ratio), Math.round(height * ratio)];
    if (this.canvas.width !== wide || this.canvas.height !== high) Object.assign(this.canvas, { width: wide, height: high });
    const pen = this.canvas.getContext("2d");
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    if (!this.star) {
      pen.clearRect(0, 0, width, height);
      return;
    }
    const scene = this.scene(width, height);
    this.panels = scene.panels;
    drawSpectrum(pen, scene);
    this.dispatchEvent(new CustomEvent("drawn"));
  }
}

function roomy(range, share) {
  if (!range) return [0, 1];
  const [low, high] = range;
  const width = high - low || Math.abs(high) || 1;
  return [low - share * width, high + share * width];
}
