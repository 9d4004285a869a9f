/** The map of a survey: every star where the classifier places it; hover, pick, lasso, and what was chosen. */
import { api } from "../js/http.js";
import { element, icon } from "../js/icons.js";
import { metric } from "../js/numbers.js";
import { csv, saveText } from "../js/plots/tools.js";
import { toast } from "../js/toast.js";
import { colouring } from "./embedding-colours.js";
import { isInside } from "./point-grid.js";
import { Scatter } from "./scatter.js";
import { StarPreview } from "./star-preview.js";
import { Selection } from "./star-selection.js";

const boot = JSON.parse(document.getElementById("boot").textContent);
const root = document.querySelector("[data-embedding]");
const find = (name) => root.querySelector(`[data-${name}]`);
const complain = (fault) => toast(fault.message, { tone: "failed", hint: fault.hint });

/** What is known of one point, in words. */
function starOf(data, at) {
  const name = (index, missing) => (index < 0 ? missing : data.classes[index]);
  return {
    id: data.stars[at], name: data.names[at], label: name(data.label[at], ""), predicted: name(data.predicted[at], gettext("no M0–M4 star")),
    sn: data.sn[at], novelty: data.novelty[at],
  };
}

class Legend {
  constructor(place, data) {
    Object.assign(this, { place, data, hidden: new Set() });
  }

  show(colours, change) {
    this.hidden.clear();
    if (colours.isScale) this.showScale(colours);
    else this.showEntries(colours, change);
  }

  showScale({ steps, low, high, missing }) {
    const bar = element("canvas", { class: "legend-bar", width: steps.length, height: 1, role: "img", "aria-label": gettext("Colours from the lowest to the highest value") });
    const context = bar.getContext("2d");
    steps.forEach((colour, at) => {
      context.fillStyle = colour;
      context.fillRect(at, 0, 1, 1);
    });
    const row = element("div", { class: "cluster" }, element("span", { class: "num" }, low), bar, element("span", { class: "num" }, high));
    if (missing) row.append(element("span", { class: "muted small" }, interpolate(ngettext("%s without a value", "%s without a value", missing), [metric(missing)])));
    this.place.replaceChildren(row);
  }

  showEntries({ entries, keys }, change) {
    const row = element("div", { class: "cluster legend-entries" });
    for (const entry of entries.filter(({ count }) => count)) {
      const swatch = element("canvas", { class: "legend-swatch", width: 1, height: 1, "aria-hidden": "true" });
      const context = swatch.getContext("2d");
      context.fillStyle = entry.colour;
      context.fillRect(0, 0, 1, 1);
      const button = element("button", { type: "button", class: "legend-entry", "aria-pressed": "true", title: gettext("Show or hide") }, swatch, entry.title, element("span", { class: "num muted" }, metric(entry.count)));
      button.addEventListener("click", () => {
        const isOn = button.getAttribute("aria-pressed") !== "true";
        button.setAttribute("aria-pressed", String(isOn));
        this.hidden[isOn ? "delete" : "add"](entry.key);
        change((at) => !this.hidden.has(keys[at]));
      });
      row.append(button);
    }
    this.place.replaceChildren(row);
  }
}

/** Numbers that a map lacks are unknown for every star. */
function completed(columns) {
  const unknown = () => columns.stars.map(() => null);
  return { ...columns, sn: columns.sn ?? unknown(), novelty: columns.novelty ?? unknown() };
}

function start(columns) {
  const data = completed(columns);
  const points = { x: Float32Array.from(data.x), y: Float32Array.from(data.y) };
  const scatter = new Scatter(root, points);
  const legend = new Legend(find("legend"), data);
  const preview = new StarPreview(find("preview"), boot);
  const selection = new Selection(find("selection"), boot, data.stars.length, (at) => starOf(data, at));
  const by = find("colour");

  function paint() {
    const colours = colouring(by.value, data);
    scatter.setColours(colours.colours, colours.order ?? Uint32Array.from(data.stars.keys()));
    scatter.setShown(() => true);
    legend.show(colours, (keeps) => scatter.setShown(keeps));
  }

  by.addEventListener("change", paint);
  document.addEventListener("theme-changed", paint);
  for (const button of root.querySelectorAll("[data-mode]")) {
    button.addEventListener("click", () => {
      scatter.mode = button.dataset.mode;
      for (const other of root.querySelectorAll("[data-mode]")) other.setAttribute("aria-pressed", String(other === button));
      scatter.canvas.dataset.cursor = scatter.mode;
    });
  }
  scatter.addEventListener("point", ({ detail }) => preview.hover(detail < 0 ? null : starOf(data, detail)));
  scatter.addEventListener("pick", ({ detail }) => preview.keep(starOf(data, detail)));
  scatter.addEventListener("area", ({ detail }) => {
    const inside = [];
    for (let at = 0; at < scatter.count; at += 1) {
      if (!scatter.shown[at]) continue;
      const { left, top } = scatter.toScreen(at);
      if (isInside(detail.polygon, left, top)) inside.push(at);
    }
    selection.take(inside, detail.adds);
  });
  selection.addEventListener("change", () => scatter.setSelected(selection.chosen));
  selection.addEventListener("look", ({ detail }) => {
    scatter.setCursor(detail);
    preview.keep(starOf(data, detail));
  });
  find("png").addEventListener("click", () => scatter.canvas.toBlob((blob) => {
    const url = URL.createObjectURL(blob);
    element("a", { href: url, download: "map.png" }).click();
    setTimeout(() => URL.revokeObjectURL(url), 1000);
  }));
  find("csv").addEventListener("click", () => {
    const rows = data.stars.map((_id, at) => {
      const star = starOf(data, at);
      return [star.name, data.x[at], data.y[at], star.label, star.predicted, star.sn, star.novelty];
    });
    saveText(csv([["name", "x", "y", "label", "predicted", "sn", "novelty"], ...rows]), "map.csv");
  });
  paint();
  find("count").textContent = interpolate(ngettext("%s star", "%s stars", data.stars.length), [metric(data.stars.length)]);
  root.dataset.ready = "true";
}

document.querySelector("[data-choose]")?.addEventListener("change", (event) => event.currentTarget.requestSubmit());

if (root) {
  api(boot.embedding)
    .then(start)
    .catch((fault) => {
      complain(fault);
      find("count").replaceChildren(icon("error", "s"), fault.message);
    });
}
