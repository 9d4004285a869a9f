/** The star under the pointer, or the one that was picked: picture, spectrum, what is known. */
import { element } from "../js/icons.js";
import { metric, percent } from "../js/numbers.js";
import { fetchLine, sparkPicture } from "./spark.js";

const DWELL_MS = 80;

/** The name of a star as a link to its page, as long as the survey has it. */
export function nameOf(star, boot) {
  return star.id ? element("a", { href: boot.star.replace("ID", star.id), class: "mono" }, star.name) : element("span", { class: "mono" }, star.name);
}

export class StarPreview {
  constructor(place, boot) {
    Object.assign(this, { place, boot, kept: null, shown: null, timer: 0 });
    this.empty = [...place.childNodes].map((node) => node.cloneNode(true));
  }

  hover(star) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.show(star ?? this.kept), DWELL_MS);
  }

  keep(star) {
    clearTimeout(this.timer);
    this.kept = star;
    this.show(star);
  }

  show(star) {
    if (star?.name === this.shown?.name) return;
    this.shown = star;
    if (!star) {
      this.place.replaceChildren(...this.empty.map((node) => node.cloneNode(true)));
      return;
    }
    const facts = element("dl", { class: "facts facts-narrow" });
    const fact = (label, value) => facts.append(element("div", {}, element("dt", {}, label), element("dd", {}, value)));
    fact(gettext("Catalogue"), star.label || "–");
    fact(gettext("Predicted"), star.predicted);
    fact(gettext("S/N"), star.sn === null ? "–" : metric(star.sn));
    fact(gettext("Novelty"), star.novelty === null ? "–" : percent(star.novelty));
    const picture = element("img", { src: this.boot.image.replace("ID", star.id), width: 96, height: 96, alt: gettext("Image of the star"), class: "star-picture" });
    picture.addEventListener("error", () => picture.replaceWith(element("span", { class: "star-picture star-picture-none" }, gettext("no image"))));
    const spectrum = element("div", { class: "star-spark-place" });
    this.place.replaceChildren(
      nameOf(star, this.boot),
      element("div", { class: "star-preview" }, picture, facts),
      spectrum,
    );
    fetchLine(this.boot.spectrum.replace("ID", star.id))
      .then((line) => spectrum.replaceChildren(sparkPicture(line, gettext("Spectrum, 4000 to 9000 Å")), element("span", { class: "small muted" }, gettext("4000 to 9000 Å"))))
      .catch(() => spectrum.replaceChildren(element("span", { class: "small muted" }, gettext("no spectrum"))));
  }
}
