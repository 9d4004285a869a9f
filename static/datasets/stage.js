/** An image with its annotations that can be zoomed and moved: by wheel, fingers, keys and buttons. */
import { drawShape, svg } from "./shapes.js";

const STEP = 1.4;
const DEEPEST = 40;

export class Stage {
  /**
   * `tool` may be set to what takes presses: `press(place, target)` says whether it does, then `drag`, `release`, `cancel`.
   * @param {SVGSVGElement} root @param {{width: number, height: number, source: string, shapes: object[], classes: string[]}} data
   */
  constructor(root, data) {
    this.root = root;
    this.width = data.width;
    this.height = data.height;
    this.classes = data.classes;
    this.shapes = data.shapes;
    this.held = new Map();
    this.taken = false;
    this.tool = null;
    this.layer = svg("g", { class: "stage-shapes" });
    this.handles = svg("g", { class: "stage-handles" });
    const picture = svg("image", { href: data.source, width: data.width, height: data.height, preserveAspectRatio: "none" });
    root.append(picture, this.layer, this.handles);
    this.fit();
    this.#gestures();
    new ResizeObserver(() => this.draw()).observe(root);
  }

  /** Pixels of the image that one pixel of the screen is. */
  get unit() {
    const matrix = this.root.getScreenCTM();
    return matrix?.a ? 1 / matrix.a : 1;
  }

  /** The place in the image under a pointer. */
  placeOf(event) {
    const matrix = this.root.getScreenCTM();
    return new DOMPoint(event.clientX, event.clientY).matrixTransform(matrix.inverse());
  }

  fit() {
    this.show({ x: 0, y: 0, width: this.width, height: this.height });
  }

  /** Show a part of the image, never less than a few pixels and never more than all of it. */
  show({ x, y, width, height }) {
    const scale = Math.min(1, Math.max(width / this.width, 1 / DEEPEST));
    const [wide, high] = [this.width * scale, this.height * scale];
    const left = Math.min(Math.max(x + (width - wide) / 2, 0), this.width - wide);
    const top = Math.min(Math.max(y + (height - high) / 2, 0), this.height - high);
    this.view = { x: left, y: top, width: wide, height: high };
    this.root.setAttribute("viewBox", `${left} ${top} ${wide} ${high}`);
    this.draw();
  }

  /** Zoom so that a place of the image stays where it is. */
  zoom(factor, place) {
    const { x, y, width, height } = this.view;
    const at = place ?? { x: x + width / 2, y: y + height / 2 };
    this.show({ x: at.x - (at.x - x) / factor, y: at.y - (at.y - y) / factor, width: width / factor, height: height / factor });
  }

  pan(x, y) {
    this.show({ ...this.view, x: this.view.x - x, y: this.view.y - y });
  }

  /** Draw all annotations; lines and names keep their size on the screen. */
  draw() {
    const looks = { classes: this.classes, names: true, unit: this.unit };
    const area = ({ box }) => Math.abs((box[2] - box[0]) * (box[3] - box[1]));
    const small = [...this.shapes].sort((one, other) => area(other) - area(one)); // small ones can be reached over large ones
    this.layer?.replaceChildren(...small.map((shape) => drawShape(shape, looks)));
    this.point(this.pointed);
    this.tool?.drawn();
  }

  /** Make one annotation stand out; NaN for none. */
  point(row) {
    this.pointed = row;
    for (const group of this.layer?.children ?? []) group.toggleAttribute("data-pointed", Number(group.dataset.row) === row);
    this.root.toggleAttribute("data-pointing", Number.isFinite(row));
  }

  #gestures() {
    this.root.addEventListener("wheel", (event) => {
      event.preventDefault();
      this.zoom(Math.exp(-event.deltaY * (event.deltaMode ? 30 : 1) * 0.0015), this.placeOf(event));
    }, { passive: false });
    this.root.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      const place = this.placeOf(event);
      this.held.set(event.pointerId, place);
      const target = event.target; // before the pointer is captured
      this.root.setPointerCapture(event.pointerId);
      if (this.held.size === 1) this.taken = Boolean(this.tool?.press(place, target));
      else if (this.taken) {
        this.tool.cancel();
        this.taken = false;
      }
    });
    this.root.addEventListener("pointermove", (event) => {
      const before = this.held.get(event.pointerId);
      if (!before) return;
      const now = this.placeOf(event);
      if (this.held.size === 2) this.#pinch(event.pointerId, before, now);
      else if (this.taken) this.tool.drag(now);
      else this.pan(now.x - before.x, now.y - before.y);
      this.held.set(event.pointerId, this.placeOf(event));
    });
    for (const name of ["pointerup", "pointercancel"]) {
      this.root.addEventListener(name, (event) => {
        if (!this.held.delete(event.pointerId) || !this.taken || this.held.size) return;
        this.taken = false;
        if (name === "pointerup") this.tool.release();
        else this.tool.cancel();
      });
    }
    this.root.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key === "+" || event.key === "=") this.zoom(STEP);
      else if (event.key === "-") this.zoom(1 / STEP);
      else if (event.key === "0") this.fit();
      else return;
      event.preventDefault();
    });
    const buttons = { in: () => this.zoom(STEP), out: () => this.zoom(1 / STEP), fit: () => this.fit() };
    for (const button of document.querySelectorAll("[data-zoom]")) button.addEventListener("click", buttons[button.dataset.zoom]);
  }

  #pinch(id, before, now) {
    const other = [...this.held].find(([key]) => key !== id)?.[1];
    if (!other) return;
    const apart = (one) => Math.hypot(one.x - other.x, one.y - other.y);
    this.zoom(apart(now) / Math.max(apart(before), 1e-6), { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 });
  }
}
