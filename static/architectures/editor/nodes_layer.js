/** Draws nodes. Each node keeps its elements and changes only what differs. */

import { put, svg, write } from "./elements.js";
import { NODE_HEIGHT, NODE_WIDTH, portPoint } from "./geometry.js";
import { summary } from "./summary.js";
import { clip, count, fill, shapeText } from "./text.js";

export class NodesLayer {
  constructor(group, editor) {
    this.group = group;
    this.editor = editor;
    this.views = new Map();
  }

  /** Bring one node up to date with the document; drawn, changed or taken away. */
  update(id) {
    const node = this.editor.store.nodes.get(id);
    let view = this.views.get(id);
    if (!node) {
      view?.root.remove();
      this.views.delete(id);
      return;
    }
    if (!view) {
      view = new NodeView(id);
      this.views.set(id, view);
      this.group.append(view.root);
    }
    view.draw(node, this.editor);
    view.place(this.editor.store.places.get(id));
    this.choose(id, this.editor.selection.nodes.has(id));
    this.decorate(id);
  }

  place(id) {
    this.views.get(id)?.place(this.editor.store.places.get(id));
  }

  decorate(id) {
    this.views.get(id)?.decorate(this.editor);
  }

  choose(id, chosen) {
    const root = this.views.get(id)?.root;
    if (!root) return;
    root.classList.toggle("is-chosen", chosen);
    put(root, "aria-selected", chosen);
  }

  flash(id, on) {
    this.views.get(id)?.root.classList.toggle("is-pointed", on);
  }

  elementOf(id) {
    return this.views.get(id)?.root ?? null;
  }

  /** Where an edge meets a node. */
  point(id, side, port) {
    const view = this.views.get(id);
    const place = this.editor.store.places.get(id);
    if (!view || !place) return null;
    const ports = view.ports[side];
    const index = Math.max(0, ports.indexOf(port));
    return portPoint(place, side, index, Math.max(1, ports.length));
  }
}

class NodeView {
  constructor(id) {
    this.id = id;
    this.ports = { in: [], out: [] };
    this.title = svg("text", { class: "node-title", x: 16, y: 20 });
    this.name = svg("text", { class: "node-id", x: NODE_WIDTH - 10, y: 20 });
    this.summary = svg("text", { class: "node-summary", x: 16, y: 36 });
    this.params = svg("text", { class: "node-params", x: 16, y: 51 });
    this.macs = svg("text", { class: "node-macs", x: NODE_WIDTH - 10, y: 51 });
    this.lens = svg("rect", { class: "node-lens", x: 16, y: 56, height: 3, rx: 1.5, width: 0 });
    this.badge = svg("g", { class: "node-badge", transform: `translate(${NODE_WIDTH - 2} 2)` });
    this.inputs = svg("g", {});
    this.outputs = svg("g", {});
    this.full = svg("title", {});
    this.root = svg(
      "g",
      { class: "node", id: `node-${id}`, role: "option", "aria-selected": "false", data: { node: id } },
      this.full,
      svg("rect", { class: "node-box", width: NODE_WIDTH, height: NODE_HEIGHT, rx: 6 }),
      svg("path", { class: "node-stripe", d: `M6 0H7V${NODE_HEIGHT}H6A6 6 0 0 1 0 ${NODE_HEIGHT - 6}V6A6 6 0 0 1 6 0Z` }),
      this.lens,
      this.title,
      this.name,
      this.summary,
      this.params,
      this.macs,
      this.inputs,
      this.outputs,
      this.badge,
    );
  }

  draw(node, { catalogue, store }) {
    this.label = catalogue.title(node);
    put(this.root, "data-category", catalogue.category(node));
    write(this.title, clip(node.op, 20));
    write(this.name, clip(node.id, Math.max(6, 24 - Math.min(20, node.op.length))));
    const text = summary(node, catalogue);
    this.longSummary = text;
    write(this.summary, clip(text, 32));
    this.#drawPorts("in", this.inputs, catalogue.inputs(node, store.incoming(node.id)));
    this.#drawPorts("out", this.outputs, catalogue.outputs(node, store.outgoing(node.id)));
  }

  place(place) {
    if (place) put(this.root, "transform", `translate(${place.x} ${place.y})`);
  }

  /** What the analysis knows: cost, shape and faults. */
  decorate({ analysis }) {
    const facts = analysis.node(this.id);
    const findings = analysis.findingsAt(this.id);
    const errors = findings.filter((finding) => finding.severity === "error").length;
    write(this.params, facts?.params ? fill(gettext("%(n)s par."), { n: count(facts.params) }) : "");
    write(this.macs, facts?.macs ? fill(gettext("%(n)s MACs"), { n: count(facts.macs) }) : "");
    put(this.lens, "width", Math.round((NODE_WIDTH - 26) * analysis.share(this.id)));
    this.root.classList.toggle("has-error", errors > 0);
    this.root.classList.toggle("has-warning", !errors && findings.length > 0);
    this.#drawBadge(findings.length, errors > 0);
    const faulty = new Set(findings.map((finding) => finding.port));
    for (const port of this.root.querySelectorAll(".port")) port.classList.toggle("has-error", faulty.has(port.dataset.port));
    const shape = shapeText(facts?.out_shape);
    const label = [`${this.label} ${this.id}`, this.longSummary, shape && fill(gettext("output %(shape)s"), { shape })];
    label.push(...findings.map((finding) => finding.message));
    const text = label.filter(Boolean).join("\n");
    write(this.full, text);
    put(this.root, "aria-label", text.replaceAll("\n", ", "));
  }

  #drawPorts(side, group, names) {
    if (this.ports[side].join("\n") === names.join("\n")) return;
    this.ports[side] = names;
    group.replaceChildren(
      ...names.map((name, index) => {
        const { x, y } = portPoint({ x: 0, y: 0 }, side, index, names.length);
        const several = names.length > 1;
        return svg(
          "g",
          { class: `port port-${side}`, transform: `translate(${x} ${y})`, data: { port: name, side, node: this.id } },
          svg("title", {}, name),
          svg("circle", { class: "port-reach", r: 13 }),
          svg("circle", { class: "port-dot", r: 5 }),
          several && svg("text", { class: "port-name", y: side === "in" ? -9 : 17 }, clip(name, 8)),
        );
      }),
    );
  }

  #drawBadge(total, isError) {
    const text = total ? `${isError ? "e" : "w"}${total}` : "";
    if (this.badge.dataset.text === text) return;
    this.badge.dataset.text = text;
    this.badge.replaceChildren();
    if (!total) return;
    this.badge.append(
      svg("circle", { r: 9 }),
      svg("text", { y: 4 }, total > 1 ? String(Math.min(total, 9)) : "!"),
    );
  }
}
