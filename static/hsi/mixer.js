/** Weights of methods: sliders whose combination is made in the browser, as the detector makes its own. */
import { element } from "../js/icons.js";

const FUSED = ["lm_nll", "recon", "one_class"];

export class Mixer extends EventTarget {
  constructor(root, { methods }) {
    super();
    this.root = root;
    this.sliders = new Map();
    const mixable = Object.entries(methods).filter(([, { kind }]) => kind !== "combined");
    const heads = mixable.filter(([name]) => FUSED.includes(name));
    // Where the maps do not say: all heads alike; without heads, all methods alike.
    const begin = ([name, { weight }]) => weight ?? (FUSED.includes(name) || !heads.length ? 1 : 0);
    const largest = Math.max(...mixable.map(begin)) || 1;
    const usual = Object.fromEntries(mixable.map((entry) => [entry[0], begin(entry) / largest]));
    this.usual = usual;
    const place = root.querySelector("[data-weights]");
    root.querySelector("[data-mixer]").hidden = mixable.length < 2;
    for (const [name, { title }] of mixable) {
      const slider = element("input", { type: "range", min: 0, max: 1, step: 0.05, value: usual[name], class: "grow", "aria-label": title });
      const share = element("output", { class: "num small mixer-share" });
      slider.addEventListener("input", () => this.changed());
      this.sliders.set(name, { slider, share });
      place.append(element("div", { class: "mixer-row" }, element("span", { class: "small truncate" }, title), slider, share));
    }
    this.write();
  }

  get weights() {
    return Object.fromEntries([...this.sliders].map(([name, { slider }]) => [name, Number(slider.value)]));
  }

  write() {
    const total = Object.values(this.weights).reduce((sum, weight) => sum + weight, 0);
    for (const { slider, share } of this.sliders.values()) {
      share.textContent = total ? `${Math.round((100 * Number(slider.value)) / total)} %` : "–";
    }
  }

  changed() {
    if (!Object.values(this.weights).some((weight) => weight > 0)) {
      const first = this.sliders.values().next().value;
      first.slider.value = first.slider.step;
    }
    this.write();
    for (const radio of this.root.querySelectorAll("[data-methods] input")) radio.checked = false;
    this.dispatchEvent(new CustomEvent("change"));
  }

  reset() {
    for (const [name, { slider }] of this.sliders) slider.value = this.usual[name];
    this.write();
  }
}
