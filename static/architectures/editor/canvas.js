/** The drawing: listens to the document and redraws only what was touched, once a frame. */

import { svg } from "./elements.js";
import { EdgesLayer } from "./edges_layer.js";
import { boundsOf, NODE_HEIGHT, NODE_WIDTH } from "./geometry.js";
import { NodesLayer } from "./nodes_layer.js";
import { Viewport } from "./viewport.js";

export class Canvas {
  constructor(editor, frame, savedView) {
    this.editor = editor;
    this.frame = frame;
    this.world = svg("g", { class: "world" });
    const edges = svg("g", { class: "edges" });
    const labels = svg("g", { class: "edge-labels", "aria-hidden": "true" });
    const nodes = svg("g", { class: "nodes", role: "presentation" });
    this.overlay = svg("g", { class: "overlay", "aria-hidden": "true" });
    this.world.append(edges, nodes, labels, this.overlay);
    frame.append(this.world);
    this.viewport = new Viewport(frame, this.world, savedView);
    this.nodes = new NodesLayer(nodes, editor);
    this.edges = new EdgesLayer(edges, labels, editor, this.nodes);
    this.pending = { nodes: new Set(), edges: new Set(), places: new Set(), decorate: false, all: true };
    this.frameRequest = 0;
    editor.store.addEventListener("change", ({ detail }) => this.#touched(detail));
    editor.selection.addEventListener("change", ({ detail }) => this.#chosen(detail));
    editor.analysis.addEventListener("change", () => this.#later(() => (this.pending.decorate = true)));
  }

  /** Draw everything that is due now, without waiting for the next frame. */
  flush() {
    cancelAnimationFrame(this.frameRequest);
    this.frameRequest = 0;
    const { pending, editor } = this;
    this.pending = { nodes: new Set(), edges: new Set(), places: new Set(), decorate: false, all: false };
    const { store } = editor;
    if (pending.all) {
      for (const id of store.nodes.keys()) pending.nodes.add(id);
      for (const key of store.edges.keys()) pending.edges.add(key);
    }
    for (const id of pending.nodes) this.nodes.update(id);
    for (const id of pending.places) this.nodes.place(id);
    for (const id of [...pending.nodes, ...pending.places]) for (const key of store.edgesAt(id)) pending.edges.add(key);
    if (pending.decorate) {
      for (const id of store.nodes.keys()) this.nodes.decorate(id);
      for (const key of store.edges.keys()) this.edges.decorate(key);
    }
    this.#drawEdges(pending);
    this.frame.classList.toggle("is-empty", store.nodes.size === 0);
  }

  /** While dragging, only the edges of the moved nodes; afterwards all long ones, which may have to go around. */
  settle() {
    this.#later(() => {
      for (const key of this.editor.store.edges.keys()) this.pending.edges.add(key);
    });
  }

  /** Move nodes on the screen during a drag; the history hears of it at the end. */
  preview(places) {
    for (const [id, place] of places) {
      this.editor.store.places.set(id, place);
      this.pending.places.add(id);
    }
    this.#later(() => {});
  }

  bounds(ids = this.editor.store.nodes.keys()) {
    return boundsOf([...ids].map((id) => this.editor.store.places.get(id)).filter(Boolean));
  }

  fit() {
    this.viewport.fit(this.bounds());
  }

  /** Bring a node into sight. */
  reveal(id) {
    const place = this.editor.store.places.get(id);
    if (!place) return;
    this.viewport.reveal({ left: place.x, top: place.y, right: place.x + NODE_WIDTH, bottom: place.y + NODE_HEIGHT });
  }

  #drawEdges({ edges, nodes }) {
    if (!edges.size) return;
    const { store } = this.editor;
    // Added or removed nodes change what is in the way of every edge; moves are settled when they end.
    const keys = nodes.size ? new Set([...edges, ...store.edges.keys()]) : edges;
    const all = [...store.places].filter(([id]) => store.nodes.has(id));
    for (const key of keys) {
      const edge = store.edges.get(key);
      const obstacles = edge ? all.filter(([id]) => id !== edge.source && id !== edge.target).map(([, place]) => place) : [];
      this.edges.update(key, obstacles);
    }
  }

  #touched(change) {
    this.#later(() => {
      for (const id of change.nodes) this.pending.nodes.add(id);
      for (const key of change.edges) {
        this.pending.edges.add(key);
        // A join grows and shrinks its ports with its edges.
        const [source, , target] = JSON.parse(key);
        this.pending.nodes.add(source).add(target);
      }
      for (const id of change.places) this.pending.places.add(id);
      if (change.places.size > 1) for (const key of this.editor.store.edges.keys()) this.pending.edges.add(key);
    });
  }

  #chosen(before) {
    const { selection } = this.editor;
    for (const id of before.nodes) this.nodes.choose(id, false);
    for (const id of selection.nodes) this.nodes.choose(id, true);
    this.edges.choose(before.edge, false);
    this.edges.choose(selection.edge, true);
    this.edges.accent();
    const primary = selection.primary;
    if (primary) this.frame.setAttribute("aria-activedescendant", `node-${primary}`);
    else this.frame.removeAttribute("aria-activedescendant");
  }

  #later(note) {
    note();
    this.frameRequest ||= requestAnimationFrame(() => this.flush());
  }
}
