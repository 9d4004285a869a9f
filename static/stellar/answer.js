/** The answer about one star: class, probabilities, type, who said what, and what decided. */
import { element, icon } from "../js/icons.js";
import { metric, percent } from "../js/numbers.js";
import { showPicture } from "./decided-picture.js";
import { decidedPlot } from "./decided-spectrum.js";
import { typeScale } from "./type-scale.js";

const FROM = { spectrum: gettext("the spectrum"), image: gettext("the image"), photometry: gettext("the magnitudes") };
const LOOKS = { error: "failed", failed: "failed", warning: "warning", info: "info" };
const ICONS = { failed: "error", warning: "warning", info: "info" };

function bar(share, title) {
  return element("progress", { class: "bar bar-accent bar-thin", value: share, max: 1, "aria-label": title }, percent(share));
}

function rows(place, probabilities, best) {
  place.replaceChildren(
    ...Object.entries(probabilities).map(([name, share]) =>
      element("li", { class: name === best ? "class-best" : "" }, element("span", {}, name), bar(share, name), element("span", { class: "num" }, percent(share))),
    ),
  );
}

function verdict(card, answer) {
  const title = card.querySelector("[data-class]");
  const sure = card.querySelector("[data-sure]");
  if (answer.is_member) {
    title.textContent = answer.class;
    sure.textContent = interpolate(gettext("%s sure that it is this class"), [percent(answer.confidence)]);
    return;
  }
  title.textContent = gettext("no M0–M4 star");
  title.classList.add("answer-none");
  sure.textContent = interpolate(gettext("unlike the stars that the classifier learned from: novelty %s. Among M0 to M4 it would be nearest to %s."), [percent(answer.novelty), answer.most_likely]);
}

/** What the server says in English, in the language of the page. */
const KNOWN = {
  "star.unlike": { message: gettext("This star looks unlike all M0 to M4 stars that the classifier was trained on."), hint: gettext("Take the class for what it would be if it were one of them.") },
  "star.disagreement": { message: gettext("Spectrum and image contradict each other."), hint: gettext("Look whether both show the same star.") },
};

function findings(place, answer) {
  place.replaceChildren(
    ...(answer.findings ?? []).map((found) => {
      const { message, hint } = KNOWN[found.code] ?? found;
      const look = LOOKS[found.severity] ?? "info";
      const body = element("div", { class: "alert-body" }, element("strong", {}, message));
      if (hint) body.append(element("p", {}, hint));
      return element("div", { class: `alert alert-${look}` }, icon(ICONS[look]), body);
    }),
  );
}

function shareStrip(probabilities) {
  const strip = element("ul", { class: "share-strip" });
  for (const [name, share] of Object.entries(probabilities)) {
    strip.append(element("li", { title: `${name}: ${percent(share)}` }, element("span", { class: "small muted" }, name), bar(share, name)));
  }
  return strip;
}

function modalities(card, answer) {
  const said = Object.entries(answer.by_modality ?? {}).filter(([, one]) => one);
  card.querySelector("[data-modalities-part]").hidden = !said.length;
  card.querySelector("[data-modalities]").replaceChildren(
    ...said.map(([kind, one]) => {
      const trust = Number.isFinite(one.trust) ? element("span", { class: "trust" }, bar(one.trust, gettext("Trusted")), element("span", { class: "num" }, percent(one.trust))) : "–";
      return element("tr", {},
        element("td", { class: "cell-main" }, FROM[kind] ?? kind),
        element("td", { "data-label": gettext("Class") }, element("span", {}, element("strong", {}, one.class ?? "–"), " ", element("span", { class: "muted" }, Number.isFinite(one.confidence) ? percent(one.confidence) : ""))),
        element("td", { "data-label": gettext("Probabilities") }, one.probabilities ? shareStrip(one.probabilities) : "–"),
        element("td", { "data-label": gettext("Trusted") }, trust),
      );
    }),
  );
}

/**
 * Put the answer into the page.
 * @param {HTMLElement} place @param {any} answer of the predictor @param {string} classifier its title
 */
export async function showAnswer(place, answer, classifier) {
  const fresh = document.getElementById("answer-template").content.cloneNode(true);
  const card = fresh.querySelector(".answer-card");
  verdict(card, answer);
  const seconds = answer.timing_ms?.total ? ` · ${metric(answer.timing_ms.total)} ms` : "";
  card.querySelector("[data-classifier]").textContent = `${classifier}${seconds}`;
  rows(card.querySelector("[data-probabilities]"), answer.probabilities, answer.most_likely);
  findings(card.querySelector("[data-findings]"), answer);
  card.querySelector("[data-scale]").replaceChildren(typeScale(Object.keys(answer.probabilities), answer.type, answer.type_sd));
  modalities(card, answer);
  const spectrumPart = fresh.querySelector("[data-spectrum-part]");
  const imagePart = fresh.querySelector("[data-image-part]");
  if (!answer.spectrum) spectrumPart.remove();
  if (!answer.image) imagePart.remove();
  place.replaceChildren(fresh);
  if (answer.image) showPicture(imagePart, answer.image, answer.attribution?.image ?? null, answer.attribution?.class);
  if (answer.spectrum) await decidedPlot(spectrumPart, answer.spectrum, answer.attribution?.spectrum ?? null, answer.attribution?.class);
  place.dataset.ready = "true";
}
