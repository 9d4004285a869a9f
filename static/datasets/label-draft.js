/** Changes that are not saved yet: they wait in this browser, over many images, until they become one version. */
import { changesOf, untouched } from "./label-state.js";

export class Draft {
  /** @param {{dataset: string, version: number, classes: string[]}} data */
  constructor({ dataset, version, classes }) {
    this.key = `labels:${dataset}:${version}`;
    this.given = classes;
    this.#load();
    window.addEventListener("storage", (event) => {
      if (event.key !== this.key) return;
      this.#load();
      this.onChange?.();
    });
  }

  #load() {
    let kept = null;
    try {
      kept = JSON.parse(localStorage.getItem(this.key) ?? "null");
    } catch {
      kept = null;
    }
    this.images = kept?.images ?? {};
    this.classes = kept?.classes ?? this.given;
  }

  #keep() {
    const is = Object.keys(this.images).length || this.classes.length > this.given.length;
    if (is) localStorage.setItem(this.key, JSON.stringify({ images: this.images, classes: this.classes }));
    else localStorage.removeItem(this.key);
    this.onChange?.();
  }

  /** The state of an image. */
  of(position) {
    return this.images[position] ?? untouched();
  }

  set(position, state) {
    if (changesOf(position, state).length) this.images[position] = state;
    else delete this.images[position];
    this.#keep();
  }

  addClass(name) {
    this.classes = [...this.classes, name];
    this.#keep();
    return this.classes.length - 1;
  }

  clear() {
    this.images = {};
    this.classes = this.given;
    this.#keep();
  }

  get imageCount() {
    return Object.keys(this.images).length;
  }

  /** Everything in the order in which the API must hear of it. */
  changes() {
    const named = this.classes.length > this.given.length ? [{ do: "rename", classes: this.classes }] : [];
    return [...named, ...Object.entries(this.images).flatMap(([position, state]) => changesOf(position, state))];
  }
}
