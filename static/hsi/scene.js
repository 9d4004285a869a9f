/** The page of a scene: image, bands, spectra of pixels, histogram, bad bands. */
import { histogramPlot } from "../js/plot.js";
import { toast } from "../js/toast.js";
import { api } from "../js/http.js";
import { BandChoice } from "./bands.js";
import { outlineOf } from "./outline.js";
import { Pins } from "./pins.js";
import { runsOf, spectralAxis, spectrumPlot } from "./plots.js";
import { loadPicture, Raster } from "./raster.js";
import { fetchBytes, newestOnly } from "./requests.js";

const scene = JSON.parse(document.getElementById("boot").textContent);
const root = document.querySelector("[data-scene]");
const axis = spectralAxis(scene);
const raster = new Raster(document.getElementById("picture"), scene);
const readout = document.querySelector("#picture [data-readout]");
const complain = (fault) => toast(fault.message, { tone: "failed", hint: fault.hint });
let newestPicture = 0;

async function showImage(choice) {
  const mine = (newestPicture += 1);
  const [low, high] = choice.stretch;
  try {
    const picture = await loadPicture(`${scene.api}/preview?bands=${choice.bands.join(",")}&low=${low}&high=${high}&size=2048`);
    if (mine === newestPicture) raster.setLayer("image", picture);
  } catch {
    complain({ message: gettext("The image of these bands could not be drawn."), hint: gettext("Reload the page.") });
  }
}

async function start() {
  const statistics = await api(`${scene.api}/statistics`);
  const spread = { x: axis.x, mean: statistics.mean, std: statistics.std, name: gettext("scene, mean and spread") };
  const plot = await spectrumPlot(document.getElementById("spectrum"), {
    axis, x: axis, series: [], spread, bad: scene.bad, hover: "x", canSmooth: false,
  });
  let histogram = null;

  const drawHistogram = newestOnly(async ({ edges, counts }, band) => {
    const series = [{ name: gettext("Pixels"), counts }];
    const title = axis.unit ? `${gettext("Value")} · ${Math.round(axis.x[band])} nm` : interpolate(gettext("Value in band %s"), [band]);
    if (histogram) {
      Object.assign(histogram.options, { edges, series, x: { title } });
      histogram.later();
    } else histogram = await histogramPlot(document.getElementById("histogram"), { x: { title }, y: { title: gettext("Pixels") }, edges, series });
  }, complain);

  const bands = new BandChoice(root, scene, axis, (choice) => {
    showImage(choice);
    const colours = choice.bands.length === 3 ? ["--series-2", "--series-3", "--series-1"] : ["--accent"];
    plot.set({ marks: choice.bands.map((band, at) => ({ band, colour: colours[at] })) });
    drawHistogram(`${scene.api}/histogram?band=${choice.bands[0]}`, choice.bands[0]);
  });
  bands.tell();

  const pins = new Pins(root.querySelector("[data-pins]"), { raster, plot, axis, hint: root.querySelector("[data-pin-hint]") });
  const askSpectrum = newestOnly((answer, place) => pins.look(place, answer.values ?? answer.spectra[0].values), complain);
  raster.addEventListener("point", ({ detail }) => {
    readout.textContent = detail ? interpolate(gettext("row %s, column %s"), [detail.row, detail.column]) : "";
    if (detail) askSpectrum(`${scene.api}/spectrum?row=${detail.row}&column=${detail.column}`, detail);
    else pins.look(null);
  });
  raster.addEventListener("pick", async ({ detail }) => {
    const answer = await api(`${scene.api}/spectrum?row=${detail.row}&column=${detail.column}`).catch(complain);
    if (answer) pins.toggle(detail, answer.values);
  });
  editBadBands(plot);
}

/** The list of bad bands as text and as strips in the spectrum, each changing the other. */
function editBadBands(plot) {
  const field = root.querySelector("[data-bad]");
  const count = root.querySelector("[data-bad-count]");
  const fold = field.closest("details");
  const write = (bad) => runsOf(bad).map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(", ");
  const read = () => {
    const bad = new Set();
    for (const [, first, last] of field.value.matchAll(/(\d+)(?:\s*[-–]\s*(\d+))?/g)) {
      for (let band = Number(first); band <= Math.min(Number(last ?? first), scene.bands - 1); band += 1) bad.add(band);
    }
    return [...bad];
  };
  const show = () => {
    const bad = read();
    plot.set({ bad });
    count.textContent = bad.length ? interpolate(ngettext("%s band", "%s bands", bad.length), [bad.length]) : gettext("none");
  };
  field.value = write(scene.bad);
  field.addEventListener("input", show);
  plot.area.on("plotly_click", ({ points }) => {
    if (!fold.open || !points.length) return;
    const at = axis.x.reduce((best, x, band) => (Math.abs(x - points[0].x) < Math.abs(axis.x[best] - points[0].x) ? band : best), 0);
    const bad = new Set(read());
    if (!bad.delete(at)) bad.add(at);
    field.value = write([...bad]);
    show();
  });
  show();
}

async function showMask() {
  if (!scene.hasMask) return;
  const box = root.querySelector("[data-show-mask]");
  const path = outlineOf(await fetchBytes(`${scene.api}/mask`), scene.width);
  const show = () => raster.setOutlines(box.checked ? [{ path, colour: "--outline-known" }] : []);
  box.addEventListener("change", show);
  show();
}

start().catch(complain);
showMask().catch(complain);
