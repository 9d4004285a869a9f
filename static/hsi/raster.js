/**
 * A picture of a scene that can be zoomed and panned by wheel, drag, pinch and keys, with layers, outlines, pins and a
 * cross-hair. It tells of points and views; several rasters can share a view.
 *
 * Events (detail): "point" {row, column} or null below the pointer or the cross-hair; "pick" {row, column} clicked or
 * Enter; "view" {row, column, times} the middle of what is shown and its magnification.
 */
import { gesturesOn } from "./gestures.js";
import { seriesColours } from "../js/plots/theme.js";

const LARGEST_SCALE = 64;
const ROOM = 0.92;
const CROSS_FROM_SCALE = 4;
const MARGIN = 0.2;

export class Raster extends EventTarget {
  /** @param {HTMLElement} root holds a canvas @param {{height: number, width: number}} shape of the scene */
  constructor(root, { height, width }) {
    super();
    this.root = root;
    this.canvas = root.querySelector("canvas");
    Object.assign(this, { height, width, layers: [], outlines: [], boxes: [], pins: [], cursor: null, view: null, waiting: 0 });
    this.fitted = true;
    new ResizeObserver(() => this.resized()).observe(this.canvas);
    document.addEventListener("theme-changed", () => this.later());
    gesturesOn(this);
    this.resized();
  }

  /** Put a picture on top, or in the place of the layer of the same name. */
  setLayer(name, source, alpha = 1) {
    const known = this.layers.find((layer) => layer.name === name);
    if (known) Object.assign(known, { source, alpha });
    else this.layers.push({ name, source, alpha });
    this.later();
  }

  setAlpha(name, alpha) {
    const layer = this.layers.find((one) => one.name === name);
    if (layer) layer.alpha = alpha;
    this.later();
  }

  /** @param {{path: Path2D, colour: string, dashed?: boolean}[]} outlines colour: name of a CSS variable */
  setOutlines(outlines) {
    this.outlines = outlines;
    this.later();
  }

  setPins(pins) {
    this.pins = pins;
    this.later();
  }

  setBoxes(boxes) {
    this.boxes = boxes;
    this.later();
  }

  get fitScale() {
    return Math.min(this.canvas.clientWidth / this.width, this.canvas.clientHeight / this.height) || 1;
  }

  resized() {
    const { clientWidth, clientHeight } = this.canvas;
    if (!clientWidth || !clientHeight) return;
    this.canvas.width = Math.round(clientWidth * devicePixelRatio);
    this.canvas.height = Math.round(clientHeight * devicePixelRatio);
    if (this.fitted || !this.view) this.fit(true);
    else this.show(this.view, true);
  }

  fit(quietly = false) {
    const scale = this.fitScale * ROOM;
    this.show({
      scale,
      x: this.width / 2 - this.canvas.clientWidth / 2 / scale,
      y: this.height / 2 - this.canvas.clientHeight / 2 / scale,
    }, quietly);
    this.fitted = true;
  }

  /** The view without the size of the window: its middle, and how often it is larger than when everything fits. */
  get place() {
    const { scale, x, y } = this.view;
    const [across, down] = [this.canvas.clientWidth / scale, this.canvas.clientHeight / scale];
    return { column: x + across / 2, row: y + down / 2, times: scale / this.fitScale };
  }

  /** Show the place of another raster of this scene. */
  follow({ row, column, times }) {
    if (!this.view) return;
    const scale = times * this.fitScale;
    this.show({ scale, x: column - this.canvas.clientWidth / 2 / scale, y: row - this.canvas.clientHeight / 2 / scale }, true);
  }

  /** Show a part of the scene, never much of what lies beside it. */
  show({ scale, x, y }, quietly = false) {
    const bounded = Math.min(LARGEST_SCALE, Math.max(this.fitScale * 0.5, scale));
    const [across, down] = [this.canvas.clientWidth / bounded, this.canvas.clientHeight / bounded];
    this.view = {
      scale: bounded,
      x: held(x, across, this.width),
      y: held(y, down, this.height),
    };
    this.fitted = false;
    this.later();
    if (!quietly) this.tell("view", this.place);
  }

  /** Zoom so that the point below (left, top), in CSS pixels of the canvas, stays where it is. */
  zoomAt(left, top, factor) {
    const { scale, x, y } = this.view;
    const next = Math.min(LARGEST_SCALE, Math.max(this.fitScale * 0.5, scale * factor));
    this.show({ scale: next, x: x + left / scale - left / next, y: y + top / scale - top / next });
  }

  zoom(factor) {
    this.zoomAt(this.canvas.clientWidth / 2, this.canvas.clientHeight / 2, factor);
  }

  pan(byLeft, byTop) {
    const { scale, x, y } = this.view;
    this.show({ scale, x: x - byLeft / scale, y: y - byTop / scale });
  }

  /** Bring a place to the middle, near enough to see `span` pixels around it. */
  goTo({ row, column }, span = 24) {
    const scale = Math.min(this.canvas.clientWidth, this.canvas.clientHeight) / span;
    const near = Math.min(LARGEST_SCALE, Math.max(this.view.scale, scale));
    this.show({
      scale: near,
      x: column + 0.5 - this.canvas.clientWidth / 2 / near,
      y: row + 0.5 - this.canvas.clientHeight / 2 / near,
    });
    this.pointAt({ row, column });
  }

  /** @returns {{row: number, column: number} | null} the pixel below a place of the canvas */
  pixelAt(left, top) {
    const column = Math.floor(this.view.x + left / this.view.scale);
    const row = Math.floor(this.view.y + top / this.view.scale);
    return row >= 0 && column >= 0 && row < this.height && column < this.width ? { row, column } : null;
  }

