/** The look of plots, read from the tokens of the page at the moment of drawing. */

/** @returns {(name: string) => string} reader of CSS variables */
function tokens() {
  const style = getComputedStyle(document.documentElement);
  return (name) => style.getPropertyValue(name).trim();
}

/** @returns {string[]} the colours of series, in order */
export function seriesColours() {
  const read = tokens();
  return [1, 2, 3, 4, 5, 6, 7, 8].map((number) => read(`--series-${number}`));
}

function mixed(first, second, share) {
  const parts = (colour) => [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
  const [a, b] = [parts(first), parts(second)];
  return `rgb(${a.map((value, at) => Math.round(value * (1 - share) + b[at] * share)).join(",")})`;
}

/** @returns {[number, string][]} one hue from the ground half way to the accent, so that text stays readable on all of it */
export function heatScale() {
  const read = tokens();
  const ground = read("--surface-2");
  return [
    [0, ground],
    [1, mixed(ground, read("--accent"), 0.6)],
  ];
}

/** @returns {string} the colour of text on a heat map */
export const heatInk = () => tokens()("--ink");

/** `largestCount` makes it an axis of counts, whose labels are whole numbers. */
function axis(read, { title = "", unit = "", log = false, range, largestCount, fromZero = false } = {}) {
  const shown = unit ? `${title} [${unit}]` : title;
  return {
    title: { text: shown, standoff: 8, font: { size: 12, color: read("--ink-3") } },
    type: log ? "log" : undefined,
    range: range ?? undefined,
    rangemode: fromZero ? "tozero" : undefined,
    gridcolor: read("--line"),
    linecolor: read("--line-strong"),
    zeroline: false,
    showline: true,
    automargin: true,
    tickformat: largestCount !== undefined ? ",d" : log ? undefined : "~g", // or 2000 would be written 0.2e+4
    tickfont: { size: 12, color: read("--ink-3") },
    nticks: log ? undefined : 7,
    dtick: log ? "D2" : largestCount < 7 ? 1 : undefined,
    exponentformat: "e", // raised exponents would need styles, which the content policy refuses
  };
}

/** @param {{x?: object, y?: object, legend?: boolean, hover?: string}} options @returns {object} a Plotly layout */
export function layoutFor({ x = {}, y = {}, legend = false, hover = "x unified" } = {}) {
  const read = tokens();
  return {
    font: { family: getComputedStyle(document.body).fontFamily, size: 12, color: read("--ink-2") },
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    margin: { l: 48, r: 12, t: 8, b: 40 },
    xaxis: axis(read, x),
    yaxis: axis(read, y),
    showlegend: legend,
    legend: { orientation: "h", y: 1.02, yanchor: "bottom", x: 0, font: { size: 12, color: read("--ink-2") } },
    hovermode: hover,
    hoverlabel: {
      bgcolor: read("--surface"),
      bordercolor: read("--line-strong"),
      font: { family: getComputedStyle(document.body).fontFamily, size: 12, color: read("--ink") },
    },
    dragmode: matchMedia("(pointer: coarse)").matches ? false : "zoom",
    uirevision: "kept",
    autosize: true,
  };
}

export const CONFIG = { displayModeBar: false, displaylogo: false, responsive: false, doubleClick: "reset", scrollZoom: false };
