/** The card with a spectrum: its controls, its readout, what is saved, and what is remembered from star to star. */
import { element, icon } from "../js/icons.js";
import { saveText } from "../js/plots/tools.js";
import { drawSpectrum } from "./spectrum-draw.js";
import { spectrumRows } from "./spectrum-export.js";
import { keyOf, readLine } from "./spectrum-features.js";
import { airToVacuum } from "./spectrum-math.js";
import { DEFAULTS, SpectrumView } from "./spectrum-view.js";

const REMEMBERED = "stellar-spectrum";
const KEYS_ZOOM = 1.6;
const KEPT = ["smoothing", "error", "line", "band", "telluric", "own", "off", "medium", "frame", "unit", "mean", "decided"];

function remembered() {
  try {
    const read = JSON.parse(localStorage.getItem(REMEMBERED) ?? "{}");
    return Object.fromEntries(KEPT.filter((key) => typeof read[key] === typeof DEFAULTS[key]).map((key) => [key, read[key]]));
  } catch {
    return {};
  }
}

function remember(settings) {
  try {
    localStorage.setItem(REMEMBERED, JSON.stringify(Object.fromEntries(KEPT.map((key) => [key, settings[key]]))));
  } catch {
    /* A browser that keeps nothing shows the usual settings next time. */
  }
}

/** @param {HTMLElement} root a [data-spectrum] card @returns {SpectrumPanel} */
export const mountSpectrum = (root) => new SpectrumPanel(root);

class SpectrumPanel {
  constructor(root) {
    this.root = root;
    this.known = JSON.parse(document.getElementById("features").textContent);
    this.view = new SpectrumView(root.querySelector("canvas"), this.known, remembered());
    this.name = "spectrum";
    this.bind();
    this.showSettings();
    this.listLines();
  }

  find(selector) {
    return this.root.querySelector(selector);
  }

  bind() {
    const { view, root } = this;
    this.find("[data-smoothing]").addEventListener("input", (event) => view.set({ smoothing: Number(event.target.value) }));
    this.find("[data-velocity]").addEventListener("change", (event) => {
      const value = event.target.valueAsNumber;
      view.set({ velocity: Number.isFinite(value) ? value : undefined });
    });
    root.addEventListener("change", ({ target }) => {
      if (target.dataset.set) view.set({ [target.dataset.set]: target.value });
      if (target.dataset.show) view.set({ [target.dataset.show]: target.checked });
      if (target.dataset.line) this.toggleLine(target.dataset.line, target.checked);
    });
    root.addEventListener("click", ({ target }) => {
      const button = target.closest("button");
      if (button?.dataset.choose) view.set({ [button.dataset.choose]: button.value });
      if (button?.dataset.forget) this.forgetLine(button.dataset.forget);
      if (!view.isReady) return;
      if (button?.dataset.zoom === "all") view.reset();
      else if (button?.dataset.zoom) view.zoom(button.dataset.zoom === "in" ? KEYS_ZOOM : 1 / KEYS_ZOOM);
      if (button?.dataset.save) this.save(button.dataset.save);
    });
    this.find("[data-own-line]").addEventListener("submit", (event) => {
      event.preventDefault();
      this.addLine(event.target.querySelector("input"));
    });
    view.addEventListener("change", () => {
      remember(view.settings);
      this.showSettings();
    });
    view.addEventListener("point", ({ detail }) => this.showPoint(detail));
    view.addEventListener("drawn", () => this.summarise());
  }

  /** Show a star; null when it has no spectrum, with the reason. */
  setStar(star, { name = "spectrum", reason = "" } = {}) {
    this.name = name;
    this.find("[data-spectrum-none]").hidden = Boolean(star);
    this.find("[data-spectrum-none]").textContent = reason || gettext("There is no spectrum.");
    this.find("[data-decided-choice]").hidden = true;
    this.view.setStar(star);
    this.showSettings();
    this.showPoint(null);
  }

  setDecided(decided) {
    this.find("[data-decided-choice]").hidden = !decided;
    this.view.setDecided(decided);
  }

  showSettings() {
    const { settings } = this.view;
    this.find("[data-smoothing]").value = settings.smoothing;
    this.find("[data-smoothing-value]").textContent = settings.smoothing ? `${settings.smoothing} Å` : gettext("raw");
    for (const box of this.root.querySelectorAll("[data-show]")) box.checked = settings[box.dataset.show];
    for (const button of this.root.querySelectorAll("[data-choose]")) button.setAttribute("aria-pressed", settings[button.dataset.choose] === button.value);
    this.find("[data-set=mean]").value = settings.mean;
    const velocity = this.find("[data-velocity]");
    if (document.activeElement !== velocity) velocity.value = this.view.velocity.toFixed(0);
  }

