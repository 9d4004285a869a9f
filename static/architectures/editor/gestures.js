/**
 * Mouse, pen and fingers on the canvas.
 *
 * Background: drag pans, shift-drag draws a frame to choose. Node: drag moves. Port: drag connects.
 * Wheel pans, with ctrl or cmd it zooms; two fingers pan and pinch.
 */

import { ConnectGesture } from "./connect.js";
import { svg } from "./elements.js";
import { NODE_HEIGHT, NODE_WIDTH, snap } from "./geometry.js";

const THRESHOLD = 4;
const WHEEL_LINE = 16;

export class Gestures {
  constructor(editor) {
    this.editor = editor;
    this.frame = editor.canvas.frame;
    this.pointers = new Map();
    this.active = null;
    this.pinch = null;
    const listen = (name, handler) => this.frame.addEventListener(name, handler.bind(this));
    listen("pointerdown", this.#down);
    listen("pointermove", this.#move);
    listen("pointerup", this.#up);
    listen("pointercancel", this.#cancel);
    listen("lostpointercapture", this.#cancel);
    listen("dblclick", this.#doubleClick);
    this.frame.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
  }

  /** Escape: drop what is being dragged and leave everything as it was. */
  abort() {
    const busy = Boolean(this.active);
    this.active?.abort?.();
    this.active = null;
    return busy;
  }

  #down(event) {
    if (event.button > 1) return;
    this.frame.focus({ preventScroll: true });
    this.frame.setPointerCapture(event.pointerId);
    this.pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    if (this.pointers.size === 2) this.#startPinch();
    else if (this.pointers.size === 1) this.active = this.#gestureFor(event);
    event.preventDefault();
  }

  #gestureFor(event) {
    const { editor } = this;
    const port = event.target.closest(".port");
    const node = event.target.closest(".node");
    const edge = event.target.closest(".edge");
    if (event.button === 1) return new Pan(editor, event);
    if (port) return new ConnectGesture(editor, event, port.dataset);
    if (node) return new MoveNodes(editor, event, node.dataset.node);
    if (edge) {
      editor.selection.setEdge(edge.dataset.edge);
      return new Pan(editor, event);
    }
    return event.shiftKey ? new Marquee(editor, event) : new Pan(editor, event, true);
  }

  #move(event) {
    const known = this.pointers.get(event.pointerId);
    if (!known) return;
    this.pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    if (this.pinch) this.#movePinch();
    else this.active?.move(event);
  }

  #up(event) {
    if (!this.pointers.delete(event.pointerId)) return;
    if (this.pinch) {
      if (this.pointers.size < 2) this.pinch = null;
      return;
    }
    this.active?.end(event);
    this.active = null;
  }

  #cancel(event) {
    if (!this.pointers.delete(event.pointerId)) return;
    this.pinch = null;
    this.abort();
  }

  #startPinch() {
    this.abort();
    this.pinch = this.#spread();
  }

  #movePinch() {
    const now = this.#spread();
    const { viewport } = this.editor.canvas;
    viewport.panBy(now.x - this.pinch.x, now.y - this.pinch.y);
    if (this.pinch.distance > 8) viewport.zoomAt(now.distance / this.pinch.distance, now.x, now.y);
    this.pinch = now;
  }

  #spread() {
    const [a, b] = [...this.pointers.values()];
    return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2, distance: Math.hypot(a.x - b.x, a.y - b.y) };
  }

  #wheel(event) {
    event.preventDefault();
    const unit = event.deltaMode === 1 ? WHEEL_LINE : 1;
    const { viewport } = this.editor.canvas;
    if (event.ctrlKey || event.metaKey) {
      viewport.zoomAt(Math.exp((-event.deltaY * unit) / 300), event.clientX, event.clientY);
    } else if (event.shiftKey && !event.deltaX) {
      viewport.panBy(-event.deltaY * unit, 0);
    } else {
      viewport.panBy(-event.deltaX * unit, -event.deltaY * unit);
    }
  }

  #doubleClick(event) {
    if (event.target.closest(".node")) this.editor.showPanel("node", true);
    else this.editor.focusSearch();
  }
}

class Pan {
  constructor(editor, event, clears = false) {
    Object.assign(this, { editor, clears, x: event.clientX, y: event.clientY, moved: 0 });
  }

  move(event) {
    this.moved += Math.hypot(event.clientX - this.x, event.clientY - this.y);
    this.editor.canvas.viewport.panBy(event.clientX - this.x, event.clientY - this.y);
    this.x = event.clientX;
    this.y = event.clientY;
  }

  end() {
    if (this.clears && this.moved < THRESHOLD) this.editor.selection.clear();
  }
}

class MoveNodes {
  constructor(editor, event, id) {
    Object.assign(this, { editor, id, start: { x: event.clientX, y: event.clientY }, dragging: false });
    this.adding = event.shiftKey || event.ctrlKey || event.metaKey;
    const { selection } = editor;
    this.wasChosen = selection.nodes.has(id);
    if (this.adding) selection.toggle(id);
    else if (!this.wasChosen) selection.set([id]);
    const moving = selection.nodes.has(id) ? selection.nodes : new Set([id]);
    this.before = new Map([...moving].map((key) => [key, { ...editor.store.places.get(key) }]));
  }

  move(event) {
    const dx = event.clientX - this.start.x;
    const dy = event.clientY - this.start.y;
    if (!this.dragging && Math.hypot(dx, dy) < THRESHOLD) return;
    this.dragging = true;
    const { k } = this.editor.canvas.viewport;
    const places = [...this.before].map(([id, place]) => [id, { x: snap(place.x + dx / k), y: snap(place.y + dy / k) }]);
    this.editor.canvas.preview(places);
  }

  end() {
    const { editor } = this;
    if (this.dragging) {
      editor.actions.moved(this.before);
      editor.canvas.settle();
    } else if (!this.adding && this.wasChosen) {
      editor.selection.set([this.id]);
    }
    if (!this.dragging) editor.nodeTapped(this.id);
  }

  abort() {
    this.editor.canvas.preview(this.before);
  }
}

class Marquee {
  constructor(editor, event) {
    this.editor = editor;
    this.kept = new Set(editor.selection.nodes);
    this.from = editor.canvas.viewport.toWorld(event.clientX, event.clientY);
    this.box = svg("rect", { class: "marquee" });
    editor.canvas.overlay.append(this.box);
  }

  move(event) {
    const { store, selection, canvas } = this.editor;
    const to = canvas.viewport.toWorld(event.clientX, event.clientY);
    const left = Math.min(this.from.x, to.x);
    const top = Math.min(this.from.y, to.y);
    const right = Math.max(this.from.x, to.x);
    const bottom = Math.max(this.from.y, to.y);
    const sizes = { x: left, y: top, width: right - left, height: bottom - top };
    for (const [name, value] of Object.entries(sizes)) this.box.setAttribute(name, value);
    const inside = [...store.nodes.keys()].filter((id) => {
      const { x, y } = store.places.get(id);
      return x < right && x + NODE_WIDTH > left && y < bottom && y + NODE_HEIGHT > top;
    });
    const wanted = new Set([...this.kept, ...inside]);
    if (wanted.size !== selection.nodes.size || inside.some((id) => !selection.nodes.has(id))) selection.set(wanted);
  }

  end() {
    this.box.remove();
  }

  abort() {
    this.box.remove();
    this.editor.selection.set(this.kept);
  }
}
