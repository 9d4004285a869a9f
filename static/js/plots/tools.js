/** What stands above a plot: linear or log, smoothing, whole range, PNG, CSV; and its sentence for screen readers. */
import { element, icon } from "../icons.js";
import { metric } from "../numbers.js";

/** @param {string} text @param {string} name @param {string} type */
export function saveText(text, name, type = "text/csv") {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = element("a", { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}

function quoted(value) {
  const text = String(value ?? "");
  // A leading = + - @ would be run as a formula by a spreadsheet, unless it is a number.
  const safe = /^[=+\-@\t\r]/.test(text) && Number.isNaN(Number(text)) ? `'${text}` : text;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** @param {unknown[][]} rows @returns {string} RFC 4180 text */
export function csv(rows) {
  return rows.map((row) => row.map(quoted).join(",")).join("\r\n") + "\r\n";
}

/** One row for each point: series, x, y. */
export function seriesRows(xTitle, yTitle, series) {
  const rows = [[gettext("series"), xTitle, yTitle]];
  for (const one of series) one.x.forEach((x, index) => rows.push([one.name, x, one.y[index]]));
  return rows;
}

function tool(name, title, run) {
  return element("button", { type: "button", class: "button button-quiet button-icon button-s", title, "aria-label": title, onclick: run }, icon(name, "s"));
}

/**
 * @param {HTMLElement} figure
 * @param {{reset: () => void, png: () => void, rows: () => unknown[][], log?: {on: boolean, set: (on: boolean) => void},
 *   smooth?: {value: number, set: (value: number) => void}, name: string}} what
 */
export function addTools(figure, what) {
  const place = figure.querySelector(".plot-tools");
  if (!place || place.childElementCount) return;
  if (what.smooth) {
    const slider = element("input", { type: "range", min: 0, max: 0.98, step: 0.02, value: what.smooth.value, class: "plot-smooth", "aria-label": gettext("Smoothing") });
    slider.addEventListener("input", () => what.smooth.set(Number(slider.value)));
    place.append(element("label", { class: "cluster small muted only-wide" }, gettext("Smoothing"), slider));
  }
  if (what.log) {
    const button = element("button", { type: "button", class: "button button-quiet button-s", "aria-pressed": what.log.on }, pgettext("axis", "log"));
    button.title = gettext("Logarithmic scale");
    button.addEventListener("click", () => {
      const on = button.getAttribute("aria-pressed") !== "true";
      button.setAttribute("aria-pressed", on);
      what.log.set(on);
    });
    place.append(button);
  }
  place.append(
    tool("expand", gettext("Show everything"), what.reset),
    tool("image", gettext("Save as PNG"), what.png),
    tool("download", gettext("Save as CSV"), () => saveText(csv(what.rows()), `${what.name}.csv`)),
  );
}

/** @param {HTMLElement} figure @param {string} text */
export function setSummary(figure, text) {
  const place = figure.querySelector(".plot-summary");
  if (place && place.textContent !== text) place.textContent = text;
}

/** @param {string} xTitle @param {{name: string, x: number[], y: number[]}[]} series @returns {string} a sentence a line */
export function describeLines(xTitle, series) {
  const parts = series.map(({ name, x, y }) => {
    const known = y.map((value, index) => [value, x[index]]).filter(([value]) => Number.isFinite(value));
    if (!known.length) return interpolate(gettext("%s: no values yet."), [name]);
    let low = known[0];
    let high = known[0];
    for (const point of known) {
      if (point[0] < low[0]) low = point;
      if (point[0] > high[0]) high = point;
    }
    const end = known[known.length - 1];
    return interpolate(
      gettext("%(name)s: now %(end)s at %(x)s %(at)s; lowest %(low)s at %(lowAt)s, highest %(high)s at %(highAt)s."),
      { name, end: metric(end[0]), x: xTitle, at: metric(end[1]), low: metric(low[0]), lowAt: metric(low[1]), high: metric(high[0]), highAt: metric(high[1]) },
      true,
    );
  });
  return parts.join(" ");
}
