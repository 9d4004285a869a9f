/** The page of one run: one socket feeds the head and whichever tab is open. */
import { follow } from "../js/live.js";
import { bytes, duration, metric } from "../js/numbers.js";
import { startCurves } from "./curves.js";
import { startLog } from "./log.js";
import { startResources } from "./resources.js";
import { startResult } from "./result.js";
import { startTrials } from "./trials.js";

const page = document.querySelector("[data-run-page]");
const runId = page.dataset.run;
const QUIET_MS = 800;
let listeners = [];

function openTab(root) {
  listeners = [];
  const curves = root.querySelector("[data-run-curves]");
  const log = root.querySelector("[data-run-log]");
  const resources = root.querySelector("[data-run-resources]");
  if (curves) listeners.push(startCurves(curves, runId));
  if (log) listeners.push(startLog(log, runId));
  if (resources) listeners.push(startResources(resources, runId));
  startResult(root);
  startTrials(root);
}

document.body.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target.id !== "run-tab") return;
  for (const tab of page.querySelectorAll(".tabs .tab")) {
    if (tab.href === location.href.split("?")[0]) tab.setAttribute("aria-current", "page");
    else tab.removeAttribute("aria-current");
  }
  openTab(event.detail.target);
});
/* htmx changes the address after the swap, so the tab that was pressed is marked here. */
document.body.addEventListener("htmx:pushedIntoHistory", () => {
  for (const tab of page.querySelectorAll(".tabs .tab")) {
    if (tab.pathname === location.pathname) tab.setAttribute("aria-current", "page");
    else tab.removeAttribute("aria-current");
  }
});

let headTimer = 0;
async function freshHead() {
  clearTimeout(headTimer);
  const answer = await fetch(`/runs/${runId}/head`, { credentials: "same-origin" });
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("run-head");
  const old = document.getElementById("run-head");
  const ended = !old.hasAttribute("data-ended") && fresh.hasAttribute("data-ended");
  old.replaceWith(fresh);
  window.htmx?.process(fresh);
  if (ended) reloadEnded();
}

/** An ended run has other tabs and a result: the page is asked for anew, where the reader is. */
function reloadEnded() {
  if (!page.querySelector('.tab[href$="/result"]')) location.reload();
}

const UNITS = { images: gettext("images"), samples: gettext("samples"), files: gettext("files"), steps: gettext("steps"), bytes: gettext("bytes") };

function stageWords(stage) {
  const match = /^epoch (\d+)\/(\d+)$/.exec(stage);
  return match ? interpolate(gettext("epoch %s of %s"), [match[1], match[2]]) : stage;
}

function showProgress(data) {
  const place = document.getElementById("run-progress");
  if (!place) {
    clearTimeout(headTimer);
    headTimer = setTimeout(freshHead, QUIET_MS);
    return;
  }
  const bar = place.querySelector("progress");
  const [left, right] = place.querySelectorAll(".progress-text > span");
  const known = data.total > 0;
  if (known) {
    bar.max = data.total;
    bar.value = data.done;
  } else bar.removeAttribute("value");
  const unit = UNITS[data.unit] ?? data.unit ?? "";
  const amount = data.unit === "bytes" ? bytes : metric;
  const share = known ? `${Math.floor((100 * data.done) / data.total)} % · ${amount(data.done)} / ${amount(data.total)} ${unit}` : `${amount(data.done)} ${unit}`;
  left.textContent = data.stage ? `${share} · ${stageWords(data.stage)}` : share;
  if (right) {
    const parts = [];
    if (data.rate) parts.push(`${metric(Number(data.rate.toPrecision(3)))} ${unit}/s`);
    if (data.eta_s !== null && data.eta_s !== undefined) parts.push(interpolate(gettext("%s left"), [duration(data.eta_s)]));
    right.textContent = parts.join(" · ");
  }
}

openTab(page);
follow(`/api/v1/ws/training/${runId}`, {
  after: Number(page.dataset.after),
  onStatus: (status) => {
    document.getElementById("connection").hidden = status !== "waiting";
  },
  onRun: (run) => {
    if (run.state !== document.getElementById("run-head").dataset.state) freshHead();
  },
  onEvents: (events) => {
    for (const listener of listeners) listener.take(events);
    const progress = events.filter((event) => event.kind === "progress").pop();
    if (progress) showProgress(progress.data);
  },
});
