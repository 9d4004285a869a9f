/** Which bands are shown, and how they are stretched: three as colours, or one with a slider that plays. */

const PLAY_MS = 160;

/** Puts the icon's name of a button right: play or pause. */
function setIcon(button, name) {
  const use = button.querySelector("use");
  use.setAttribute("href", use.getAttribute("href").replace(/#.*/, `#${name}`));
}

export class BandChoice {
  /** @param {HTMLElement} root @param {object} scene @param {{x: number[], unit: string}} axis @param {(choice: object) => void} changed */
  constructor(root, scene, axis, changed) {
    Object.assign(this, { root, scene, axis, changed, mode: "colour", unit: "band", timer: 0 });
    this.colours = [...scene.colour];
    this.inputs = [...root.querySelectorAll("[data-colour]")];
    this.slider = root.querySelector("[data-band]");
    this.name = root.querySelector("[data-band-name]");
    this.play = root.querySelector("[data-play]");
    this.stretchField = root.querySelector("[data-stretch]");
    for (const button of root.querySelectorAll("[data-mode]")) button.addEventListener("click", () => this.setMode(button.dataset.mode));
    for (const button of root.querySelectorAll("[data-unit]")) button.addEventListener("click", () => this.setUnit(button.dataset.unit));
    for (const input of this.inputs) input.addEventListener("change", () => this.readColour(input));
    root.querySelector("[data-usual]").addEventListener("click", () => {
      this.colours = [...scene.colour];
      this.write();
      this.tell();
    });
    this.slider.addEventListener("input", () => {
      this.write();
      this.tell();
    });
    this.stretchField.addEventListener("change", () => this.tell());
    this.play.addEventListener("click", () => this.setPlaying(!this.timer));
    this.write();
  }

  get bands() {
    return this.mode === "colour" ? this.colours : [Number(this.slider.value)];
  }

  get stretch() {
    return this.stretchField.value.split(",").map(Number);
  }

  tell() {
    this.changed(this);
  }

  setMode(mode) {
    this.mode = mode;
    if (mode === "colour") this.setPlaying(false);
    for (const button of this.root.querySelectorAll("[data-mode]")) button.setAttribute("aria-pressed", button.dataset.mode === mode);
    for (const part of this.root.querySelectorAll("[data-when]")) part.hidden = part.dataset.when !== mode;
    this.tell();
  }

  setUnit(unit) {
    this.unit = unit;
    for (const button of this.root.querySelectorAll("[data-unit]")) button.setAttribute("aria-pressed", button.dataset.unit === unit);
    this.write();
  }

  /** The band that a number means: the nearest wavelength, or the band itself. */
  bandOf(number) {
    if (!Number.isFinite(number)) return null;
    if (this.unit === "band") return Math.min(this.scene.bands - 1, Math.max(0, Math.round(number)));
    return this.axis.x.reduce((best, x, band) => (Math.abs(x - number) < Math.abs(this.axis.x[best] - number) ? band : best), 0);
  }

  readColour(input) {
    const band = input.value === "" ? null : this.bandOf(Number(input.value));
    if (band !== null) this.colours[Number(input.dataset.colour)] = band;
    this.write();
    this.tell();
  }

  write() {
    const byBand = this.unit === "band";
    this.inputs.forEach((input, at) => {
      input.min = byBand ? 0 : Math.floor(Math.min(...this.axis.x));
      input.max = byBand ? this.scene.bands - 1 : Math.ceil(Math.max(...this.axis.x));
      input.step = byBand ? 1 : "any";
      input.value = byBand ? this.colours[at] : Number(this.axis.x[this.colours[at]].toFixed(1));
    });
    const band = Number(this.slider.value);
    const place = this.axis.unit ? ` · ${this.axis.x[band].toFixed(1)} nm` : "";
    this.name.textContent = `${band} / ${this.scene.bands - 1}${place}`;
    this.slider.setAttribute("aria-valuetext", this.name.textContent);
  }

  setPlaying(on) {
    clearInterval(this.timer);
    this.timer = on ? setInterval(() => this.next(), PLAY_MS) : 0;
    this.play.setAttribute("aria-pressed", on);
    setIcon(this.play, on ? "pause" : "play");
  }

  next() {
    this.slider.value = (Number(this.slider.value) + 1) % this.scene.bands;
    this.write();
    this.tell();
  }
}