  /** Move the cross-hair. */
  pointAt(place, quietly = false) {
    this.cursor = place;
    this.later();
    if (!quietly) this.tell("point", place);
  }

  /** Move the cross-hair by whole pixels and keep it in sight. */
  step(rows, columns) {
    const from = this.cursor ?? { row: Math.floor(this.height / 2), column: Math.floor(this.width / 2) };
    const row = Math.min(this.height - 1, Math.max(0, from.row + (this.cursor ? rows : 0)));
    const column = Math.min(this.width - 1, Math.max(0, from.column + (this.cursor ? columns : 0)));
    const { scale, x, y } = this.view;
    const inSight = column >= x && row >= y && column + 1 <= x + this.canvas.clientWidth / scale && row + 1 <= y + this.canvas.clientHeight / scale;
    if (!inSight) this.goTo({ row, column }, this.canvas.clientHeight / scale);
    else this.pointAt({ row, column });
  }

  tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  later() {
    this.waiting ||= requestAnimationFrame(() => {
      this.waiting = 0;
      this.draw();
    });
  }

  draw() {
    if (!this.view || !this.canvas.width) return;
    const context = this.canvas.getContext("2d");
    const style = getComputedStyle(document.documentElement);
    const read = (name) => style.getPropertyValue(name).trim();
    const { scale, x, y } = this.view;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    const unit = scale * devicePixelRatio;
    context.setTransform(unit, 0, 0, unit, -x * unit, -y * unit);
    context.imageSmoothingEnabled = scale < 1;
    for (const { source, alpha } of this.layers) {
      if (!source || !alpha) continue;
      context.globalAlpha = alpha;
      context.drawImage(source, 0, 0, this.width, this.height);
    }
    context.globalAlpha = 1;
    for (const { path, colour, dashed } of this.outlines) this.stroke(context, path, read(colour), dashed);
    for (const box of this.boxes) this.drawBox(context, box, read("--surface"), read("--accent"));
    const colours = seriesColours();
    for (const pin of this.pins) this.drawPin(context, pin, colours[pin.colour % colours.length]);
    if (this.cursor) this.drawCursor(context);
  }

  /** A line in a colour on a darker one, so that it shows on any picture. */
  stroke(context, path, colour, dashed = false) {
    const thin = 1 / this.view.scale;
    context.setLineDash([]);
    context.lineWidth = 3 * thin;
    context.strokeStyle = "rgb(0 0 0 / 60%)";
    context.stroke(path);
    context.setLineDash(dashed ? [5 * thin, 3 * thin] : []);
    context.lineWidth = 1.5 * thin;
    context.strokeStyle = colour;
    context.stroke(path);
    context.setLineDash([]);
  }

  drawBox(context, { top, left, bottom, right, label, strong }, ground, accent) {
    const thin = 1 / this.view.scale;
    const path = new Path2D();
    path.rect(left - 2 * thin, top - 2 * thin, right - left + 1 + 4 * thin, bottom - top + 1 + 4 * thin);
    context.lineWidth = (strong ? 4.5 : 3) * thin;
    context.strokeStyle = "rgb(0 0 0 / 65%)";
    context.stroke(path);
    context.lineWidth = (strong ? 2.5 : 1.25) * thin;
    context.strokeStyle = strong ? accent : ground;
    context.stroke(path);
    if (!label) return;
    context.font = `600 ${11 * thin}px system-ui, sans-serif`;
    const width = context.measureText(label).width + 6 * thin;
    context.fillStyle = "rgb(0 0 0 / 75%)";
    context.fillRect(left - 2 * thin, top - 16 * thin, width, 14 * thin);
    context.fillStyle = "#fff";
    context.fillText(label, left + thin, top - 5.5 * thin);
  }

  drawPin(context, { row, column }, colour) {
    const thin = 1 / this.view.scale;
    context.beginPath();
    context.arc(column + 0.5, row + 0.5, 5 * thin, 0, 2 * Math.PI);
    context.fillStyle = colour;
    context.fill();
    context.lineWidth = 2 * thin;
    context.strokeStyle = "#fff";
    context.stroke();
  }

  drawCursor(context) {
    const { row, column } = this.cursor;
    const thin = 1 / this.view.scale;
    const path = new Path2D();
    const gap = Math.max(0.5, 4 * thin) + 2 * thin;
    const [x, y] = [column + 0.5, row + 0.5];
    for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
      path.moveTo(x + dx * gap, y + dy * gap);
      path.lineTo(x + dx * (gap + 14 * thin), y + dy * (gap + 14 * thin));
    }
    if (this.view.scale >= CROSS_FROM_SCALE) path.rect(column, row, 1, 1);
    this.stroke(context, path, "#fff");
  }
}

/** Where the window may begin along one axis: at most a part of it shows what lies beyond the scene. */
function held(start, seen, length) {
  const beyond = Math.max(MARGIN * seen, (seen - length) / 2 + MARGIN * Math.min(seen, length));
  return Math.min(length - seen + beyond, Math.max(-beyond, start));
}

/** Let rasters of the same scene show the same part and the same cross-hair. */
export function linkRasters(rasters) {
  for (const one of rasters) {
    one.addEventListener("view", ({ detail }) => {
      for (const other of rasters) if (other !== one) other.follow(detail);
    });
    one.addEventListener("point", ({ detail }) => {
      for (const other of rasters) if (other !== one) other.pointAt(detail, true);
    });
  }
}

/** @param {string} url @returns {Promise<HTMLImageElement>} a picture that is ready to be drawn */
export async function loadPicture(url) {
  const picture = new Image();
  picture.src = url;
  await picture.decode();
  return picture;
}
