/** The page of a star. Going to the next one swaps what differs; its neighbours are fetched before they are asked for. */
import { api } from "../js/http.js";
import { element } from "../js/icons.js";
import { toast } from "../js/toast.js";
import { Attribution } from "./attribution.js";
import { Picture } from "./picture.js";
import { mountSpectrum } from "./spectrum-panel.js";
import { StarCache } from "./star-cache.js";

const root = document.querySelector("[data-star]");
const filters = location.search;
const panel = mountSpectrum(root.querySelector("[data-spectrum]"));
const picture = new Picture(root.querySelector("[data-picture]"));
const attribution = new Attribution(root, panel, picture);
const AHEAD = 3;
const NO_ID = "00000000-0000-0000-0000-000000000000";
const addressOf = (template, id) => template.replace(NO_ID, id) + filters;
const cache = new StarCache((id) => addressOf(root.dataset.part, id));
const complain = (fault) => toast(fault.message, { tone: "failed", hint: fault.hint });
let boot = JSON.parse(document.getElementById("boot").textContent);
let wanted = boot.id;
let meansOf = "";

/** Fill the page's places from a star that is here. */
function show(star, { began = 0, isHere = false } = {}) {
  boot = star.boot;
  if (!isHere) {
    for (const slot of star.html.querySelectorAll("[data-slot]")) {
      const copies = [...slot.childNodes].map((node) => document.importNode(node, true));
      root.querySelector(`[data-slot="${slot.dataset.slot}"]`).replaceChildren(...copies);
    }
    document.title = `${boot.name} · CV Studio`;
  }
  attribution.begin(boot);
  panel.setStar(star.spectrum.star, { name: `spectrum-${boot.name}`, reason: star.spectrum.reason || boot.noSpectrum });
  const shown = boot.picture && { url: boot.picture, pixelScale: boot.pixelScale, oriented: boot.oriented, ready: star.image };
  picture.show(shown, boot.noPicture);
  showMeans();
  showNeighbours();
  ahead(boot.previous, "previous", 1);
  ahead(boot.next, "next", AHEAD);
  // Behind the drawing that `setStar` asked for, in the same frame.
  requestAnimationFrame(() => {
    root.dataset.shown = boot.id;
    if (began) root.dataset.took = Math.round(performance.now() - began);
  });
}

/** Fetch the stars that follow, one after the other, before they are asked for. */
async function ahead(id, side, count) {
  if (!id || !count) return;
  const from = boot.id;
  try {
    const star = await cache.get(id);
    if (boot.id === from) ahead(star.boot[side], side, count - 1);
  } catch {
    /* Who goes there is told. */
  }
}

async function go(id, isBack = false) {
  if (!id || id === wanted) return;
  wanted = id;
  const began = performance.now();
  try {
    const star = await cache.get(id);
    if (wanted !== id) return; // somebody is already further
    if (!isBack) history.pushState({ id }, "", addressOf(root.dataset.page, id));
    show(star, { began });
  } catch (fault) {
    wanted = boot.id;
    complain(fault);
  }
}

async function showMeans() {
  if (meansOf === boot.survey) return;
  meansOf = boot.survey;
  try {
    panel.view.setMeans(await api(boot.means));
  } catch {
    panel.view.setMeans(null); // a spectrum is whole without the means
  }
}

async function showNeighbours() {
  const place = root.querySelector("[data-neighbours]");
  if (!place) return;
  const { id } = boot;
  try {
    const { neighbours } = await api(boot.neighbours);
    if (boot.id !== id) return;
    place.replaceChildren(...neighbours.map(thumb));
    if (!neighbours.length) place.replaceChildren(element("p", { class: "muted small" }, gettext("The classifier knows no other star.")));
  } catch (fault) {
    if (boot.id === id) place.replaceChildren(element("p", { class: "muted small" }, fault.message));
  }
}

function thumb(star) {
  const words = [star.label, star.predicted && star.predicted !== star.label ? `→ ${star.predicted}` : ""].filter(Boolean).join(" ");
  const address = root.dataset.page.replace(NO_ID, star.id);
  const inside = star.image
    ? element("img", { src: `${boot.stars}/${star.id}/image?size=128`, width: 96, height: 96, loading: "lazy", alt: "" })
    : element("span", { class: "thumb-none", "aria-hidden": "true" }, "–");
  const distance = interpolate(gettext("distance %s"), [star.distance.toPrecision(3)]);
  return element("a", { class: "thumb", href: address, title: `${star.name} · ${distance}` }, inside,
    element("span", { class: "thumb-caption" }, words || gettext("no class"), element("span", {}, ` S/N ${star.sn === null ? "–" : star.sn.toFixed(0)}`)));
}

async function decide(decision) {
  const before = boot.id;
  try {
    await api(`${boot.surveyApi}/screening`, { method: "POST", body: { stars: [boot.id], decision } });
    const said = { accepted: gettext("The image is accepted."), rejected: gettext("The image is rejected and will not be used."), "": gettext("The decision is taken back.") };
    toast(said[decision], { tone: "ok", seconds: 3 });
    await refresh(before);
  } catch (fault) {
    complain(fault);
  }
}

async function setClass(name) {
  try {
    await api(boot.api, { method: "PATCH", body: { class: name } });
    toast(gettext("The class is saved."), { tone: "ok", seconds: 3 });
    await refresh(boot.id);
  } catch (fault) {
    complain(fault);
  }
}

/** Show a star as it is now. */
async function refresh(id) {
  cache.forget(id);
  const star = await cache.get(id);
  if (boot.id === id) show(star);
}

root.addEventListener("click", (event) => {
  const link = event.target.closest("[data-go]");
  if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
    event.preventDefault();
    go(boot[link.dataset.go]);
  }
  const button = event.target.closest("[data-decide]");
  if (button) decide(button.getAttribute("aria-pressed") === "true" ? "" : button.dataset.decide);
});
root.addEventListener("change", ({ target }) => {
  if (target.matches("[data-class]")) setClass(target.value);
});
document.addEventListener("keydown", (event) => {
  const { target } = event;
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || document.querySelector("dialog[open]")) return;
  if (target.isContentEditable || /^(INPUT|SELECT|TEXTAREA)$/.test(target.tagName)) return;
  const turns = { j: "next", ArrowRight: "next", k: "previous", ArrowLeft: "previous" };
  const decisions = { a: "accepted", r: "rejected" };
  if (turns[event.key]) go(boot[turns[event.key]]);
  else if (decisions[event.key] && root.querySelector("[data-decide]")) root.querySelector(`[data-decide=${decisions[event.key]}]`).click();
  else return;
  event.preventDefault();
});
addEventListener("popstate", (event) => go(event.state?.id ?? location.pathname.split("/").at(-1), true));

history.replaceState({ id: boot.id }, "");
cache.put(boot, root).then((star) => {
  if (wanted === star.boot.id) show(star, { isHere: true });
}, complain);
