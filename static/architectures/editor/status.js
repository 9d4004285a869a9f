/** The strip below the canvas: what the whole graph is and costs, and whether that is up to date. */

import { write } from "./elements.js";
import { count, fill, shapeText } from "./text.js";

const SLOW_MS = 250;

export class Status {
  constructor(editor, { totals, state, whatIf, zoom, live }) {
    Object.assign(this, { editor, totals, state, whatIfField: whatIf, zoom, live });
    editor.analysis.addEventListener("change", () => this.draw());
    editor.store.addEventListener("change", () => this.draw());
    this.draw();
  }

  /** Follow the zoom once the canvas exists. */
  follow(viewport) {
    const show = () => write(this.zoom, `${Math.round(viewport.k * 100)} %`);
    viewport.addEventListener("change", show);
    show();
  }

  draw() {
    const { analysis, store } = this.editor;
    const { totals } = analysis.result;
    const words = [fill(gettext("%(n)s nodes"), { n: store.nodes.size })];
    if (Number.isFinite(totals.params)) {
      words.push(fill(gettext("%(n)s parameters"), { n: count(totals.params) }));
      words.push(fill(gettext("%(n)s MACs"), { n: count(totals.macs) }));
    }
    const output = shapeText(analysis.result.output_shape);
    if (output) words.push(fill(gettext("output %(shape)s"), { shape: output }));
    write(this.totals, words.join(" · "));
    this.#drawState(analysis);
  }

  whatIf(shape) {
    this.whatIfField.hidden = !shape;
    write(this.whatIfField, fill(gettext("What if the input is %(shape)s"), { shape }));
  }

  /** Say something once, for those who listen rather than look. */
  announce(text) {
    this.live.textContent = "";
    // An empty region first: the same sentence twice is then spoken twice.
    requestAnimationFrame(() => write(this.live, text));
  }

  #drawState(analysis) {
    clearTimeout(this.timer);
    const errors = analysis.findings.filter((finding) => finding.severity === "error").length;
    if (analysis.state === "failed") this.#say("failed", gettext("Not checked: no answer from the server"));
    else if (analysis.current && errors) this.#say("failed", fill(gettext("%(n)s to correct"), { n: errors }));
    else if (analysis.current) this.#say("ok", gettext("Valid"));
    // Quick answers show no flicker.
    else this.timer = setTimeout(() => this.#say("busy", gettext("Checking…")), SLOW_MS);
  }

  #say(state, text) {
    this.state.dataset.state = state;
    write(this.state, text);
  }
}