  showPoint(point) {
    const place = this.find("[data-readout]");
    if (!point) {
      place.textContent = "";
      return;
    }
    const { unit } = this.view.settings;
    const digits = (value) => (Number.isFinite(value) ? Number(value.toPrecision(4)) : "–");
    const parts = [`λ ${point.wavelength.toFixed(unit === "nm" ? 2 : 1)} ${unit}`, `${gettext("flux")} ${digits(point.flux)} ± ${digits(point.error)}`];
    if (point.error > 0) parts.push(`S/N ${digits(point.flux / point.error)}`);
    if (Number.isFinite(point.mean)) parts.push(`${this.view.mean.name} ${digits(point.mean)} (${point.residual > 0 ? "+" : ""}${Number.isFinite(point.residual) ? point.residual.toFixed(1) : "–"} σ)`);
    if (point.near) parts.push(point.near);
    place.textContent = parts.join(" · ");
  }

  /** What the picture says, in words. */
  summarise() {
    const { view } = this;
    if (!view.star) return;
    const { unit } = view.settings;
    const facts = { from: view.xRange[0].toFixed(0), to: view.xRange[1].toFixed(0), unit, low: view.yRange[0].toPrecision(3), high: view.yRange[1].toPrecision(3) };
    let text = interpolate(gettext("Shown from %(from)s to %(to)s %(unit)s, flux density from %(low)s to %(high)s."), facts, true);
    const nearest = view.fits[0];
    if (nearest) text += ` ${interpolate(gettext("Nearest class mean: %(name)s, reduced chi-square %(chi2)s."), { name: nearest.name, chi2: nearest.chi2.toFixed(2) }, true)}`;
    const place = this.find("[data-summary]");
    if (place.textContent !== text) place.textContent = text;
    const note = nearest ? interpolate(gettext("nearest mean %(name)s (of %(count)s stars), χ² per pixel %(chi2)s"), { name: nearest.name, count: nearest.count, chi2: nearest.chi2.toFixed(2) }, true) : this.whyNoMean();
    this.find("[data-spectrum-note]").textContent = note;
  }

  whyNoMean() {
    if (!this.view.means) return "";
    return Object.keys(this.view.means.classes).length ? "" : gettext("no class mean: no class of the survey has three spectra");
  }

  /* Lines */
  listLines() {
    const { settings } = this.view;
    const own = settings.own.map((one) => ({ ...one, kind: "own", start: one.wavelength, end: one.wavelength }));
    const place = (one) => (one.end > one.start ? `${one.start.toFixed(0)}–${one.end.toFixed(0)}` : one.start.toFixed(1));
    this.find("[data-lines]").replaceChildren(
      ...[...this.known, ...own].map((one) =>
        element("span", { class: "line-choice" },
          element("label", { class: "check small" },
            element("input", { type: "checkbox", "data-line": keyOf(one), ...(settings.off.includes(keyOf(one)) ? {} : { checked: true }) }),
            element("span", { class: `key key-${one.kind}`, "aria-hidden": "true" }), one.name, element("span", { class: "muted num" }, place(one))),
          one.kind === "own" ? element("button", { type: "button", class: "copy", "data-forget": keyOf(one), "aria-label": interpolate(gettext("Remove %s"), [one.name]) }, icon("close", "s")) : ""),
      ),
    );
    const off = settings.off.length;
    this.find("[data-lines-count]").textContent = off ? interpolate(gettext("%s off"), [off]) : "";
  }

  toggleLine(key, on) {
    const off = this.view.settings.off.filter((one) => one !== key);
    this.view.set({ off: on ? off : [...off, key] });
    this.listLines();
  }

  addLine(field) {
    const read = readLine(field.value);
    field.setCustomValidity(read ? "" : gettext("Write a wavelength, such as 6709.6 Å Li I."));
    if (!read) {
      field.reportValidity();
      field.addEventListener("input", () => field.setCustomValidity(""), { once: true });
      return;
    }
    const wavelength = this.view.settings.medium === "air" ? airToVacuum(read.wavelength) : read.wavelength;
    this.view.set({ own: [...this.view.settings.own, { name: read.name, wavelength }] });
    field.value = "";
    this.listLines();
  }

  forgetLine(key) {
    const own = this.view.settings.own.filter((one) => keyOf({ name: one.name, start: one.wavelength }) !== key);
    this.view.set({ own });
    this.listLines();
  }

  /* Files */
  save(kind) {
    if (kind === "csv") {
      saveText(spectrumRows(this.view), `${this.name}.csv`);
      return;
    }
    const { clientWidth: width, clientHeight: height } = this.view.canvas;
    const canvas = element("canvas", { width: width * 2, height: height * 2 });
    const pen = canvas.getContext("2d");
    pen.scale(2, 2);
    drawSpectrum(pen, { ...this.view.scene(width, height, true), cursor: null, brush: null });
    canvas.toBlob((blob) => {
      const url = URL.createObjectURL(blob);
      const link = element("a", { href: url, download: `${this.name}.png` });
      link.click();
      setTimeout(() => URL.revokeObjectURL(url), 1000);
    }, "image/png");
  }
}
