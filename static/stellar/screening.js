/** Screening: look at pictures, accept or reject by a key, take back. Decisions go to the server in their order. */
import { api } from "../js/http.js";
import { element, icon } from "../js/icons.js";
import { toast } from "../js/toast.js";

const AT_ONCE = 24;
const boot = JSON.parse(document.getElementById("boot").textContent);
const root = document.querySelector("[data-screening]");
const grid = root.querySelector("[data-grid]");
const state = { shots: [], at: 0, counts: boot.counts, filter: { state: "undecided", flag: "" }, isMore: true };
let sending = Promise.resolve();
let loading = null;

/** One request after the other, so that "undo" means the decision before it. */
function inOrder(work) {
  sending = sending.then(work).catch((fault) => toast(fault.message, { tone: "failed", hint: fault.hint }));
  return sending;
}

function showCounts(counts) {
  state.counts = counts;
  const decided = counts.accepted + counts.rejected;
  const total = decided + counts.undecided;
  const bar = root.querySelector("[data-progress]");
  bar.max = Math.max(1, total);
  bar.value = decided;
  const words = { decided, total, rejected: counts.rejected };
  root.querySelector("[data-counts]").textContent = interpolate(gettext("%(decided)s of %(total)s decided, %(rejected)s rejected"), words, true);
}

function flagWords(flags) {
  return flags.map((flag) => boot.flags[flag] ?? flag).join(", ");
}

function shotOf(star) {
  const words = [star.label || gettext("no class"), flagWords(star.image_flags)].filter(Boolean).join(", ");
  const shot = element("div", { class: "shot", role: "option", tabindex: -1, "aria-selected": "false", "aria-label": `${star.name}, ${words}`, "data-id": star.id },
    element("img", { src: `${boot.stars}/${star.id}/image`, width: 128, height: 128, alt: "", decoding: "async" }),
    element("div", { class: "shot-foot" }, element("span", {}, star.label || "–"), element("span", { "data-word": true })),
    element("div", { class: "shot-flags" }, flagWords(star.image_flags)));
  const one = { star, shot };
  mark(one, star.screening);
  return one;
}

function mark(one, decision) {
  one.star.screening = decision;
  one.shot.dataset.decision = decision;
  const looks = { accepted: ["check", gettext("accepted"), "text-ok"], rejected: ["close", gettext("rejected"), "text-failed"] };
  const place = one.shot.querySelector("[data-word]");
  place.replaceChildren();
  place.className = "";
  if (!looks[decision]) return;
  const [name, word, tone] = looks[decision];
  place.className = `inline-icon ${tone}`;
  place.append(icon(name, "s"), word);
}

function choose(at, focus = true) {
  if (!state.shots.length) return;
  state.at = Math.max(0, Math.min(state.shots.length - 1, at));
  state.shots.forEach(({ shot }, index) => {
    shot.setAttribute("aria-selected", index === state.at);
    shot.tabIndex = index === state.at ? 0 : -1;
  });
  const { shot } = state.shots[state.at];
  if (focus) shot.focus({ preventScroll: true });
  shot.scrollIntoView({ block: "nearest" });
}

/** Fetch what follows; the pictures that are decided make room for it. */
function load({ again = false, isBehind = false } = {}) {
  if (loading && !again) return loading;
  const mine = fetchShots(again, isBehind).finally(() => {
    if (loading === mine) loading = null;
  });
  loading = mine;
  return mine;
}

async function fetchShots(again, isBehind) {
  const wish = new URLSearchParams({ state: state.filter.state, count: AT_ONCE });
  if (state.filter.flag) wish.set("flag", state.filter.flag);
  if (!again && state.shots.length && state.filter.state !== "undecided") wish.set("after", state.shots.at(-1).star.id);
  if (!isBehind) await sending; // what was decided is not asked for again
  const answer = await api(`${boot.api}?${wish}`);
  if (wish.get("state") !== state.filter.state || (wish.get("flag") ?? "") !== state.filter.flag) return;
  showCounts(answer.counts);
  state.shots = answer.results.map(shotOf);
  root.dataset.loaded = state.shots.length;
  if (!state.shots.length) {
    showEnd();
    return;
  }
  grid.replaceChildren(...state.shots.map((one) => one.shot));
  choose(0);
}

