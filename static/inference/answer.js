/** How an answer looks: the picture, a bar for each class, the time of each part. Class names are data, never HTML. */
import { element, icon } from "../js/icons.js";
import { percent } from "../js/numbers.js";
import { foundBoxes } from "./boxes.js";
import { foundMasks } from "./mask.js";

const SVG = "http://www.w3.org/2000/svg";
const PARTS = ["queue", "preprocess", "forward", "postprocess"];
const PART_NAMES = {
  queue: gettext("queue"),
  preprocess: gettext("preparation"),
  forward: gettext("network"),
  postprocess: gettext("evaluation"),
};

/** @param {{class: string, probability: number}[]} top @returns {HTMLElement} */
function bars(top) {
  const list = element("ul", { class: "class-bars" });
  for (const entry of top) {
    const shown = percent(entry.probability);
    list.append(
      element("li", {},
        element("span", { class: "truncate", title: entry.class }, entry.class),
        element("progress", { class: "bar bar-accent bar-thin", max: 1, value: entry.probability }, shown),
        element("span", { class: "num" }, shown)),
    );
  }
  return list;
}

/** @param {Record<string, number>} timing milliseconds of each part @returns {DocumentFragment} */
function times(timing) {
  const split = document.createElementNS(SVG, "svg");
  split.setAttribute("class", "time-split");
  split.setAttribute("viewBox", "0 0 100 8");
  split.setAttribute("preserveAspectRatio", "none");
  split.setAttribute("aria-hidden", "true");
  const key = element("div", { class: "time-key small muted" });
  let x = 0;
  for (const part of PARTS) {
    const width = (100 * timing[part]) / Math.max(timing.total, 0.001);
    const block = document.createElementNS(SVG, "rect");
    for (const [name, value] of Object.entries({ class: part, x, y: 0, width, height: 8 })) block.setAttribute(name, value);
    split.append(block);
    x += width;
    const text = interpolate(gettext("%s %s ms"), [PART_NAMES[part], timing[part].toFixed(1)]);
    key.append(element("span", { class: part }, text));
  }
  key.append(element("strong", {}, interpolate(gettext("%s ms in all"), [timing.total.toFixed(1)])));
  const both = document.createDocumentFragment();
  both.append(split, key);
  return both;
}

/** What a detector, a segmentation or a classifier says, each in its own way. */
function shown(image, name, answer) {
  if (answer.boxes) return foundBoxes(image, name, answer);
  if (answer.masks) return foundMasks(image, name, answer);
  return bars(answer.top ?? []);
}

/**
 * A card that first shows the picture, then its answer or its fault.
 * @param {string} source address of the picture @param {string} name
 */
export function answerCard(source, name) {
  const body = element("div", { class: "grow stack-s" },
    element("strong", { class: "truncate" }, name), element("progress", { class: "bar", "aria-label": gettext("Predicting") }));
  const image = element("img", { src: source, alt: name, width: 160, height: 160 });
  const card = element("section", { class: "card answer" }, element("div", { class: "answer-head" }, image, body));
  const replace = (...nodes) => {
    body.querySelector("progress.bar:not(.bar-thin)")?.remove();
    body.append(...nodes);
  };
  return {
    card,
    show(answer) {
      const nodes = [shown(image, name, answer), times(answer.timing_ms)];
      if (answer.job) nodes.push(element("a", { class: "small", href: `/inference/jobs/${answer.job}` }, gettext("Kept as a job")));
      replace(...nodes);
    },
    fail(error, retry) {
      const again = element("button", { type: "button", class: "button button-s" }, icon("retry", "s"), gettext("Try again"));
      again.addEventListener("click", () => {
        again.closest(".alert").remove();
        retry();
      });
      const text = element("div", { class: "alert-body" }, element("strong", {}, error.message), element("p", {}, error.hint ?? ""), again);
      replace(element("div", { class: "alert alert-failed", role: "alert" }, icon("error"), text));
    },
  };
}
