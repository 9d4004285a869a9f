/** A spectrum with, below it, how much each stretch of it speaks for the class. */
import { layoutFor, seriesColours } from "../js/plots/theme.js";
import { LinePlot } from "../js/plot.js";
import { metric } from "../js/numbers.js";

const SMOOTH_PIXELS = 5;
const REGIONS_NAMED = 3;

/** The grid of the classifier in Angstrom. */
export function gridWavelengths({ start_log: start, step_log: step, points }) {
  return Array.from({ length: points }, (_unused, at) => 10 ** (start + step * at));
}

/** What SDSS files say, as it is printed. */
const UNITS = { "1E-17 erg/cm^2/s/Ang": "10⁻¹⁷ erg cm⁻² s⁻¹ Å⁻¹" };

function binned(wavelength, flux) {
  const x = [];
  const y = [];
  for (let at = 0; at < flux.length; at += SMOOTH_PIXELS) {
    const known = [];
    for (let one = at; one < Math.min(flux.length, at + SMOOTH_PIXELS); one += 1) if (Number.isFinite(flux[one]) && flux[one] !== null) known.push(one);
    x.push(wavelength[Math.min(flux.length - 1, at + 2)]);
    y.push(known.length ? known.reduce((sum, one) => sum + flux[one], 0) / known.length : null);
  }
  return { x, y };
}

/** Line of the spectrum above, bars of the influence below, on one axis of wavelengths. */
class DecidedPlot extends LinePlot {
  traces() {
    const traces = super.traces();
    const { regions } = this.options;
    if (!regions) return traces;
    const colours = seriesColours();
    const middles = regions.start.map((start, at) => (start + regions.end[at]) / 2);
    traces.push({
      type: "bar",
      name: gettext("speaks for the class"),
      x: middles,
      y: regions.value,
      width: regions.start.map((start, at) => (regions.end[at] - start) * 0.92),
      yaxis: "y2",
      marker: { color: regions.value.map((value) => (value >= 0 ? colours[2] : colours[1])) },
      customdata: regions.start.map((start, at) => [Math.round(start), Math.round(regions.end[at])]),
      hovertemplate: "%{customdata[0]}–%{customdata[1]} Å: %{y:.2f}<extra></extra>",
      showlegend: false,
    });
    return traces;
  }

  layout() {
    const layout = super.layout();
    if (!this.options.regions) return layout;
    const lower = layoutFor({ y: { title: gettext("log-odds") } }).yaxis;
    layout.yaxis.domain = [0.36, 1];
    layout.yaxis2 = { ...lower, domain: [0, 0.28], anchor: "x", zeroline: true, zerolinecolor: lower.linecolor, nticks: 4 };
    layout.xaxis.anchor = "y2";
    return layout;
  }

  rows() {
    const { regions } = this.options;
    const rows = super.rows();
    if (regions) regions.start.forEach((start, at) => rows.push([gettext("influence"), `${start}-${regions.end[at]}`, regions.value[at]]));
    return rows;
  }
}

function strongest({ start, end, value }) {
  const order = [...value.keys()].sort((a, b) => value[b] - value[a]).filter((at) => value[at] > 0).slice(0, REGIONS_NAMED);
  return order.map((at) => `${Math.round(start[at])}–${Math.round(end[at])} Å (${metric(value[at])})`).join(", ");
}

/** @param {HTMLElement} part @param {any} spectrum @param {any} regions or null @param {string} name of the class */
export async function decidedPlot(part, spectrum, regions, name) {
  const wavelength = spectrum.wavelength ?? gridWavelengths(spectrum.grid);
  const facts = [];
  if (Number.isFinite(spectrum.sn)) facts.push(`S/N ${metric(spectrum.sn)}`);
  if (spectrum.layout) facts.push(spectrum.layout);
  if (spectrum.medium) facts.push(spectrum.medium === "air" ? gettext("wavelengths in air") : gettext("wavelengths in vacuum"));
  part.querySelector("[data-spectrum-facts]").textContent = facts.join(" · ");
  const told = regions ? interpolate(gettext("Most for %(name)s: %(list)s. A bar says how far the log-odds of the class fall when the stretch is not known."), { name, list: strongest(regions) || "–" }, true) : gettext("What decided is not known for this classifier.");
  part.querySelector("[data-spectrum-note]").textContent = [told, ...(spectrum.notes ?? [])].join(" ");
  const summary = `${gettext("Flux against wavelength.")} ${told}`;
  const options = {
    x: { title: gettext("Wavelength"), unit: "Å" },
    y: { title: gettext("Flux"), unit: UNITS[spectrum.flux_unit] ?? spectrum.flux_unit ?? "", canLog: false },
    series: [{ name: gettext("flux"), ...binned(wavelength, spectrum.flux) }],
    regions,
    summary,
    hover: "closest",
  };
  return new DecidedPlot(part.querySelector(".plot"), options).start();
}