function showEnd() {
  const isAll = state.filter.state === "undecided" && !state.filter.flag;
  const title = isAll ? gettext("Every image is decided") : gettext("No image fits these filters");
  grid.replaceChildren(element("div", { class: "empty screening-done" }, icon("check-circle", "l"), element("h2", {}, title),
    isAll ? element("a", { class: "button button-main", href: boot.train }, gettext("Go on to training")) : ""));
}

/** The next picture that waits for a decision, or new ones. */
function advance() {
  const next = state.shots.findIndex(({ star }, at) => at > state.at && !star.screening);
  const any = next >= 0 ? next : state.shots.findIndex(({ star }) => !star.screening);
  if (any >= 0) choose(any);
  else if (state.filter.state === "undecided") load().catch(complain);
  else choose(state.at + 1);
}

const complain = (fault) => toast(fault.message, { tone: "failed", hint: fault.hint });

/** What is decided together is taken back together. */
function decide(decision, shots) {
  if (!shots.length) return;
  const before = shots.map(({ star }) => star.screening);
  for (const one of shots) mark(one, decision);
  inOrder(async () => {
    try {
      const answer = await api(boot.api, { method: "POST", body: { stars: shots.map(({ star }) => star.id), decision } });
      showCounts(answer.counts);
    } catch (fault) {
      shots.forEach((one, at) => mark(one, before[at]));
      throw fault;
    }
  });
  advance();
}

const decideHere = (decision) => decide(decision, state.shots.slice(state.at, state.at + 1));
const decideRest = () => decide("accepted", state.shots.filter(({ star }) => !star.screening));

function undo() {
  inOrder(async () => {
    const answer = await api(`${boot.api}/undo`, { method: "POST" });
    showCounts(answer.counts);
    if (answer.changed > answer.stars.length) {
      await load({ again: true, isBehind: true });
      return;
    }
    for (const star of [...answer.stars].reverse()) bringBack(star);
  });
}

/** Show a star as it is after its decision was taken back, and go to it. */
function bringBack(star) {
  let at = state.shots.findIndex((one) => one.star.id === star.id);
  if (at < 0) {
    state.shots.unshift(shotOf(star));
    grid.querySelector(".screening-done")?.remove();
    grid.prepend(state.shots[0].shot);
    at = 0;
  }
  mark(state.shots[at], star.screening);
  choose(at);
}

function setLook(look) {
  root.toggleAttribute("data-large", look === "one");
  for (const button of root.querySelectorAll("[data-look]")) button.setAttribute("aria-pressed", button.dataset.look === look);
  choose(state.at);
}

const toggleLook = () => setLook(root.hasAttribute("data-large") ? "many" : "one");

/** How many stand in a row just now. */
function columns() {
  if (root.hasAttribute("data-large")) return 1;
  return getComputedStyle(grid).gridTemplateColumns.split(" ").length;
}

const acts = { accepted: () => decideHere("accepted"), rejected: () => decideHere("rejected"), undo, rest: decideRest };
root.addEventListener("click", ({ target }) => {
  const shot = target.closest(".shot");
  if (shot) choose(state.shots.findIndex((one) => one.shot === shot));
  const button = target.closest("button");
  if (button?.dataset.act) acts[button.dataset.act]();
  if (button?.dataset.look) setLook(button.dataset.look);
});
root.addEventListener("dblclick", ({ target }) => {
  const shot = target.closest(".shot");
  if (shot) toggleLook();
});
root.addEventListener("change", ({ target }) => {
  if (target.matches("[data-state]")) state.filter.state = target.value;
  else if (target.matches("[data-flag]")) state.filter.flag = target.value;
  else return;
  target.blur();
  load({ again: true }).catch(complain);
});
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  if (/^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) return;
  const steps = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns(), ArrowUp: -columns() };
  const keys = { a: acts.accepted, r: acts.rejected, u: undo, A: decideRest, l: toggleLook };
  if (event.key in steps) choose(state.at + steps[event.key]);
  else if (keys[event.key]) keys[event.key]();
  else if (event.key === "Enter" && event.target.classList.contains("shot")) location.assign(`${boot.page}${event.target.dataset.id}`);
  else return;
  event.preventDefault();
});

showCounts(boot.counts);
load().catch(complain);
