/** The system page: one sample a second from the socket into numbers, bars and small plots. */
import { element, icon } from "../js/icons.js";
import { follow } from "../js/live.js";
import { bytes } from "../js/numbers.js";
import { linePlot } from "../js/plot.js";

const KEEP = 300;
const WARN_AT = 90;
const GIB = 2 ** 30;
const QUEUE_NAMES = { train: gettext("Training"), io: gettext("Imports and exports"), infer: gettext("Inference") };
const FOLDER_NAMES = {
  data: gettext("data"),
  uploads: gettext("uploads"),
  "data sets": gettext("data sets"),
  models: gettext("models"),
  checkpoints: gettext("checkpoints"),
  runs: gettext("runs"),
  weights: gettext("weights"),
  "temporary files": gettext("temporary files"),
};
const byId = (id) => document.getElementById(id);

function bar(percent, label) {
  const tone = percent >= WARN_AT ? "bar-warning" : "bar-accent";
  const made = element("progress", { class: `bar ${tone}`, max: 100, "aria-label": label });
  made.value = percent ?? 0;
  return made;
}

function said(percent) {
  return percent === null || percent === undefined ? "–" : `${percent.toFixed(0)} %`;
}

function measure(label, percent, text) {
  return element("div", { class: "stack-s" }, element("span", { class: "cluster cluster-between small" }, element("span", { class: "muted" }, label), element("span", {}, text)), bar(percent, label));
}

function showCpu({ cpu }) {
  byId("cpu-now").textContent = said(cpu.percent);
  const place = byId("cores");
  if (place.childElementCount !== cpu.cores.length) {
    place.replaceChildren(...cpu.cores.map((_, index) => bar(0, interpolate(gettext("Processor %s"), [index + 1]))));
  }
  cpu.cores.forEach((percent, index) => {
    place.children[index].value = percent;
    place.children[index].title = said(percent);
  });
  if (cpu.load.length) byId("load-average").textContent = interpolate(gettext("Load average %s (1 min), %s (5 min), %s (15 min)"), cpu.load);
}

function showMemory({ memory }) {
  byId("memory-now").textContent = `${bytes(memory.used)} / ${bytes(memory.total)}`;
  const swap = memory.swap_total ? interpolate(gettext("Swap %s of %s. "), [bytes(memory.swap_used), bytes(memory.swap_total)]) : "";
  byId("memory-more").textContent = swap + interpolate(gettext("The web process uses %s."), [bytes(memory.web_process)]);
}

function gpuReason(reason) {
  if (reason === "no_driver") return gettext("This machine has no NVIDIA driver, so no GPU that we can use. Training runs on the processors.");
  if (reason === "no_device") return gettext("The NVIDIA driver finds no GPU. Training runs on the processors.");
  return interpolate(gettext("The GPUs cannot be read: %s."), [reason]);
}

function processes(gpu) {
  const count = Object.keys(gpu.processes).length;
  return interpolate(ngettext("%s process", "%s processes", count), [count]);
}

function showGpus({ gpus }) {
  const place = byId("gpus");
  if (!gpus.available) {
    place.replaceChildren(element("p", { class: "muted" }, gpuReason(gpus.reason)));
    return;
  }
  place.replaceChildren(
    ...gpus.devices.map((gpu) => {
      const share = gpu.memory_total ? (100 * gpu.memory_used) / gpu.memory_total : null;
      const facts = [
        gpu.temperature_c !== null && `${gpu.temperature_c} °C`,
        gpu.power_w !== null && (gpu.power_limit_w ? `${gpu.power_w.toFixed(0)} / ${gpu.power_limit_w.toFixed(0)} W` : `${gpu.power_w.toFixed(0)} W`),
        gpu.processes !== null && processes(gpu),
      ].filter(Boolean);
      return element(
        "div",
        { class: "gpu" },
        element("div", { class: "cluster cluster-between" }, element("strong", {}, `${gpu.index} · ${gpu.name}`), element("span", { class: "small muted" }, facts.join(" · "))),
        element("div", { class: "gpu-rows" }, measure(gettext("Load"), gpu.percent, said(gpu.percent)), measure(gettext("Memory"), share, `${bytes(gpu.memory_used)} / ${bytes(gpu.memory_total)}`)),
      );
    }),
  );
}

