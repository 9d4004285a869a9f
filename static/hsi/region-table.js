/** The strongest regions above the threshold: where, how large, how strong, and how their spectrum differs from the background. */
import { api } from "../js/http.js";
import { element } from "../js/icons.js";
import { metric } from "../js/numbers.js";
import { regionsAbove } from "./regions.js";
import { sparkline } from "./sparkline.js";

const SHOWN = 25;
const BOXES = 25;
const SPECTRA_WAIT_MS = 250;
const SPAN_ROOM = 24;

export class RegionTable extends EventTarget {
  constructor(table, { scene, raster, mask }) {
    super();
    Object.assign(this, { body: table.tBodies[0], scene, raster, mask, shown: [], chosen: "", spectra: new Map(), timer: 0 });
    this.note = document.querySelector("[data-region-note]");
    this.body.addEventListener("click", (event) => this.choose(event.target.closest("tr")));
    this.body.addEventListener("keydown", (event) => this.keyed(event));
  }

  update(values, threshold) {
    const regions = regionsAbove(values, this.scene.width, threshold);
    this.shown = regions.slice(0, SHOWN);
    this.dispatchEvent(new CustomEvent("count", { detail: regions.length }));
    const more = regions.length - this.shown.length;
    this.note.textContent = more > 0 ? interpolate(gettext("%s of %s"), [metric(this.shown.length), metric(regions.length)]) : "";
    this.body.replaceChildren(...this.shown.map((region, at) => this.row(region, at, values, threshold)));
    if (!this.shown.length) this.body.append(element("tr", {}, element("td", { colspan: 6, class: "muted" }, gettext("No pixel reaches the threshold. Lower it."))));
    this.mark();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.fetchSpectra(), SPECTRA_WAIT_MS);
  }

  row(region, at, values, threshold) {
    const cells = [
      element("td", { class: "num" }, String(at + 1)),
      element("td", { class: "nowrap" }, `${region.row}, ${region.column}`, this.ground(region)),
      element("td", { class: "num" }, metric(region.size)),
      element("td", { class: "num" }, metric(region.peak)),
    ];
    if (this.mask) cells.push(element("td", {}, this.known(region, values, threshold)));
    cells.push(element("td", { class: "spark-cell", "data-spark": key(region) }));
    return element("tr", { tabindex: at ? -1 : 0, "data-at": at }, ...cells);
  }

  /** Place on the ground, where the scene knows it. */
  ground({ row, column }) {
    const transform = this.scene.transform;
    if (!transform) return "";
    const [a, b, c, d, e, f] = transform;
    const [x, y] = [a * (column + 0.5) + b * (row + 0.5) + c, d * (column + 0.5) + e * (row + 0.5) + f];
    return element("span", { class: "small muted ground-place" }, `${metric(x)}, ${metric(y)}`);
  }

  known(region, values, threshold) {
    let hits = 0;
    for (let row = region.top; row <= region.bottom; row += 1) {
      for (let column = region.left; column <= region.right; column += 1) {
        const at = row * this.scene.width + column;
        if (this.mask[at] && values[at] >= threshold) hits += 1;
      }
    }
    if (hits) return element("span", { class: "badge badge-ok" }, interpolate(gettext("known (%s px)"), [hits]));
    return element("span", { class: "muted small" }, gettext("not marked"));
  }

  async fetchSpectra() {
    const missing = this.shown.filter((region) => !this.spectra.has(key(region)));
    if (missing.length) {
      const pixels = missing.map(({ row, column }) => `${row},${column}`).join(";");
      try {
        const answer = await api(`${this.scene.api}/spectra?pixels=${encodeURIComponent(pixels)}&background=1`);
        for (const one of answer.spectra) this.spectra.set(key(one), { values: one.values, background: one.background ?? answer.background });
      } catch {
        return; // the table is whole without its sparklines
      }
    }
    for (const cell of this.body.querySelectorAll("[data-spark]")) {
      const found = this.spectra.get(cell.dataset.spark);
      if (found && !cell.childElementCount) cell.append(sparkline(found.values, found.background?.mean ?? []));
    }
  }

  keyed(event) {
    const row = event.target.closest("tr");
    const steps = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 };
    if (event.key === "Enter") this.choose(row);
    else if (event.key in steps) {
      const next = this.body.rows[Math.max(0, Math.min(this.body.rows.length - 1, row.rowIndex - 1 + steps[event.key]))];
      next.focus();
      this.choose(next);
    } else return;
    event.preventDefault();
  }

  choose(row) {
    const region = this.shown[Number(row?.dataset.at ?? NaN)];
    if (!region) return;
    this.chosen = key(region);
    this.mark();
    const span = Math.max(region.bottom - region.top, region.right - region.left) + SPAN_ROOM;
    this.raster.goTo(region, span);
    this.dispatchEvent(new CustomEvent("choose", { detail: { row: region.row, column: region.column } }));
  }

  mark() {
    for (const row of this.body.rows) {
      const region = this.shown[Number(row.dataset.at)];
      const isChosen = Boolean(region) && key(region) === this.chosen;
      row.setAttribute("aria-selected", isChosen);
      row.tabIndex = isChosen || (!this.shown.some((one) => key(one) === this.chosen) && row.rowIndex === 1) ? 0 : -1;
    }
    this.raster.setBoxes(this.shown.slice(0, BOXES).filter((region) => key(region) === this.chosen).map((region) => ({ ...region, label: String(this.shown.indexOf(region) + 1), strong: true })));
  }
}

const key = ({ row, column }) => `${row},${column}`;
