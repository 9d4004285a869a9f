/** Draws edges with the shape of the tensor that flows. */

import { put, svg, write } from "./elements.js";
import { edgeCurve } from "./geometry.js";
import { shapeText } from "./text.js";

export class EdgesLayer {
  constructor(group, labels, editor, nodes) {
    this.group = group;
    this.labels = labels;
    this.editor = editor;
    this.nodes = nodes;
    this.views = new Map();
  }

  /** Bring one edge up to date; `obstacles` are places it should not run through. */
  update(key, obstacles) {
    const edge = this.editor.store.edges.get(key);
    const from = edge && this.nodes.point(edge.source, "out", edge.source_port);
    const to = edge && this.nodes.point(edge.target, "in", edge.target_port);
    if (!from || !to) return this.#remove(key);
    const view = this.views.get(key) ?? this.#create(key);
    const curve = edgeCurve(from, to, obstacles);
    put(view.line, "d", curve.path);
    put(view.reach, "d", curve.path);
    put(view.text, "x", Math.round(curve.label.x));
    put(view.text, "y", Math.round(curve.label.y) + 4);
    this.#accentOne(key);
    return this.decorate(key);
  }

  decorate(key) {
    const view = this.views.get(key);
    const edge = this.editor.store.edges.get(key);
    if (!view || !edge) return;
    const { analysis } = this.editor;
    write(view.text, shapeText(analysis.edgeShape(edge)));
    const faulty = analysis
      .findingsAt(edge.target)
      .some((finding) => finding.severity === "error" && finding.port === edge.target_port);
    view.root.classList.toggle("has-error", faulty);
    put(view.title, "data-key", key);
    write(view.title, `${edge.source} → ${edge.target} (${edge.target_port})`);
  }

  choose(key, chosen) {
    this.views.get(key)?.root.classList.toggle("is-chosen", chosen);
  }

  /** Edges at chosen nodes stand out. */
  accent() {
    for (const key of this.views.keys()) this.#accentOne(key);
  }

  #accentOne(key) {
    const { store, selection } = this.editor;
    const edge = store.edges.get(key);
    const near = edge && (selection.nodes.has(edge.source) || selection.nodes.has(edge.target));
    this.views.get(key).root.classList.toggle("is-near", Boolean(near));
  }

  #create(key) {
    const line = svg("path", { class: "edge-line" });
    const reach = svg("path", { class: "edge-reach" });
    const title = svg("title", {});
    const text = svg("text", { class: "edge-shape" });
    const root = svg("g", { class: "edge", data: { edge: key } }, title, line, reach);
    this.group.append(root);
    this.labels.append(text);
    const view = { root, line, reach, title, text };
    this.views.set(key, view);
    return view;
  }

  #remove(key) {
    const view = this.views.get(key);
    view?.root.remove();
    view?.text.remove();
    this.views.delete(key);
  }
}
