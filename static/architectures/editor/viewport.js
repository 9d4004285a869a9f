/** What part of the canvas is seen: offset and zoom. Never holds anything that is not a finite number. */

import { finite } from "./geometry.js";
import { put } from "./elements.js";

export const MIN_ZOOM = 0.1;
export const MAX_ZOOM = 3;
const MARGIN = 40;
const TOP = 64; // the tools lie over the upper edge

export class Viewport extends EventTarget {
  constructor(frame, world, saved = {}) {
    super();
    this.frame = frame;
    this.world = world;
    this.known = Number.isFinite(saved.k);
    this.x = 0;
    this.y = 0;
    this.k = 1;
    this.set(saved);
  }

  /** Move to an offset and zoom. Whatever is not a finite number is ignored. */
  set({ x, y, k }) {
    this.x = finite(x, this.x);
    this.y = finite(y, this.y);
    this.k = finite(k, this.k, MIN_ZOOM, MAX_ZOOM);
    put(this.world, "transform", `translate(${this.x.toFixed(2)} ${this.y.toFixed(2)}) scale(${this.k.toFixed(4)})`);
    this.dispatchEvent(new CustomEvent("change"));
  }

  toJSON() {
    return { x: this.x, y: this.y, k: this.k };
  }

  /** Size of the frame in pixels. */
  size() {
    const { width, height } = this.frame.getBoundingClientRect();
    return { width: width || 1, height: height || 1 };
  }

  /** A point of the page in world units. */
  toWorld(clientX, clientY) {
    const { left, top } = this.frame.getBoundingClientRect();
    return { x: (clientX - left - this.x) / this.k, y: (clientY - top - this.y) / this.k };
  }

  panBy(dx, dy) {
    this.set({ x: this.x + dx, y: this.y + dy });
  }

  /** Zoom by a factor so that the point under (clientX, clientY) stays where it is. */
  zoomAt(factor, clientX, clientY) {
    const { left, top } = this.frame.getBoundingClientRect();
    const k = finite(this.k * factor, this.k, MIN_ZOOM, MAX_ZOOM);
    const ratio = k / this.k;
    const px = clientX - left;
    const py = clientY - top;
    this.set({ x: px - (px - this.x) * ratio, y: py - (py - this.y) * ratio, k });
  }

  /** Zoom around the middle of the frame. */
  zoomBy(factor) {
    const { left, top, width, height } = this.frame.getBoundingClientRect();
    this.zoomAt(factor, left + width / 2, top + height / 2);
  }

  zoomTo(k) {
    this.zoomBy(k / this.k);
  }

  /** Show a whole box, at most at natural size. */
  fit(box) {
    if (!box) return this.set({ x: MARGIN, y: TOP, k: 1 });
    const { width, height } = this.size();
    const wide = Math.max(1, box.right - box.left);
    const tall = Math.max(1, box.bottom - box.top);
    const k = finite(Math.min((width - 2 * MARGIN) / wide, (height - TOP - MARGIN) / tall, 1), 1, MIN_ZOOM, MAX_ZOOM);
    return this.set({
      k,
      x: (width - wide * k) / 2 - box.left * k,
      y: TOP + (height - TOP - MARGIN - tall * k) / 2 - box.top * k,
    });
  }

  /** Show the beginning of a tall graph at a size that can be read, rather than all of it too small. */
  open(box) {
    this.fit(box);
    if (!box || this.k >= 0.6) return;
    const { width } = this.size();
    const k = Math.min(0.85, Math.max(0.6, (width - 2 * MARGIN) / (box.right - box.left)));
    this.set({ k, x: (width - (box.left + box.right) * k) / 2, y: TOP - box.top * k });
  }

  /** Pan just so far that a box is inside the frame. */
  reveal(box) {
    const { width, height } = this.size();
    const left = box.left * this.k + this.x;
    const top = box.top * this.k + this.y;
    const right = box.right * this.k + this.x;
    const bottom = box.bottom * this.k + this.y;
    let dx = 0;
    let dy = 0;
    if (left < MARGIN) dx = MARGIN - left;
    else if (right > width - MARGIN) dx = width - MARGIN - right;
    if (top < TOP) dy = TOP - top;
    else if (bottom > height - MARGIN) dy = height - MARGIN - bottom;
    if (dx || dy) this.panBy(dx, dy);
  }

  /** The part of the world that is seen. */
  seen() {
    const { width, height } = this.size();
    return { left: -this.x / this.k, top: -this.y / this.k, width: width / this.k, height: height / this.k };
  }
}
