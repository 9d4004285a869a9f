/** Samples of a generator over its epochs with a slider, and the losses of both sides, live while it learns. */
import { api } from "../js/http.js";
import { follow } from "../js/live.js";
import { startCurves } from "../runs/curves.js";

const ASK_EVERY_MS = 5000;
const FRAME_MS = 350;

class Timeline {
  constructor(root) {
    this.root = root;
    this.sheet = root.querySelector("[data-sheet]");
    this.slider = root.querySelector("[data-at]");
    this.epoch = root.querySelector("[data-epoch]");
    this.button = root.querySelector("[data-play]");
    this.playing = 0;
    this.take(JSON.parse(document.getElementById("samples-data").textContent));
    this.slider.addEventListener("input", () => this.show(Number(this.slider.value)));
    this.button.addEventListener("click", () => this.toggle());
    if ("live" in root.dataset) this.ask();
  }

  /** Samples in the order of their epochs; a reader who looks at the newest goes on to do so. */
  take(samples) {
    const last = this.samples?.length ? this.samples.length - 1 : 0;
    const follows = !this.samples?.length || Number(this.slider.value) === last;
    if (samples.length === this.samples?.length) return;
    this.samples = samples;
    this.root.querySelector("[data-timeline-shown]").hidden = !samples.length;
    this.root.querySelector("[data-timeline-none]").hidden = samples.length > 0;
    this.slider.max = Math.max(0, samples.length - 1);
    if (samples.length && follows) this.show(samples.length - 1);
  }

  show(at) {
    const { epoch, url } = this.samples[at];
    this.slider.value = at;
    this.sheet.src = url;
    this.epoch.textContent = interpolate(gettext("epoch %s"), [epoch]);
    this.slider.setAttribute("aria-valuetext", this.epoch.textContent);
    for (const near of [at - 1, at + 1]) if (this.samples[near]) new Image().src = this.samples[near].url;
  }

  toggle() {
    if (this.playing) return this.stop();
    if (Number(this.slider.value) === this.samples.length - 1) this.show(0);
    this.button.setAttribute("aria-pressed", "true");
    this.playing = setInterval(() => {
      const next = Number(this.slider.value) + 1;
      if (next < this.samples.length) this.show(next);
      else this.stop();
    }, FRAME_MS);
    return undefined;
  }

  stop() {
    clearInterval(this.playing);
    this.playing = 0;
    this.button.removeAttribute("aria-pressed");
  }

  async ask() {
    try {
      const { samples, live } = await api(this.root.dataset.samples);
      this.take(samples);
      if (!live) {
        location.reload(); // what came of it is on another page
        return;
      }
    } catch {
      // The connection is away for a moment; the next answer holds all samples.
    }
    setTimeout(() => this.ask(), ASK_EVERY_MS);
  }
}

const root = document.querySelector("[data-timeline]");
new Timeline(root);

const place = document.querySelector("[data-run]");
if (place) {
  const { run, after } = place.dataset;
  const board = startCurves(place.querySelector("[data-run-curves]"), run);
  if ("live" in root.dataset) follow(`/api/v1/ws/training/${run}`, { after: Number(after), onEvents: (events) => board.take(events) });
}
