/** The page of a chain: the stage that is at work shows its curves live; when it ends, those of the next follow. */
import { follow } from "../js/live.js";
import { startCurves } from "../runs/curves.js";

const place = document.querySelector("[data-curves-place]");
const root = place.querySelector("[data-run-curves]");
const title = place.querySelector("[data-curves-title]");
let shown = "";
let socket = null;

/** The stage at work; else the last one that has curves. */
function stageToShow() {
  const live = document.querySelector(".stage[data-live]");
  return live ?? [...document.querySelectorAll(".stage[data-run]")].pop() ?? null;
}

function show() {
  const stage = stageToShow();
  const run = stage?.dataset.run ?? "";
  place.hidden = !run;
  if (!run || run === shown) return;
  shown = run;
  title.textContent = stage.dataset.title;
  root.querySelector("[data-plots]").replaceChildren();
  socket?.close();
  const board = startCurves(root, run);
  socket = follow(`/api/v1/ws/training/${run}`, { onEvents: (events) => board.take(events) });
}

show();
document.addEventListener("polled", (event) => {
  if (event.target.id === "stages") show();
});
