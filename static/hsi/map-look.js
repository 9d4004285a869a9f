/** How a map lies over the image: colours, scale, opacity, what is above the threshold, known anomalies. */
import { metric } from "../js/numbers.js";
import { paintScale, paintScores } from "./colours.js";
import { outlineOf } from "./outline.js";
import { loadPicture } from "./raster.js";
import { quantile, ranks } from "./scores.js";

const LOW_SHARE = 0.02;
const HIGH_SHARE = 0.998;
const RANK_LOW = 0.5;

export class MapLook {
  constructor(root, raster, scene, mask) {
    Object.assign(this, { root, raster, scene, look: "map", values: null, threshold: Infinity });
    this.mask = mask ? outlineOf(mask, scene.width) : null;
    this.find = (name) => root.querySelector(`[data-${name}]`);
    raster.setLayer("image", null);
    loadPicture(`${scene.api}/preview?bands=${scene.colour.join(",")}&size=2048`).then((picture) => raster.setLayer("image", picture), () => {});
    for (const button of root.querySelectorAll("[data-look]")) button.addEventListener("click", () => this.setLook(button.dataset.look));
    for (const name of ["colours", "scale"]) this.find(name).addEventListener("change", () => this.paint());
    this.find("opacity").addEventListener("input", () => raster.setAlpha("map", this.alpha));
    this.find("show-mask")?.addEventListener("change", () => this.outline());
  }

  get alpha() {
    return this.look === "outline" ? 0 : Number(this.find("opacity").value);
  }

  setLook(look) {
    this.look = look;
    for (const button of this.root.querySelectorAll("[data-look]")) button.setAttribute("aria-pressed", button.dataset.look === look);
    this.paint();
    this.outline();
  }

  setScores(values, sorted) {
    Object.assign(this, { values, sorted, ranked: null });
    this.readOut(this.raster.cursor);
  }

  setThreshold(threshold) {
    this.threshold = threshold;
    this.paint();
    this.outline();
  }

  /** What is painted: scores, or their ranks, with the range of the colours. */
  painted() {
    if (this.find("scale").value === "rank") {
      this.ranked ??= ranks(this.values);
      return { values: this.ranked, low: RANK_LOW, high: 1, gamma: 1 };
    }
    const [low, high] = [quantile(this.sorted, LOW_SHARE), quantile(this.sorted, HIGH_SHARE)];
    return { values: this.values, low, high, gamma: this.find("scale").value === "root" ? 0.5 : 1 };
  }

  paint() {
    if (!this.values) return;
    const { values, low, high, gamma } = this.painted();
    const colours = this.find("colours").value;
    const shown = this.look === "above" ? values.map((value, at) => (this.values[at] >= this.threshold ? value : NaN)) : values;
    this.raster.setLayer("map", paintScores(shown, this.scene.width, { colours, low, high, gamma }), this.alpha);
    paintScale(this.find("scale-bar"), colours);
    const isRank = this.find("scale").value === "rank";
    this.find("scale-low").textContent = isRank ? gettext("median") : `≤ ${metric(low)}`;
    this.find("scale-high").textContent = isRank ? gettext("strongest") : `≥ ${metric(high)}`;
  }

  outline() {
    const outlines = [];
    if (this.values && Number.isFinite(this.threshold)) {
      const above = Uint8Array.from(this.values, (value) => (value >= this.threshold ? 1 : 0));
      outlines.push({ path: outlineOf(above, this.scene.width), colour: "--outline-found" });
    }
    if (this.mask && this.find("show-mask").checked) outlines.push({ path: this.mask, colour: "--outline-known", dashed: true });
    this.raster.setOutlines(outlines);
  }

  readOut(place) {
    const out = this.raster.root.querySelector("[data-readout]");
    if (!place || !this.values) out.textContent = "";
    else {
      const score = metric(this.values[place.row * this.scene.width + place.column]);
      out.textContent = interpolate(gettext("row %s, column %s: %s"), [place.row, place.column, score]);
    }
  }
}
