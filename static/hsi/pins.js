/** Pixels whose spectra are compared: the one below the pointer, and those that were pinned. */
import { element, icon } from "../js/icons.js";

const MOST = 7;

export class Pins {
  constructor(place, { raster, plot, axis, hint }) {
    Object.assign(this, { place, raster, plot, axis, hint, pins: [], below: null });
  }

  /** Show the spectrum below the pointer; null takes it away. */
  look(place, values) {
    this.below = place ? { ...place, values } : null;
    this.draw();
  }

  toggle({ row, column }, values) {
    const at = this.pins.findIndex((pin) => pin.row === row && pin.column === column);
    if (at >= 0) this.pins.splice(at, 1);
    else {
      const used = new Set(this.pins.map((pin) => pin.colour));
      const colour = Array.from({ length: MOST }, (_, number) => number).find((number) => number > 0 && !used.has(number)) ?? 1;
      if (this.pins.length >= MOST - 1) this.pins.shift();
      this.pins.push({ row, column, values, colour });
    }
    this.raster.setPins(this.pins);
    this.list();
    this.draw();
  }

  list() {
    this.place.hidden = !this.pins.length;
    this.hint.hidden = this.pins.length > 0;
    this.place.replaceChildren(
      ...this.pins.map((pin) => {
        const go = element("button", { type: "button", class: "button button-s", onclick: () => this.raster.goTo(pin) },
          element("span", { class: `swatch swatch-series-${pin.colour + 1}`, "aria-hidden": "true" }), `${pin.row}, ${pin.column}`);
        const drop = element("button", { type: "button", class: "button button-s button-icon", "aria-label": interpolate(gettext("Unpin %s, %s"), [pin.row, pin.column]), onclick: () => this.toggle(pin) }, icon("close", "s"));
        return element("span", { class: "button-group" }, go, drop);
      }),
    );
  }

  draw() {
    const line = (pin, colour) => ({ name: `${pin.row}, ${pin.column}`, x: this.axis.x, y: pin.values, colour });
    const series = this.pins.map((pin) => line(pin, pin.colour));
    const same = this.below && this.pins.some((pin) => pin.row === this.below.row && pin.column === this.below.column);
    if (this.below?.values && !same) series.push(line(this.below, 0));
    this.plot.replace(series);
  }
}
