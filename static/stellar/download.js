/** What came of each star of a download: fetched, not covered, an error. */
import { api } from "../js/http.js";
import { element, icon } from "../js/icons.js";

const MOST = 500;
const root = document.querySelector("[data-download-stars]");
const words = JSON.parse(document.getElementById("outcome-words").textContent);
const body = root.querySelector("[data-rows-here]");
const note = root.querySelector("[data-rows-note]");
const choice = root.querySelector("[data-status]");
let newest = 0;

function rowOf(star) {
  const look = words[star.status] ?? { title: star.status, tone: "", icon: "info" };
  const name = star.star ? element("a", { href: `${root.dataset.star}${star.star}`, class: "mono" }, star.name) : element("span", { class: "mono" }, star.name);
  return element("tr", {}, element("th", { scope: "row" }, name),
    element("td", {}, element("span", { class: look.tone ? `inline-icon text-${look.tone}` : "inline-icon" }, icon(look.icon, "s"), look.title)),
    element("td", { class: "small" }, star.reason || ""));
}

async function show() {
  const mine = (newest += 1);
  try {
    const rows = await api(`${root.dataset.url}${choice.value ? `?status=${encodeURIComponent(choice.value)}` : ""}`);
    if (mine !== newest) return;
    const list = rows.results ?? rows;
    body.replaceChildren(...list.slice(0, MOST).map(rowOf));
    note.textContent = list.length > MOST ? interpolate(gettext("The first %s of %s; the run's artifact downloads.csv holds all."), [MOST, list.length]) : "";
    if (!list.length) note.textContent = gettext("No star yet.");
  } catch (fault) {
    if (mine === newest) note.textContent = fault.message;
  }
}

choice.addEventListener("change", show);
show();
