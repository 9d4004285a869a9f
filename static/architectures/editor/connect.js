/** Connecting: by dragging from a port, or with the keyboard (C, then choose the target, then Enter). */

import { svg } from "./elements.js";
import { edgeCurve } from "./geometry.js";
import { judge } from "./legality.js";
import { fill } from "./text.js";

/** Marks which ports would take the connection, and says why a port would not. */
class Hints {
  constructor(editor, origin) {
    this.editor = editor;
    this.origin = origin;
    const side = origin.side === "out" ? "in" : "out";
    editor.canvas.frame.classList.add("is-connecting");
    for (const port of editor.canvas.frame.querySelectorAll(`.port-${side}`)) {
      const verdict = this.judge(port.dataset);
      port.classList.add(verdict.ok ? "is-legal" : "is-illegal");
      port.classList.toggle("is-taken", Boolean(verdict.replaces));
      port.classList.toggle("is-doubtful", verdict.doubtful);
    }
  }

  judge({ node, port }) {
    const { editor, origin } = this;
    return origin.side === "out"
      ? judge(editor, origin.node, origin.port, node, port)
      : judge(editor, node, port, origin.node, origin.port);
  }

  /** The port of a node to connect to: the wanted one, else the first free legal one, else the first. */
  portOn(node, wanted = null) {
    const { editor, origin } = this;
    if (node === origin.node) return null;
    const { catalogue, store } = editor;
    const model = store.nodes.get(node);
    const ports =
      origin.side === "out" ? catalogue.inputs(model, store.incoming(node)) : catalogue.outputs(model, store.outgoing(node));
    if (wanted) return { port: wanted, verdict: this.judge({ node, port: wanted }) };
    const judged = ports.map((port) => ({ port, verdict: this.judge({ node, port }) }));
    const legal = judged.filter(({ verdict }) => verdict.ok);
    return legal.find(({ verdict }) => !verdict.replaces) ?? legal[0] ?? judged[0] ?? null;
  }

  connect(node, port) {
    const { editor, origin } = this;
    if (origin.side === "out") editor.actions.connect(origin.node, origin.port, node, port);
    else editor.actions.connect(node, port, origin.node, origin.port);
  }

  clear() {
    const { frame } = this.editor.canvas;
    frame.classList.remove("is-connecting");
    for (const port of frame.querySelectorAll(".port")) port.classList.remove("is-legal", "is-illegal", "is-taken", "is-doubtful");
  }
}

export class ConnectGesture {
  constructor(editor, event, { node, port, side }) {
    this.editor = editor;
    this.origin = { node, port, side };
    // Dragging away from a connected input takes that connection along.
    const held = side === "in" && editor.store.incoming(node).find((edge) => edge.target_port === port);
    this.held = held || null;
    if (held) this.origin = { node: held.source, port: held.source_port, side: "out" };
    this.hints = new Hints(editor, this.origin);
    this.line = svg("path", { class: "edge-draft" });
    editor.canvas.overlay.append(this.line);
    this.target = null;
    this.start = { x: event.clientX, y: event.clientY };
    this.move(event);
  }

  move(event) {
    const { editor, origin } = this;
    const under = document.elementFromPoint(event.clientX, event.clientY);
    const port = under?.closest?.(".port");
    const node = under?.closest?.(".node")?.dataset.node;
    const wanted = port && port.dataset.side !== origin.side ? port.dataset.port : null;
    const found = node ? this.hints.portOn(node, wanted) : null;
    this.target = found ? { node, ...found } : null;
    const anchor = editor.canvas.nodes.point(origin.node, origin.side, origin.port);
    const legal = this.target?.verdict.ok;
    const free = editor.canvas.viewport.toWorld(event.clientX, event.clientY);
    const end = legal ? editor.canvas.nodes.point(node, origin.side === "out" ? "in" : "out", this.target.port) : free;
    const curve = origin.side === "out" ? edgeCurve(anchor, end) : edgeCurve(end, anchor);
    this.line.setAttribute("d", curve.path);
    this.line.classList.toggle("is-legal", Boolean(legal));
    this.line.classList.toggle("is-doubtful", Boolean(legal && this.target.verdict.doubtful));
    this.line.classList.toggle("is-illegal", Boolean(this.target && !legal));
    editor.hint(this.target ? this.target.verdict.reason : "", event.clientX, event.clientY);
  }

  end(event) {
    const { editor, held, target } = this;
    this.#clear();
    const still = Math.hypot(event.clientX - this.start.x, event.clientY - this.start.y) < 4;
    if (still) return editor.selection.set([held ? held.target : this.origin.node]);
    if (target?.verdict.ok) {
      if (held) editor.actions.disconnect([JSON.stringify([held.source, held.source_port, held.target, held.target_port])]);
      return this.hints.connect(target.node, target.port);
    }
    if (target) return editor.announce(target.verdict.reason);
    if (held) editor.actions.disconnect([JSON.stringify([held.source, held.source_port, held.target, held.target_port])]);
    return undefined;
  }

  abort() {
    this.#clear();
  }

  #clear() {
    this.line.remove();
    this.hints.clear();
    this.editor.hint("");
  }
}

/** The keyboard's way: the chosen node is the source, the next chosen one the target. */
export class ConnectMode {
  constructor(editor) {
    this.editor = editor;
    this.hints = null;
  }

  get active() {
    return this.hints !== null;
  }

  start() {
    const { editor } = this;
    const node = editor.selection.single;
    const port = node && editor.catalogue.outputs(editor.store.nodes.get(node))[0];
    if (!port) return editor.announce(gettext("Choose one node with an output first."));
    this.hints = new Hints(editor, { node, port, side: "out" });
    return editor.announce(
      fill(gettext("Connecting %(node)s: go to the target with Tab and press Enter, or Escape to leave."), { node }),
    );
  }

  /** Connect to the chosen node. */
  finish() {
    const { editor, hints } = this;
    const node = editor.selection.single;
    const found = node && hints.portOn(node);
    if (!found || !found.verdict.ok) {
      editor.announce(found?.verdict.reason || gettext("Choose another node as the target."));
      return;
    }
    hints.connect(node, found.port);
    editor.announce(fill(gettext("Connected %(source)s to %(target)s."), { source: hints.origin.node, target: node }));
    this.leave();
  }

  leave() {
    this.hints?.clear();
    this.hints = null;
  }
}
