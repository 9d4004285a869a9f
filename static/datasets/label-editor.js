/** Correcting boxes on the stage: by mouse, finger and key. Every step is a new state, so that each can be undone. */
import { addBox, addedRow, moveBox, relabel, removeBox, shownShapes } from "./label-state.js";
import { PointEditor } from "./point-editor.js";
import { svg } from "./shapes.js";

const HANDLES = [["nw", 0, 0], ["n", 0.5, 0], ["ne", 1, 0], ["e", 1, 0.5], ["se", 1, 1], ["s", 0.5, 1], ["sw", 0, 1], ["w", 0, 0.5]];
const LEAST = 1;
const HANDLE_PX = 5;
const REACH_PX = 14;

export class LabelEditor {
  /**
   * @param {import("./stage.js").Stage} stage
   * @param {{position: number, shapes: object[]}} data
   * @param {import("./label-draft.js").Draft} draft
   * @param {() => void} tell called when annotations or the selection have changed
   */
  constructor(stage, data, draft, tell) {
    Object.assign(this, { stage, data, draft, tell, selected: null, isDrawing: false, grip: null, label: 0 });
    this.state = draft.of(data.position);
    this.past = [];
    this.future = [];
    this.points = new PointEditor(this);
    stage.tool = this;
    this.refresh();
    stage.root.addEventListener("keydown", (event) => this.key(event));
  }

  /** Show the state. */
  refresh() {
    this.stage.classes = this.draft.classes;
    this.stage.shapes = shownShapes(this.data.shapes, this.state);
    if (this.selected !== null && !this.shape) this.selected = null;
    this.stage.draw();
    this.tell();
  }

  get shape() {
    return this.stage.shapes.find((shape) => shape.row === this.selected);
  }

  /** Go to another state; the one before can be had back. */
  become(state) {
    this.past.push(this.state);
    this.future = [];
    this.#take(state);
  }

