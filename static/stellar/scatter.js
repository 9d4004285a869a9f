/**
 * A scatter of up to some hundred thousand points on a canvas: zoom, pan, pick, and areas drawn by hand.
 *
 * Points are stamped into the bytes of the picture, not drawn one by one, so that a frame of 100,000 takes milliseconds.
 * Tells "point" (index or -1 under the pointer), "pick" (index), "area" ({polygon, adds}) and "view".
 */
import { PointGrid } from "./point-grid.js";
import { scatterGestures } from "./scatter-gestures.js";

const MARGIN = 0.04;
const MOST_ZOOM = 400;
const PICK_PIXELS = 9;
const RING = 7;

/** @param {number} size side of a stamp in device pixels @returns {[number, number][]} places of a disc, about its middle */
function disc(size) {
  const half = size / 2;
  const places = [];
  for (let row = 0; row < size; row += 1) {
    for (let column = 0; column < size; column += 1) {
      if (Math.hypot(row + 0.5 - half, column + 0.5 - half) <= half) places.push([column - Math.floor(half), row - Math.floor(half)]);
    }
  }
  return places;
}

/** @param {string} colour as computed by the browser, rgb(...) or #rrggbb @returns {number} as the canvas stores it */
export function packed(colour) {
  const found = colour.startsWith("#")
    ? [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16))
    : (colour.match(/[\d.]+/g) ?? ["0", "0", "0"]).slice(0, 3).map(Number);
  const [red, green, blue] = found.map(Math.round);
  return ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}

export class Scatter extends EventTarget {
  /**
   * @param {HTMLElement} root holds a canvas and buttons [data-zoom]
   * @param {{x: Float32Array, y: Float32Array}} points
   */
  constructor(root, { x, y }) {
    super();
    Object.assign(this, { root, x, y, mode: "move", cursor: -1, polygon: null, waiting: 0 });
    this.count = x.length;
    this.colours = new Uint32Array(this.count);
    this.order = Uint32Array.from({ length: this.count }, (_unused, index) => index);
    this.shown = new Uint8Array(this.count).fill(1);
    this.selected = new Uint8Array(this.count);
    this.canvas = root.querySelector("canvas");
    this.context = this.canvas.getContext("2d");
    this.measure();
    this.grid = new PointGrid(x, y, this.bounds);
    scatterGestures(this);
    new ResizeObserver(() => this.resize()).observe(this.canvas);
    document.addEventListener("theme-changed", () => this.later());
    this.resize();
  }

  tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }

  measure() {
    let [left, right, low, high] = [Infinity, -Infinity, Infinity, -Infinity];
    for (let at = 0; at < this.count; at += 1) {
      if (this.x[at] < left) left = this.x[at];
      if (this.x[at] > right) right = this.x[at];
      if (this.y[at] < low) low = this.y[at];
      if (this.y[at] > high) high = this.y[at];
    }
    const wide = right - left || 1;
    const tall = high - low || 1;
    this.bounds = { left: left - wide * MARGIN, right: right + wide * MARGIN, low: low - tall * MARGIN, high: high + tall * MARGIN };
  }

  /** Fit the canvas to its place on the page. */
  resize() {
    const { clientWidth, clientHeight } = this.canvas;
    if (!clientWidth || !clientHeight) return;
    const ratio = Math.min(window.devicePixelRatio || 1, 2);
    const [width, height] = [Math.round(clientWidth * ratio), Math.round(clientHeight * ratio)];
    if (width === this.canvas.width && height === this.canvas.height && this.scale) return;
    const first = !this.scale;
    const middle = first ? null : this.toData(this.canvas.clientWidth / 2, this.canvas.clientHeight / 2);
    Object.assign(this.canvas, { width, height });
    this.ratio = ratio;
    if (first) this.fit();
    else {
      this.centre = middle;
      this.later();
    }
  }

  /** Show everything. One scale for both axes would squeeze the plane, which has no units; each axis fills its side. */
  fit() {
    const { left, right, low, high } = this.bounds;
    this.base = { x: this.canvas.clientWidth / (right - left), y: this.canvas.clientHeight / (high - low) };
    this.scale = 1;
    this.centre = { x: (left + right) / 2, y: (low + high) / 2 };
    this.changed();
  }

  toData(left, top) {
    return {
      x: this.centre.x + (left - this.canvas.clientWidth / 2) / (this.base.x * this.scale),
      y: this.centre.y - (top - this.canvas.clientHeight / 2) / (this.base.y * this.scale),
    };
  }

  toScreen(index) {
    return {
      left: (this.x[index] - this.centre.x) * this.base.x * this.scale + this.canvas.clientWidth / 2,
      top: (this.centre.y - this.y[index]) * this.base.y * this.scale + this.canvas.clientHeight / 2,
    };
  }

  zoomAt(left, top, factor) {
    const before = this.toData(left, top);
    this.scale = Math.min(MOST_ZOOM, Math.max(0.5, this.scale * factor));
    const after = this.toData(left, top);
    this.centre = { x: this.centre.x + before.x - after.x, y: this.centre.y + before.y - after.y };
    this.changed();
  }

  zoom(factor) {
    this.zoomAt(this.canvas.clientWidth / 2, this.canvas.clientHeight / 2, factor);
  }

  pan(right, down) {
    this.centre = { x: this.centre.x - right / (this.base.x * this.scale), y: this.centre.y + down / (this.base.y * this.scale) };
    this.changed();
  }

  changed() {
    this.tell("view");
    this.later();
  }

  /** @returns {number} the visible point next to a place of the canvas, or -1 */
  nearest(left, top) {
    const place = this.toData(left, top);
    const reach = { x: PICK_PIXELS / (this.base.x * this.scale), y: PICK_PIXELS / (this.base.y * this.scale) };
    return this.grid.nearest(place, reach, this.shown);
  }

  /** Go from the point under the cursor to the next one in a direction; without one, to the middle of the view. */
  step(right, up) {
    const from = this.cursor >= 0 ? this.cursor : this.nearestToMiddle();
    const next = this.cursor >= 0 ? this.grid.beyond(from, { right, up }, this.base, this.shown) : from;
    if (next >= 0) this.setCursor(next);
  }

  nearestToMiddle() {
    const reach = { x: (this.bounds.right - this.bounds.left) / 2, y: (this.bounds.high - this.bounds.low) / 2 };
    return this.grid.nearest(this.centre, reach, this.shown);
  }

  setCursor(index) {
    if (index === this.cursor) return;
    this.cursor = index;
    this.tell("point", index);
    this.later();
  }

  /** @param {Uint32Array} colours packed @param {Uint32Array} [order] which is drawn last lies on top */
  setColours(colours, order) {
    this.colours = colours;
    if (order) this.order = order;
    this.later();
  }

  /** @param {(index: number) => boolean} keeps */
  setShown(keeps) {
    for (let at = 0; at < this.count; at += 1) this.shown[at] = keeps(at) ? 1 : 0;
    this.later();
  }

  /** @param {Uint8Array} selected */
  setSelected(selected) {
    this.selected = selected;
    this.later();
  }

  later() {
    this.waiting ||= requestAnimationFrame(() => {
      this.waiting = 0;
      this.draw();
    });
  }

  draw() {
    if (!this.scale) return;
    const { width, height } = this.canvas;
    const image = this.context.createImageData(width, height);
    this.stamp(new Uint32Array(image.data.buffer), width, height);
    this.context.putImageData(image, 0, 0);
    const style = getComputedStyle(document.documentElement);
    this.context.save();
    this.context.scale(this.ratio, this.ratio);
    if (this.cursor >= 0) this.ring(style.getPropertyValue("--ink").trim());
    if (this.polygon) this.outline(style.getPropertyValue("--accent").trim());
    this.context.restore();
  }

  stamp(pixels, width, height) {
    const places = disc(this.pointSize());
    const wide = this.base.x * this.scale * this.ratio;
    const tall = this.base.y * this.scale * this.ratio;
    const faint = this.hasSelection() ? 0x40000000 : 0;
    for (const at of this.order) {
      if (!this.shown[at]) continue;
      const left = Math.round((this.x[at] - this.centre.x) * wide + width / 2);
      const top = Math.round((this.centre.y - this.y[at]) * tall + height / 2);
      if (left < -8 || top < -8 || left > width + 8 || top > height + 8) continue;
      const colour = faint && !this.selected[at] ? ((this.colours[at] & 0xffffff) | faint) >>> 0 : this.colours[at];
      for (const [right, down] of places) {
        const column = left + right;
        const row = top + down;
        if (column < 0 || row < 0 || column >= width || row >= height) continue;
        const place = row * width + column;
        if (faint && !this.selected[at] && pixels[place]) continue; // what is chosen stays on top
        pixels[place] = colour;
      }
    }
  }

  hasSelection() {
    return this.selected.includes(1);
  }

  /** Few points are drawn large, many small; zooming in lets them grow. */
  pointSize() {
    const few = this.count < 2000 ? 6 : this.count < 20000 ? 4 : 2.5;
    return Math.max(2, Math.round(Math.min(9, few * this.scale ** 0.25) * this.ratio));
  }

  ring(colour) {
    const { left, top } = this.toScreen(this.cursor);
    this.context.beginPath();
    this.context.arc(left, top, RING, 0, 2 * Math.PI);
    this.context.strokeStyle = colour;
    this.context.lineWidth = 2;
    this.context.stroke();
  }

  outline(colour) {
    this.context.beginPath();
    this.polygon.forEach(([left, top]) => this.context.lineTo(left, top));
    this.context.closePath();
    this.context.globalAlpha = 0.15;
    this.context.fillStyle = colour;
    this.context.fill();
    this.context.globalAlpha = 1;
    this.context.strokeStyle = colour;
    this.context.lineWidth = 1.5;
    this.context.stroke();
  }
}
