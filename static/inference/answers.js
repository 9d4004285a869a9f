/** The answers of a batch: a gallery with what was found drawn in, a threshold, classes, pages, one large view, a video. */
import { colourOf } from "../datasets/shapes.js";
import { api } from "../js/http.js";
import { element } from "../js/icons.js";
import { percent } from "../js/numbers.js";
import { startFilm, timeText } from "./film.js";
import { drawAnswer, passing } from "./layer.js";

const ASK_AFTER_MS = 250;
const PAGE_SIZE = 24;

/** Begin when the answers are there: at once, or when the page has polled until the run was through. */
function begin() {
  const root = document.getElementById("answers");
  if (root && !root.dataset.started) new Gallery(root);
}

class Gallery {
  constructor(root) {
    root.dataset.started = "true";
    this.root = root;
    this.names = JSON.parse(document.getElementById("class-names").textContent);
    this.slider = root.querySelector("[name=threshold][type=range]");
    this.grid = root.querySelector("[data-grid]");
    this.view = document.getElementById("answer-view");
    this.classes = new Set();
    this.page = 1;
    this.answers = [];
    this.asked = 0;
    if (this.slider) this.slider.value = root.dataset.task === "vision.classify" ? 0 : root.dataset.threshold;
    this.listClasses();
    this.listen();
    this.film = startFilm(root, this);
    this.chosen();
    this.load();
  }

  get sieve() {
    return { threshold: this.slider ? Number(this.slider.value) : 0, classes: this.classes };
  }

  get threshold() {
    return String(this.sieve.threshold);
  }

  /** What the server is asked for. */
  query(more = {}) {
    const query = new URLSearchParams({ threshold: this.threshold, ...more });
    for (const index of this.classes) query.append("classes", index);
    return query;
  }

  listen() {
    let timer = 0;
    const later = () => {
      this.chosen();
      clearTimeout(timer);
      timer = setTimeout(() => this.restart(), ASK_AFTER_MS);
    };
    this.slider?.addEventListener("input", later);
    for (const select of this.root.querySelectorAll("[name=show], [name=unsure_first]")) select.addEventListener("change", () => this.restart());
    this.root.querySelector("[data-classes]").addEventListener("change", (event) => {
      const index = Number(event.target.value);
      if (event.target.checked) this.classes.add(index);
      else this.classes.delete(index);
      later();
    });
    for (const button of this.root.querySelectorAll("[data-step]")) button.addEventListener("click", () => this.turn(Number(button.dataset.step)));
    for (const button of this.view.querySelectorAll("[data-move]")) button.addEventListener("click", () => this.move(Number(button.dataset.move)));
    this.view.addEventListener("keydown", (event) => {
      if (event.key === "ArrowLeft" || event.key === "ArrowRight") this.move(event.key === "ArrowLeft" ? -1 : 1);
    });
  }

  listClasses() {
    const rows = this.names.map((name, index) => element("label", { class: `check ${colourOf(index)}` }, element("input", { type: "checkbox", value: index }), element("span", { class: "truncate" }, name)));
    this.root.querySelector("[data-classes]").append(...rows);
  }

  /** Say what is chosen, draw it into what is shown, and let the downloads follow. */
  chosen() {
    const output = this.root.querySelector(".found-slider output");
    if (output) output.textContent = percent(this.sieve.threshold);
    const count = this.root.querySelector("[data-chosen]");
    count.hidden = !this.classes.size;
    count.textContent = this.classes.size;
    for (const link of this.root.querySelectorAll("[data-format]")) link.href = `${this.root.dataset.results}?${this.query({ format: link.dataset.format })}`;
    for (const hidden of this.root.querySelectorAll("input[type=hidden][name=threshold]")) hidden.value = this.threshold;
    const drawing = this.root.querySelector("[data-draw]");
    for (const old of drawing.querySelectorAll("[name=classes]")) old.remove();
    drawing.append(...[...this.classes].map((index) => element("input", { type: "hidden", name: "classes", value: index })));
    this.answers.forEach((answer, at) => this.draw(answer, this.grid.children[at]));
    if (this.view.open) this.show(this.at);
    this.film?.draw();
  }

  restart() {
    this.page = 1;
    this.load();
    this.film?.refresh();
  }

