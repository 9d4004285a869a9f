/** Stars chosen on the map: how many of each class, the first of them, and the way to the star table. */
import { element } from "../js/icons.js";
import { metric } from "../js/numbers.js";
import { csv, saveText } from "../js/plots/tools.js";
import { nameOf } from "./star-preview.js";

const ROWS = 50;
/** Their ids go in an address, which cannot be of any length. */
const MOST_IN_TABLE = 300;

export class Selection extends EventTarget {
  /** @param {HTMLElement} place @param {any} boot @param {number} count @param {(at: number) => any} starOf */
  constructor(place, boot, count, starOf) {
    super();
    Object.assign(this, { place, boot, starOf, chosen: new Uint8Array(count), list: [] });
    const find = (name) => place.querySelector(`[data-selected-${name}]`);
    Object.assign(this, { title: find("count"), bars: find("classes"), rows: find("rows"), form: find("form"), more: find("more"), some: find("some"), none: find("none") });
    find("clear").addEventListener("click", () => this.take([], false));
    find("csv").addEventListener("click", () => {
      const rows = this.list.map((at) => this.starOf(at)).map((star) => [star.name, star.label, star.predicted, star.sn, star.novelty]);
      saveText(csv([["name", "label", "predicted", "sn", "novelty"], ...rows]), "selection.csv");
    });
    this.form?.addEventListener("submit", () => {
      this.form.elements.stars.value = this.list.map((at) => this.starOf(at).id).filter(Boolean).join(",");
    });
    this.rows.addEventListener("focusin", (event) => this.look(event.target));
    this.rows.addEventListener("click", (event) => this.look(event.target));
    this.show();
  }

  look(target) {
    const row = target.closest("tr[data-at]");
    if (row) this.dispatchEvent(new CustomEvent("look", { detail: Number(row.dataset.at) }));
  }

  take(indices, adds) {
    if (!adds) this.chosen = new Uint8Array(this.chosen.length);
    for (const at of indices) this.chosen[at] = 1;
    this.list = [];
    for (let at = 0; at < this.chosen.length; at += 1) if (this.chosen[at]) this.list.push(at);
    this.show();
    this.dispatchEvent(new CustomEvent("change"));
  }

  show() {
    const { length } = this.list;
    this.some.hidden = !length;
    this.none.hidden = length > 0;
    this.title.textContent = length ? interpolate(ngettext("%s star", "%s stars", length), [metric(length)]) : gettext("nothing chosen");
    const counts = new Map();
    for (const at of this.list) {
      const { predicted } = this.starOf(at);
      counts.set(predicted, (counts.get(predicted) ?? 0) + 1);
    }
    this.bars.replaceChildren(
      ...[...counts].sort(([a], [b]) => a.localeCompare(b)).map(([name, count]) =>
        element("li", {}, element("span", { class: "truncate" }, name), element("progress", { class: "bar bar-accent bar-thin", value: count, max: length }, String(count)), element("span", { class: "num" }, metric(count))),
      ),
    );
    this.rows.replaceChildren(
      ...this.list.slice(0, ROWS).map((at) => {
        const star = this.starOf(at);
        return element("tr", { "data-at": at }, element("td", { class: "cell-main" }, nameOf(star, this.boot)), element("td", { "data-label": gettext("Catalogue") }, star.label || "–"), element("td", { "data-label": gettext("Predicted") }, star.predicted), element("td", { class: "num", "data-label": gettext("S/N") }, star.sn === null ? "–" : metric(star.sn)));
      }),
    );
    const left = length - ROWS;
    const told = left > 0 ? [interpolate(ngettext("and %s more", "and %s more", left), [metric(left)])] : [];
    const isMany = length > MOST_IN_TABLE;
    if (this.form) this.form.querySelector("button").disabled = isMany;
    if (this.form && isMany) told.push(interpolate(gettext("The star table takes at most %s at once; the CSV holds all."), [MOST_IN_TABLE]));
    this.more.textContent = told.join(". ");
  }
}