function showQueues({ broker }) {
  const rows = broker.queues.map((queue) =>
    element(
      "tr",
      {},
      element("th", { scope: "row", class: "cell-main" }, QUEUE_NAMES[queue.name] ?? queue.name),
      element("td", { class: "num", "data-label": gettext("At work") }, String(queue.active)),
      element("td", { class: "num", "data-label": gettext("Waiting") }, String(queue.queued)),
      element("td", { class: "num", "data-label": gettext("Messages") }, queue.messages === null ? "–" : String(queue.messages)),
    ),
  );
  const head = [gettext("Queue"), gettext("At work"), gettext("Waiting"), gettext("Messages")];
  const table = element(
    "table",
    { class: "table" },
    element("thead", {}, element("tr", {}, ...head.map((text, index) => element("th", { scope: "col", class: index ? "num" : "" }, text)))),
    element("tbody", {}, ...rows),
  );
  const parts = [table];
  if (!broker.reachable) {
    parts.unshift(element("div", { class: "strip" }, icon("warning", "s"), gettext("Redis does not answer: nothing new is started until it is back. Runs at work go on.")));
  }
  byId("queues").replaceChildren(...parts);
}

function showWorkers({ workers }) {
  const place = byId("workers");
  if (workers === null) return;
  if (!workers.length) {
    place.replaceChildren(
      element("p", {}, gettext("No worker answers. Runs wait in the queue until one starts.")),
      element("p", { class: "small muted" }, gettext("Start one with: python -m celery -A cvstudio.config worker -Q train,io,infer")),
    );
    return;
  }
  place.replaceChildren(
    ...workers.map((worker) =>
      element(
        "div",
        { class: "worker" },
        element("div", { class: "cluster cluster-between" }, element("span", { class: "mono truncate" }, worker.name), element("span", { class: `badge ${worker.active ? "badge-running" : "badge-ok"}` }, icon(worker.active ? "run" : "check", "s"), worker.active ? interpolate(ngettext("%s task", "%s tasks", worker.active), [worker.active]) : gettext("Idle"))),
        element("div", { class: "cluster" }, ...worker.queues.map((name) => element("span", { class: "tag" }, QUEUE_NAMES[name] ?? name))),
      ),
    ),
  );
}

function showDisks({ disks }) {
  byId("disks").replaceChildren(
    ...disks.map((disk) => {
      const text = interpolate(gettext("%s free of %s"), [bytes(disk.free), bytes(disk.total)]);
      return element("div", { class: "disk" }, measure(disk.folders.map((name) => FOLDER_NAMES[name] ?? name).join(", "), disk.percent, text));
    }),
  );
}

const LAST_FIVE = { y: { range: [0, 100], unit: "%", canLog: false }, x: {}, keep: KEEP, legend: false };

async function makePlots() {
  const options = (title) => ({ ...LAST_FIVE, y: { ...LAST_FIVE.y, title }, x: { title: gettext("Time") }, series: [] });
  const [cpu, memory] = await Promise.all([linePlot(byId("cpu"), options(gettext("Load"))), linePlot(byId("memory"), options(gettext("Memory")))]);
  return { cpu, memory };
}

const plots = await makePlots();
let gpuPlots = null;

async function growGpuPlots(samples) {
  const known = samples.filter((sample) => sample.gpus.available);
  if (!known.length) return;
  if (!gpuPlots) {
    byId("gpu-plots").hidden = false;
    gpuPlots = { starting: true };
    const legend = known[0].gpus.devices.length > 1;
    const options = (title) => ({ ...LAST_FIVE, legend, y: { ...LAST_FIVE.y, title }, x: { title: gettext("Time") }, series: [] });
    gpuPlots = {
      use: await linePlot(byId("gpu-use"), options(gettext("Load"))),
      memory: await linePlot(byId("gpu-memory"), options(gettext("Memory"))),
    };
  }
  if (gpuPlots.starting) return;
  for (const { index } of known[0].gpus.devices) {
    const of = (sample) => sample.gpus.devices[index];
    const x = known.map((sample) => sample.time);
    gpuPlots.use.append(`GPU ${index}`, x, known.map((sample) => of(sample)?.percent ?? null));
    gpuPlots.memory.append(`GPU ${index}`, x, known.map((sample) => (of(sample)?.memory_total ? (100 * of(sample).memory_used) / of(sample).memory_total : null)));
  }
}

function grow(samples) {
  if (!samples.length) return;
  const x = samples.map((sample) => sample.time);
  plots.cpu.append(gettext("Load"), x, samples.map((sample) => sample.cpu.percent), { fill: true });
  plots.memory.append(gettext("Memory"), x, samples.map((sample) => (100 * sample.memory.used) / sample.memory.total), { fill: true, colour: 2 });
  growGpuPlots(samples);
}

function show(sample) {
  showCpu(sample);
  showMemory(sample);
  showGpus(sample);
  showQueues(sample);
  showWorkers(sample);
  showDisks(sample);
}

let last = "";
follow("/api/v1/ws/system", {
  after: null,
  onStatus: (status) => {
    byId("connection").hidden = status === "open";
  },
  onFrame: (frame) => {
    const samples = (frame.type === "history" ? frame.samples : [frame]).filter((sample) => sample.time > last);
    if (!samples.length) return;
    last = samples[samples.length - 1].time;
    grow(samples);
    show(samples[samples.length - 1]);
  },
});
