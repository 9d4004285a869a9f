/** The page of a scene: image, bands, spectra of pixels, histogram, bad bands. */
import { histogramPlot } from "../js/plot.js";
import { toast } from "../js/toast.js";
import { api } from "../js/http.js";
import { BadBands } from "./bad-bands.js";
import { BandChoice } from "./bands.js";
import { outlineOf } from "./outline.js";
import { Pins } from "./pins.js";
import { spectralAxis, spectrumPlot } from "./plots.js";
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

/** The plot of spectra, and the pins whose lines it shows. */
async function startPlots(choice) {
  const statistics = await api(`${scene.api}/statistics`);
  const spread = { x: axis.x, mean: statistics.mean, std: statistics.std, name: gettext("scene, mean and spread") };
  const plot = await spectrumPlot(document.getElementById("spectrum"), {
    axis, x: axis, series: [], spread, bad: badBands.bands, marks: marksOf(choice), hover: "x", canSmooth: false,
  });
  badBands.drawInto(plot);
  const pins = new Pins(root.querySelector("[data-pins]"), { raster, plot, axis, hint: root.querySelector("[data-pin-hint]") });
  return { plot, pins };
}

/** Hands may be quicker than the plot: what they point at and pin meanwhile waits for it. */
function followHands(started) {
  const withPins = (use) => started.then(({ pins }) => use(pins), () => {});
  const askSpectrum = newestOnly((answer, place) => withPins((pins) => pins.look(place, answer.values)), complain);
  raster.addEventListener("point", ({ detail }) => {
    if (detail) askSpectrum(`${scene.api}/spectrum?row=${detail.row}&column=${detail.column}`, detail);
    else withPins((pins) => pins.look(null));
  });
  raster.addEventListener("pick", async ({ detail }) => {
    const answer = await api(`${scene.api}/spectrum?row=${detail.row}&column=${detail.column}`).catch(complain);
    if (answer) withPins((pins) => pins.toggle(detail, answer.values));
  });
}

/** Where the bands that are shown lie in the spectrum. */
function marksOf({ bands }) {
  const colours = bands.length === 3 ? ["--series-2", "--series-3", "--series-1"] : ["--accent"];
  return bands.map((band, at) => ({ band, colour: colours[at] }));
}

let histogram = null;
const drawHistogram = newestOnly(async ({ edges, counts }, band) => {
  const series = [{ name: gettext("Pixels"), counts }];
  const title = axis.unit ? `${gettext("Value")} · ${Math.round(axis.x[band])} nm` : interpolate(gettext("Value in band %s"), [band]);
  if (histogram) {
    Object.assign(histogram.options, { edges, series, x: { title } });
    histogram.later();
  } else histogram = await histogramPlot(document.getElementById("histogram"), { x: { title }, y: { title: gettext("Pixels") }, edges, series });
}, complain);

const badBands = new BadBands(root, scene, axis);
let spectrum = null;
const bands = new BandChoice(root, scene, axis, (choice) => {
  showImage(choice);
  spectrum?.set({ marks: marksOf(choice) });
  drawHistogram(`${scene.api}/histogram?band=${choice.bands[0]}`, choice.bands[0]);
});
raster.addEventListener("point", ({ detail }) => {
  readout.textContent = detail ? interpolate(gettext("row %s, column %s"), [detail.row, detail.column]) : "";
});
bands.tell();

async function showMask() {
  if (!scene.hasMask) return;
  const box = root.querySelector("[data-show-mask]");
  const path = outlineOf(await fetchBytes(`${scene.api}/mask`), scene.width);
  const show = () => raster.setOutlines(box.checked ? [{ path, colour: "--outline-known" }] : []);
  box.addEventListener("change", show);
  show();
}

const started = startPlots(bands);
followHands(started);
started.then(({ plot }) => {
  spectrum = plot;
  plot.set({ marks: marksOf(bands) });
}, complain);
showMask().catch(complain);