  #take(state) {
    this.state = state;
    this.draft.set(this.data.position, state);
    this.refresh();
  }

  undo() {
    if (!this.past.length) return;
    this.future.push(this.state);
    this.points.active = null;
    this.#take(this.past.pop());
  }

  redo() {
    if (!this.future.length) return;
    this.past.push(this.state);
    this.points.active = null;
    this.#take(this.future.pop());
  }

  select(row) {
    if (row !== this.selected) this.points.active = null;
    this.selected = row;
    if (this.shape && this.shape.label >= 0) this.label = this.shape.label;
    this.refresh();
  }

  remove() {
    if (this.points.remove()) return;
    if (this.shape) this.become(removeBox(this.state, this.selected));
  }

  /** The class of what is selected, and of the next box. */
  choose(label) {
    this.label = label;
    if (this.shape && this.shape.label !== label) this.become(relabel(this.state, this.selected, label));
    else this.refresh();
  }

  draw(isDrawing) {
    this.isDrawing = isDrawing;
    this.stage.root.toggleAttribute("data-drawing", isDrawing);
    if (isDrawing) this.selected = null;
    this.refresh();
  }

  /** A box in the middle of what is seen, for those who draw by keys. */
  addInTheMiddle() {
    const { x, y, width, height } = this.stage.view;
    this.#add([x + width * 0.4, y + height * 0.4, x + width * 0.6, y + height * 0.6]);
  }

  #add(box) {
    const state = addBox(this.state, this.label, box);
    this.isDrawing = false;
    this.stage.root.removeAttribute("data-drawing");
    this.selected = addedRow(state.added.length - 1);
    this.become(state);
  }

  #inside([left, top, right, bottom]) {
    const { width, height } = this.stage;
    const clip = (value, most) => Math.min(Math.max(value, 0), most);
    return [clip(left, width), clip(top, height), clip(right, width), clip(bottom, height)];
  }

  /* What the stage calls. */

  press(place, target) {
    this.stage.root.focus({ preventScroll: true });
    const handle = target.closest("[data-handle]")?.dataset.handle;
    if (this.points.press(target)) this.grip = { kind: "point", from: place };
    else if (this.isDrawing) this.grip = { kind: "draw", from: place, box: [place.x, place.y, place.x, place.y] };
    else if (handle && this.shape) this.grip = { kind: handle, from: place, start: this.shape.box, box: this.shape.box };
    else {
      const row = target.closest("[data-row]")?.dataset.row;
      if (row === undefined) {
        this.select(null);
        return false;
      }
      this.select(Number(row));
      this.grip = { kind: "move", from: place, start: this.shape.box, box: this.shape.box };
    }
    return true;
  }

  drag(place) {
    const { kind, from, start } = this.grip;
    this.grip.isMoved ||= Math.hypot(place.x - from.x, place.y - from.y) > 2 * this.stage.unit;
    if (kind === "point") {
      if (this.grip.isMoved) this.points.drag(place);
      return;
    }
    if (kind === "draw") {
      const sides = [Math.min(from.x, place.x), Math.min(from.y, place.y), Math.max(from.x, place.x), Math.max(from.y, place.y)];
      this.grip.box = this.#inside(sides);
    } else {
      if (!this.grip.isMoved) return;
      this.grip.box = kind === "move" ? this.#shifted(start, place.x - from.x, place.y - from.y) : this.#resized(kind, start, place);
    }
    this.drawn();
  }

  #shifted([left, top, right, bottom], x, y) {
    const { width, height } = this.stage;
    const across = Math.min(Math.max(x, Math.min(0, -left)), Math.max(0, width - right));
    const down = Math.min(Math.max(y, Math.min(0, -top)), Math.max(0, height - bottom));
    return [left + across, top + down, right + across, bottom + down];
  }

  #resized(kind, [left, top, right, bottom], place) {
    const box = [left, top, right, bottom];
    if (kind.includes("w")) box[0] = Math.min(place.x, right - LEAST);
    if (kind.includes("e")) box[2] = Math.max(place.x, left + LEAST);
    if (kind.includes("n")) box[1] = Math.min(place.y, bottom - LEAST);
    if (kind.includes("s")) box[3] = Math.max(place.y, top + LEAST);
    return this.#inside(box);
  }

  release() {
    const { kind, box, isMoved } = this.grip;
    this.grip = null;
    if (kind === "point") this.points.release();
    else if (kind === "draw") {
      const least = 3 * this.stage.unit;
      if (box[2] - box[0] >= least && box[3] - box[1] >= least) this.#add(box);
      else this.drawn();
    } else if (isMoved && box[2] > box[0] && box[3] > box[1]) this.become(moveBox(this.state, this.selected, box));
    else this.drawn();
  }

  cancel() {
    if (this.grip?.kind === "point") this.points.cancel();
    this.grip = null;
    this.drawn();
  }

  /** Draw what can be gripped over what is selected. */
  drawn() {
    const box = this.grip?.box ?? this.shape?.box;
    if (!box) {
      this.stage.handles.replaceChildren();
      return;
    }
    if (this.points.works && (!this.grip || this.grip.kind === "point")) {
      this.stage.handles.replaceChildren(...this.points.handles());
      return;
    }
    const [left, top, right, bottom] = box;
    const { unit } = this.stage;
    const frame = svg("rect", { class: "handle-frame", x: left, y: top, width: Math.max(0, right - left), height: Math.max(0, bottom - top) });
    const grips = this.grip?.kind === "draw" ? [] : HANDLES.flatMap(([name, x, y]) => {
      const place = { cx: left + x * (right - left), cy: top + y * (bottom - top), "data-handle": name };
      return [svg("circle", { ...place, class: "handle-reach", r: REACH_PX * unit }), svg("circle", { ...place, class: "handle", r: HANDLE_PX * unit })];
    });
    this.stage.handles.replaceChildren(frame, ...grips);
  }

  /* Keys on the stage. */

  key(event) {
    const letter = event.key.toLowerCase();
    if (event.ctrlKey || event.metaKey) {
      if (letter === "z") event.shiftKey ? this.redo() : this.undo();
      else if (letter === "y") this.redo();
      else return;
    } else if (event.altKey) return;
    else if (this.points.key(event)) {
      event.preventDefault();
      return;
    } else if (letter === "p" && this.points.fits) this.points.toggle();
    else if (event.key.startsWith("Arrow")) {
      if (!this.shape) return;
      this.#nudge(event);
    } else if (event.key === "Delete" || event.key === "Backspace") this.remove();
    else if (event.key === "[" || event.key === "]") this.#step(event.key === "]" ? 1 : -1);
    else if (event.key === "Escape") this.isDrawing ? this.draw(false) : this.select(null);
    else if (letter === "n") this.draw(true);
    else if (event.key === "Enter" && this.isDrawing) this.addInTheMiddle();
    else if (/^[1-9]$/.test(event.key) && Number(event.key) <= this.draft.classes.length) this.choose(Number(event.key) - 1);
    else return;
    event.preventDefault();
  }

  #nudge(event) {
    const step = Math.max(1, Math.round(this.stage.unit));
    const [x, y] = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] }[event.key];
    const [left, top, right, bottom] = this.shape.box;
    const box = event.shiftKey
      ? this.#inside([left, top, Math.max(right + x, left + LEAST), Math.max(bottom + y, top + LEAST)])
      : this.#shifted(this.shape.box, x, y);
    if (box[2] > box[0] && box[3] > box[1]) this.become(moveBox(this.state, this.selected, box));
  }

  #step(way) {
    const rows = this.stage.shapes.map((shape) => shape.row);
    if (!rows.length) return;
    const at = rows.indexOf(this.selected);
    this.select(rows[at < 0 ? (way > 0 ? 0 : rows.length - 1) : (at + way + rows.length) % rows.length]);
  }
}
