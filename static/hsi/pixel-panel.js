/** One pixel: its score by every method, its spectrum, and the background spectra that are most like it, with their places. */
import { api } from "../js/http.js";
import { element } from "../js/icons.js";
import { metric } from "../js/numbers.js";
import { toast } from "../js/toast.js";
import { spectralAxis, spectrumPlot } from "./plots.js";
import { countAbove, ordered } from "./scores.js";

const NEIGHBOURS = 5;
const SPAN = 24;
/** Larger scenes are not fetched in all methods for the sake of one pixel: only those that are here already count. */
const FETCH_ALL_PIXELS = 300_000;

export class PixelPanel {
  constructor({ boot, raster, scores }) {
    Object.assign(this, { boot, raster, scores, scene: boot.scene, place: null, plot: null, newest: 0 });
    this.axis = spectralAxis(this.scene);
    this.bars = document.querySelector("[data-pixel-scores]");
    this.where = document.querySelector("[data-pixel-place]");
    this.area = document.querySelector("[data-pixel-plot]");
    this.list = document.querySelector("[data-neighbours]");
    this.sorted = new Map();
  }

  setShown(values, method) {
    this.method = method;
    if (this.place) this.drawScores();
  }

  /** The method that says what is background: the one that is shown, or the main one for a mixture. */
  get ranked() {
    return this.method in this.boot.methods ? this.method : this.boot.main;
  }

  async show({ row, column }, { marks = true } = {}) {
    const mine = (this.newest += 1);
    this.place = { row, column };
    this.where.textContent = interpolate(gettext("row %s, column %s"), [row, column]);
    this.drawScores();
    try {
      const [own, near] = await Promise.all([
        api(`${this.scene.api}/spectra?pixels=${row},${column}&background=1`),
        api(`${this.boot.api}/neighbours?row=${row}&column=${column}&count=${NEIGHBOURS}&method=${encodeURIComponent(this.ranked)}`),
      ]);
      if (mine === this.newest) await this.drawSpectra(own, near.neighbours, marks);
    } catch (fault) {
      if (mine === this.newest) toast(fault.message, { tone: "failed", hint: fault.hint });
    }
  }

  /** For each method, the share of pixels that score lower: comparable whatever the units are. */
  async drawScores() {
    const at = this.place.row * this.scene.width + this.place.column;
    const mine = this.newest;
    const isSmall = this.scene.height * this.scene.width <= FETCH_ALL_PIXELS;
    const names = Object.keys(this.boot.methods).filter((name) => isSmall || this.scores.fetched.has(name));
    const maps = await Promise.all(names.map((name) => this.scores.get(name).catch(() => null)));
    if (mine !== this.newest) return;
    const rows = names.flatMap((name, number) => {
      const values = maps[number];
      if (!values) return [];
      if (!this.sorted.has(name)) this.sorted.set(name, ordered(values));
      const sorted = this.sorted.get(name);
      const place = countAbove(sorted, values[at]);
      const share = 1 - place / sorted.length;
      const title = element("span", { class: name === this.method ? "strong" : "" }, this.boot.methods[name].title);
      const bar = element("meter", { class: "meter grow", min: 0, max: 1, value: share.toFixed(4) }, `${(100 * share).toFixed(1)} %`);
      const note = interpolate(gettext("score %s, place %s of %s"), [metric(values[at]), metric(place), metric(sorted.length)]);
      return [element("div", { class: "pixel-score" }, title, bar, element("span", { class: "small muted num" }, note))];
    });
    this.bars.replaceChildren(...rows);
  }

  async drawSpectra(own, neighbours, marks) {
    this.area.hidden = false;
    const { axis } = this;
    const pixel = own.spectra[0];
    const background = pixel.background ?? own.background;
    const spread = background ? { x: axis.x, mean: background.mean, std: background.std, name: gettext("surroundings") } : null;
    const series = [
      { name: gettext("this pixel"), x: axis.x, y: pixel.values, colour: 1 },
      ...neighbours.map((one, at) => ({ name: `${one.row}, ${one.column}`, x: axis.x, y: one.values, colour: [0, 2, 3, 4, 5][at % 5] })),
    ];
    if (this.plot) {
      this.plot.set({ spread });
      this.plot.replace(series);
    } else {
      this.plot = await spectrumPlot(document.getElementById("spectrum"), { axis, x: axis, series, spread, bad: this.scene.bad, hover: "x" });
    }
    this.list.replaceChildren(
      element("span", { class: "muted" }, gettext("Most alike in the background:")),
      ...neighbours.map((one, at) => element("button", { type: "button", class: "button button-s", title: interpolate(gettext("distance %s"), [metric(one.distance)]), onclick: () => this.goTo(one) },
        element("span", { class: `swatch swatch-series-${[1, 3, 4, 5, 6][at % 5]}`, "aria-hidden": "true" }), `${one.row}, ${one.column}`)),
    );
    if (!marks) return;
    const pins = neighbours.map((one, at) => ({ row: one.row, column: one.column, colour: [0, 2, 3, 4, 5][at % 5] }));
    this.raster.setPins([...pins, { ...this.place, colour: 1 }]);
  }

  goTo(place) {
    this.raster.goTo(place, SPAN);
    this.raster.canvas.focus({ preventScroll: false });
  }
}
