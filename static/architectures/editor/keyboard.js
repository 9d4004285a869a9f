/** Every key of the editor in one table, which the help dialog shows as well. */

import { GRID } from "./geometry.js";

const NUDGE = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** @returns groups of [keys, what they do] for the help dialog */
export function shortcuts() {
  return [
    [
      gettext("Build"),
      [
        [["/"], gettext("Search operators; Enter inserts behind the chosen node")],
        [["C"], gettext("Connect the chosen node: go to the target, then Enter")],
        [["Enter"], gettext("To the parameters of the chosen node; Escape comes back")],
        [["Delete"], gettext("Delete what is chosen")],
        [["Shift", "Delete"], gettext("Delete the node and close the gap")],
      ],
    ],
    [
      gettext("Choose and move"),
      [
        [["Tab"], gettext("Next node; with shift the one before")],
        [["Alt", "↑ ↓"], gettext("Along the connections")],
        [["← → ↑ ↓"], gettext("Move what is chosen; with shift in larger steps")],
        [["Shift", gettext("drag")], gettext("Choose with a frame")],
        [["Ctrl", "A"], gettext("Choose all")],
        [["Escape"], gettext("Choose nothing, leave what was begun")],
      ],
    ],
    [
      gettext("Edit"),
      [
        [["Ctrl", "Z"], gettext("Undo")],
        [["Ctrl", "Shift", "Z"], gettext("Redo")],
        [["Ctrl", "C / X / V"], gettext("Copy, cut, paste")],
        [["Ctrl", "D"], gettext("Duplicate")],
        [["Ctrl", "S"], gettext("Save")],
      ],
    ],
    [
      gettext("See"),
      [
        [["F"], gettext("Show the whole graph")],
        [["L"], gettext("Arrange in layers")],
        [["+ / −"], gettext("Zoom; also ctrl and wheel, or two fingers")],
        [["0"], gettext("Natural size")],
        [["?"], gettext("This help")],
      ],
    ],
  ];
}

export class Keyboard {
  constructor(editor) {
    this.editor = editor;
    // Before the keys of the whole site: here "/" searches operators.
    document.addEventListener("keydown", (event) => this.#global(event), { capture: true });
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && editor.panelHas(event.target)) editor.canvas.frame.focus();
    });
    editor.canvas.frame.addEventListener("keydown", (event) => this.#canvas(event));
    for (const name of ["copy", "cut", "paste"]) document.addEventListener(name, (event) => this.#clipboard(event));
  }

  #global(event) {
    const action = this.#globalKey(event);
    if (!action) return;
    event.stopPropagation();
    this.#do(event, action);
  }

  #globalKey(event) {
    const { editor } = this;
    const command = event.ctrlKey || event.metaKey;
    const key = event.key.toLowerCase();
    if (command && key === "s") return () => editor.saving.save();
    if (isTyping(event.target) || document.querySelector("dialog[open]")) return null;
    if (command && key === "z") return () => (event.shiftKey ? editor.redo() : editor.undo());
    if (command && key === "y") return () => editor.redo();
    if (command || event.altKey) return null;
    return { "/": () => editor.focusSearch(), "?": () => editor.showHelp() }[event.key];
  }

  #canvas(event) {
    const { editor } = this;
    const command = event.ctrlKey || event.metaKey;
    const action = command ? this.#commandKey(event.key.toLowerCase()) : this.#plainKey(event);
    if (action) this.#do(event, action);
    else if (event.key === "Tab" && !command) this.#tab(event);
    else if (event.key === "Escape") {
      if (editor.gestures.abort()) return;
      if (editor.connectMode.active) editor.connectMode.leave();
      else editor.selection.clear();
    }
  }

  #commandKey(key) {
    const { editor } = this;
    return {
      a: () => editor.selection.set(editor.store.nodes.keys()),
      d: () => editor.duplicate(),
    }[key];
  }

  #plainKey(event) {
    const { editor } = this;
    const { viewport } = editor.canvas;
    if (NUDGE[event.key]) return event.altKey ? () => this.#along(event.key) : this.#nudge(event);
    return {
      Delete: () => editor.removeChosen({ heal: event.shiftKey }),
      Backspace: () => editor.removeChosen({ heal: event.shiftKey }),
      Enter: () => (editor.connectMode.active ? editor.connectMode.finish() : editor.showPanel("node", true)),
      c: () => editor.connectMode.start(),
      f: () => editor.canvas.fit(),
      l: () => editor.arrange(),
      "+": () => viewport.zoomBy(1.2),
      "=": () => viewport.zoomBy(1.2),
      "-": () => viewport.zoomBy(1 / 1.2),
      0: () => viewport.zoomTo(1),
    }[event.key];
  }

  #nudge(event) {
    const { editor } = this;
    const [x, y] = NUDGE[event.key];
    const step = GRID * (event.shiftKey ? 5 : 1);
    if (!editor.selection.nodes.size) return () => editor.canvas.viewport.panBy(-x * 60, -y * 60);
    return () => {
      editor.actions.moveBy(editor.selection.nodes, x * step, y * step);
      editor.canvas.settle();
    };
  }

  /** Up and down the graph: to what feeds the node, or what it feeds. */
  #along(key) {
    const { store, selection } = this.editor;
    const id = selection.primary;
    if (!id || key === "ArrowLeft" || key === "ArrowRight") return;
    const edge = key === "ArrowUp" ? store.incoming(id)[0] : store.outgoing(id)[0];
    if (edge) this.editor.focusNode(key === "ArrowUp" ? edge.source : edge.target, { panel: false });
  }

  /** Tab walks through the nodes from top to bottom and leaves the canvas at either end. */
  #tab(event) {
    const { editor } = this;
    const order = [...editor.store.nodes.keys()].sort((a, b) => {
      const p = editor.store.places.get(a);
      const q = editor.store.places.get(b);
      return p.y - q.y || p.x - q.x;
    });
    const now = order.indexOf(editor.selection.primary);
    const next = event.shiftKey ? (now === -1 ? -1 : now - 1) : now + 1;
    if (next < 0 || next >= order.length) {
      editor.selection.clear();
      return;
    }
    event.preventDefault();
    editor.focusNode(order[next], { panel: false });
  }

  #clipboard(event) {
    const { editor } = this;
    if (isTyping(event.target) || String(getSelection()) || !editor.canvasShown) return;
    if (event.type === "paste") {
      if (editor.paste(event.clipboardData.getData("text/plain"))) event.preventDefault();
      return;
    }
    if (!editor.selection.nodes.size) return;
    event.clipboardData.setData("text/plain", editor.copyText());
    event.preventDefault();
    if (event.type === "cut") editor.removeChosen();
  }

  #do(event, action) {
    event.preventDefault();
    action();
  }
}

function isTyping(target) {
  return target instanceof Element && Boolean(target.closest("input:not([type=checkbox]), textarea, select, [contenteditable]"));
}
