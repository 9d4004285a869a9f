/** Which parts of spectrum and picture decided, asked for once and drawn over both. */
import { api } from "../js/http.js";
import { toast } from "../js/toast.js";

const largest = (values) => Math.max(1e-9, ...values.map(Math.abs));

export class Attribution {
  constructor(root, panel, picture) {
    Object.assign(this, { root, panel, picture, boot: null, classifier: "" });
    root.addEventListener("click", (event) => {
      const button = event.target.closest("[data-attribution]");
      if (button) this.toggle(button);
    });
    panel.view.addEventListener("change", ({ detail }) => {
      if (this.image) picture.setDecided(this.image, detail.decided);
    });
  }

  /** Another star: nothing is drawn until it is asked for. */
  begin(boot) {
    Object.assign(this, { boot, classifier: "", image: null });
  }

  async toggle(button) {
    const classifier = button.dataset.attribution;
    if (this.classifier === classifier) {
      this.begin(this.boot);
      this.draw(null);
      return;
    }
    const { id } = this.boot;
    button.disabled = true;
    button.setAttribute("aria-busy", "true");
    try {
      const answer = await api(`${this.boot.api}/attribution?classifier=${encodeURIComponent(classifier)}`);
      if (this.boot.id !== id) return;
      this.classifier = classifier;
      this.draw(answer.attribution);
    } catch (fault) {
      toast(fault.message, { tone: "failed", hint: fault.hint });
    } finally {
      button.disabled = false;
      button.removeAttribute("aria-busy");
    }
  }

  draw(found) {
    for (const button of this.root.querySelectorAll("[data-attribution]")) button.setAttribute("aria-pressed", button.dataset.attribution === this.classifier);
    this.panel.setDecided(found?.spectrum ? regionsOf(found.spectrum) : null);
    this.image = found?.image ? scaled(found.image) : null;
    this.picture.setDecided(this.image, this.panel.view.settings.decided);
    const place = this.root.querySelector("[data-attribution-place]");
    if (place) place.textContent = found ? wordsOf(found) : "";
  }
}

function regionsOf({ start, end, value }) {
  const most = largest(value);
  return value.map((one, at) => ({ start: start[at], end: end[at], value: one / most }));
}

function scaled({ rows, columns, values }) {
  const most = largest(values.flat());
  return { rows, columns, values: values.map((row) => row.map((one) => one / most)) };
}

function wordsOf(found) {
  const parts = [interpolate(gettext("Green speaks for %s, orange against it: how far the log-odds of the class fall when a region is not known."), [found.class])];
  if (found.spectrum) {
    const { start, end, value } = found.spectrum;
    const order = [...value.keys()].sort((a, b) => Math.abs(value[b]) - Math.abs(value[a])).slice(0, 3);
    const strongest = order.map((at) => `${start[at].toFixed(0)}–${end[at].toFixed(0)} Å (${value[at] > 0 ? "+" : ""}${value[at].toFixed(2)})`);
    parts.push(interpolate(gettext("Strongest in the spectrum: %s."), [strongest.join(", ")]));
  }
  if (found.image) {
    const most = found.image.values.flat().reduce((best, one) => (Math.abs(one) > Math.abs(best) ? one : best), 0);
    parts.push(interpolate(gettext("Strongest in the image: %s."), [`${most > 0 ? "+" : ""}${most.toFixed(2)}`]));
  }
  return parts.join(" ");
}
