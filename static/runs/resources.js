/** What a run uses while it works: processors, memory and GPU over time, from its own events. */
import { api } from "../js/http.js";
import { element } from "../js/icons.js";
import { linePlot } from "../js/plot.js";
import { toast } from "../js/toast.js";

const MIB = 2 ** 20;
const PLOTS = [
  { key: "cpu_percent", title: gettext("Processors"), unit: "%", scale: 1, name: gettext("load, 100 % is one processor") },
  { key: "memory_bytes", title: gettext("Memory"), unit: "MiB", scale: MIB, name: gettext("memory"), colour: 2 },
  { key: "gpu_percent", title: gettext("GPU"), unit: "%", scale: 1, name: gettext("load"), colour: 1 },
  { key: "gpu_memory_bytes", title: gettext("GPU memory"), unit: "MiB", scale: MIB, name: gettext("memory"), colour: 3 },
];

class ResourceBoard {
  constructor(root, runId) {
    this.root = root;
    this.runId = runId;
    this.place = root.querySelector("[data-plots]");
    this.samples = [];
    this.early = [];
    this.plots = new Map();
    this.ready = false;
  }

  async start() {
    try {
      this.samples = (await api(`/runs/${this.runId}/resources.json`)).samples;
    } catch (fault) {
      toast(fault.message, { tone: "failed", hint: fault.hint });
    }
    this.place.replaceChildren();
    this.ready = true;
    await this.show(this.samples);
    if (!this.samples.length) this.place.append(element("p", { class: "muted" }, gettext("Nothing was measured yet. The first values come a second after the start.")));
    this.take(this.early);
  }

  take(events) {
    const fresh = events.filter((event) => event.kind === "resource");
    if (!fresh.length) return;
    if (!this.ready) {
      this.early.push(...fresh);
      return;
    }
    const last = this.samples.length ? this.samples[this.samples.length - 1].seq : 0;
    const samples = fresh.filter((event) => event.seq > last).map((event) => ({ seq: event.seq, time: event.time, ...event.data }));
    if (!samples.length) return;
    this.samples.push(...samples);
    this.show(samples);
  }

  async show(samples) {
    for (const wanted of PLOTS) {
      const known = samples.filter((sample) => sample[wanted.key] !== undefined);
      if (!known.length) continue;
      this.place.querySelector(":scope > p")?.remove();
      const plot = await this.plotFor(wanted);
      plot.append(wanted.name, known.map((sample) => sample.time), known.map((sample) => sample[wanted.key] / wanted.scale), { fill: true, colour: wanted.colour ?? 0 });
    }
  }

  plotFor(wanted) {
    if (!this.plots.has(wanted.key)) {
      const card = this.root.querySelector("[data-figure]").content.cloneNode(true).firstElementChild;
      const figure = card.querySelector("figure");
      figure.id = `resource-${wanted.key}`;
      figure.setAttribute("aria-label", wanted.title);
      figure.querySelector("h3").textContent = wanted.title;
      this.place.append(card);
      const options = { x: { title: gettext("Time") }, y: { title: wanted.title, unit: wanted.unit, canLog: false, fromZero: true }, legend: false };
      this.plots.set(wanted.key, linePlot(figure, options));
    }
    return this.plots.get(wanted.key);
  }
}

/** @param {HTMLElement} root @param {string} runId @returns {ResourceBoard} */
export function startResources(root, runId) {
  const board = new ResourceBoard(root, runId);
  board.start();
  return board;
}
