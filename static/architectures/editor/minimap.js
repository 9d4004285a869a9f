/** The whole graph in a corner, with the part that is seen. Click or drag in it to go there. */

import { put, svg } from "./elements.js";
import { boundsOf, NODE_HEIGHT, NODE_WIDTH } from "./geometry.js";

const PAD = 80;

export class Minimap {
  constructor(editor, frame) {
    this.editor = editor;
    this.frame = frame;
    this.nodes = svg("path", { class: "minimap-nodes" });
    this.faults = svg("path", { class: "minimap-faults" });
    this.window = svg("rect", { class: "minimap-window" });
    frame.append(this.nodes, this.faults, this.window);
    this.request = 0;
    const later = () => this.later();
    editor.store.addEventListener("change", later);
    editor.analysis.addEventListener("change", later);
    editor.canvas.viewport.addEventListener("change", later);
    frame.addEventListener("pointerdown", (event) => {
      frame.setPointerCapture(event.pointerId);
      this.#go(event);
      event.preventDefault();
    });
    frame.addEventListener("pointermove", (event) => event.buttons && this.#go(event));
  }

  later() {
    this.request ||= requestAnimationFrame(() => {
      this.request = 0;
      this.draw();
    });
  }

  draw() {
    const { store, analysis, canvas } = this.editor;
    const places = [...store.places].filter(([id]) => store.nodes.has(id));
    const seen = canvas.viewport.seen();
    const box = boundsOf(places.map(([, place]) => place));
    const fits = !box || (box.left >= seen.left && box.top >= seen.top && box.right <= seen.left + seen.width && box.bottom <= seen.top + seen.height);
    // A map of what is seen whole already would only cover it.
    this.frame.classList.toggle("is-needless", fits);
    if (fits) return;
    put(this.frame, "viewBox", `${box.left - PAD} ${box.top - PAD} ${box.right - box.left + 2 * PAD} ${box.bottom - box.top + 2 * PAD}`);
    const outline = ([, { x, y }]) => `M${x} ${y}h${NODE_WIDTH}v${NODE_HEIGHT}h${-NODE_WIDTH}z`;
    put(this.nodes, "d", places.map(outline).join(""));
    put(this.faults, "d", places.filter(([id]) => analysis.findingsAt(id).length).map(outline).join(""));
    put(this.window, "x", seen.left);
    put(this.window, "y", seen.top);
    put(this.window, "width", seen.width);
    put(this.window, "height", seen.height);
  }

  #go(event) {
    const matrix = this.frame.getScreenCTM();
    if (!matrix) return;
    const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(matrix.inverse());
    const { viewport } = this.editor.canvas;
    const { width, height } = viewport.size();
    viewport.set({ x: width / 2 - point.x * viewport.k, y: height / 2 - point.y * viewport.k });
  }
}
