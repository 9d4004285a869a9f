/** A video of a batch: what was found in the frame that is seen is drawn over it, and a line shows how much was found when. */
import { svg } from "../datasets/shapes.js";
import { api } from "../js/http.js";
import { drawAnswer } from "./layer.js";

const CHUNK = 100;
const LINE = { width: 1000, height: 60 };

/** @param {number} seconds @returns {string} minutes, seconds and tenths */
export function timeText(seconds) {
  const minutes = Math.floor(seconds / 60);
  return `${minutes}:${(seconds - 60 * minutes).toFixed(1).padStart(4, "0")}`;
}

/** @returns {Film | null} for the section with a video, when there is one */
export function startFilm(root, gallery) {
  const section = root.querySelector("#film");
  return section ? new Film(section, root, gallery) : null;
}

class Film {
  constructor(section, root, gallery) {
    this.root = root;
    this.gallery = gallery;
    this.video = section.querySelector("video");
    this.stage = section.querySelector(".film-stage");
    this.line = section.querySelector(".film-line");
    this.text = section.querySelector("[data-film-text]");
    this.fault = section.querySelector("[data-film-fault]");
    this.select = section.querySelector("select");
    this.films = JSON.parse(document.getElementById("videos").textContent);
    this.select.addEventListener("change", () => this.choose());
    this.line.addEventListener("click", (event) => this.goTo((event.clientX - this.line.getBoundingClientRect().left) / this.line.clientWidth));
    this.video.addEventListener("error", () => this.unplayable());
    for (const name of ["timeupdate", "seeked", "loadeddata"]) this.video.addEventListener(name, () => this.draw());
    const follow = () => {
      if (!this.video.paused) this.draw();
      this.video.requestVideoFrameCallback?.(follow);
    };
    this.video.requestVideoFrameCallback?.(follow);
    this.choose();
  }

  choose() {
    this.chunks = new Map();
    this.times = [];
    this.fault.hidden = true;
    this.stage.hidden = false;
    this.video.src = this.select.selectedOptions[0].dataset.address;
    this.refresh();
  }

  unplayable() {
    this.fault.hidden = false;
    this.stage.hidden = true;
  }

  get number() {
    return Number(this.select.value);
  }

  /** The line again, for another threshold or other classes. */
  async refresh() {
    const { times, counts } = await api(`${this.root.dataset.timeline}?${this.gallery.query({ video: this.number })}`);
    this.times = times;
    this.plot(times, counts);
    this.draw();
  }

  plot(times, counts) {
    const most = Math.max(1, ...counts);
    const last = times.at(-1) || 1;
    const heights = new Map(); // one column a pixel: of the frames in it, the one in which most was found
    times.forEach((time, at) => {
      const x = Math.min(LINE.width - 1, Math.floor((time / last) * LINE.width));
      heights.set(x, Math.max(heights.get(x) ?? 0, counts[at]));
    });
    const step = Math.max(1, Math.floor(LINE.width / times.length));
    const columns = [...heights].map(([x, count]) => {
      const height = (LINE.height * count) / most;
      return svg("rect", { x, width: step, y: LINE.height - height, height });
    });
    this.mark = svg("line", { class: "film-mark", y1: 0, y2: LINE.height, x1: 0, x2: 0 });
    this.line.replaceChildren(...columns, this.mark);
    const found = counts.filter(Boolean).length;
    this.text.textContent = interpolate(gettext("Something was found in %s of %s frames; at most %s at once. %s long."), [found, times.length, Math.max(0, ...counts), timeText(last)]);
  }

  goTo(share) {
    this.video.currentTime = share * (this.times.at(-1) ?? 0);
  }

  /** The answer about the last frame that was looked at before now. */
  async draw() {
    const now = this.video.currentTime;
    let [low, high] = [0, this.times.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.times[middle] <= now + 0.001) low = middle + 1;
      else high = middle;
    }
    if (!low) return;
    this.mark?.setAttribute("x1", (LINE.width * now) / (this.times.at(-1) || 1));
    this.mark?.setAttribute("x2", (LINE.width * now) / (this.times.at(-1) || 1));
    const wanted = (this.wanted = low - 1);
    const answers = await this.chunk(Math.floor(wanted / CHUNK));
    if (wanted === this.wanted && answers[wanted % CHUNK]) drawAnswer(this.stage, answers[wanted % CHUNK], this.gallery.sieve);
  }

  chunk(number) {
    if (!this.chunks.has(number)) {
      const query = new URLSearchParams({ video: this.number, page: number + 1, page_size: CHUNK });
      this.chunks.set(number, api(`${this.root.dataset.url}?${query}`).then(({ results }) => results));
    }
    return this.chunks.get(number);
  }
}