  async load() {
    const order = (this.asked += 1);
    const more = { page: this.page, page_size: PAGE_SIZE, show: this.root.querySelector("[name=show]").value };
    if (this.root.querySelector("[name=unsure_first]").value) more.unsure_first = "true";
    try {
      const found = await api(`${this.root.dataset.url}?${this.query(more)}`);
      if (order === this.asked) this.fill(found);
    } catch (error) {
      this.grid.replaceChildren(element("p", { class: "text-failed" }, error.message));
    }
  }

  fill({ count, page, pages, results }) {
    this.answers = results;
    this.pages = pages;
    this.grid.replaceChildren(...results.map((answer, at) => this.card(answer, at)));
    if (!results.length) this.grid.append(element("p", { class: "muted" }, gettext("No image fits. Lower the threshold, or choose other classes.")));
    this.root.querySelector("[data-count]").textContent = interpolate(ngettext("%s image", "%s images", count), [count]);
    this.root.querySelector("[data-place]").textContent = pages > 1 ? interpolate(gettext("Page %s of %s"), [page, pages]) : "";
    for (const button of this.root.querySelectorAll("[data-step]")) {
      button.hidden = pages < 2;
      button.disabled = button.dataset.step < 0 ? page <= 1 : page >= pages;
    }
  }

  card(answer, at) {
    const image = element("img", { src: `${answer.picture}?size=320`, loading: "lazy", alt: answer.path, width: 320, height: 240 });
    const frame = element("button", { type: "button", class: "answers-frame", title: answer.path }, image);
    const card = element("figure", { class: "answers-card" }, frame, element("figcaption", {}));
    image.addEventListener("error", () => image.replaceWith(element("span", { class: "muted small" }, gettext("No image"))));
    frame.addEventListener("click", () => this.open(at));
    this.draw(answer, card);
    return card;
  }

  draw(answer, card) {
    drawAnswer(card.querySelector(".answers-frame"), answer, this.sieve, { names: false });
    const at = answer.time_s === undefined ? answer.path.split("/").pop() : timeText(answer.time_s);
    card.querySelector("figcaption").replaceChildren(element("span", { class: "truncate", title: answer.path }, at), this.told(answer));
  }

  /** The answer in a few words. */
  told(answer) {
    if (answer.error) return element("span", { class: "text-failed truncate", title: answer.error.hint }, answer.error.message);
    if (answer.top) {
      const [best] = answer.top;
      const tone = !answer.label ? "" : best.class === answer.label ? " text-ok" : " text-failed";
      return element("span", { class: `truncate${tone}`, title: answer.label ? interpolate(gettext("True class: %s"), [answer.label]) : null }, `${best.class} ${percent(best.probability)}`);
    }
    if (answer.masks) return element("span", { class: "truncate" }, answer.masks.map((one) => `${one.class} ${percent(one.share)}`).join(", ") || gettext("nothing"));
    const count = passing(answer, this.sieve).length;
    return element("span", {}, interpolate(ngettext("%s object", "%s objects", count), [count]));
  }

  turn(step) {
    this.page += step;
    this.root.querySelector(".answers-bar").scrollIntoView({ block: "start" });
    return this.load();
  }

  open(at) {
    this.show(at);
    if (!this.view.open) this.view.showModal();
  }

  show(at) {
    this.at = at;
    const answer = this.answers[at];
    const stage = this.view.querySelector(".viewer-stage");
    const image = stage.querySelector("img");
    image.src = `${answer.picture}?size=1280`;
    image.alt = answer.path;
    document.getElementById("answer-name").textContent = answer.path;
    drawAnswer(stage, answer, this.sieve);
    this.view.querySelector("[data-facts]").replaceChildren(...this.facts(answer).map((text) => element("span", { class: "tag" }, text)));
  }

  facts(answer) {
    if (answer.error) return [answer.error.message];
    const told = answer.top ? answer.top.map((one) => `${one.class} ${percent(one.probability)}`) : [this.told(answer).textContent];
    const frame = answer.time_s === undefined ? [] : [interpolate(gettext("frame %s"), [answer.frame]), timeText(answer.time_s)];
    return [...frame, ...(answer.label ? [interpolate(gettext("True class: %s"), [answer.label])] : []), ...told];
  }

  async move(step) {
    if (this.answers[this.at + step]) return this.show(this.at + step);
    if (this.page + step < 1 || this.page + step > this.pages) return;
    await this.turn(step);
    this.show(step > 0 ? 0 : this.answers.length - 1);
  }
}

document.addEventListener("polled", begin);
begin();
