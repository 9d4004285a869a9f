/** The panel of the chosen node: parameters, what feeds it, shapes and cost. Also what several nodes share. */

import { html, icon, replaceChildren, write } from "./elements.js";
import { paramField } from "./fields.js";
import { findingCard } from "./findings.js";
import { judge } from "./legality.js";
import { bytes, count, fill, shapeText } from "./text.js";

export class NodePanel {
  constructor(editor, root) {
    this.editor = editor;
    this.root = root;
    this.shown = null;
    const redraw = () => this.draw();
    editor.selection.addEventListener("change", redraw);
    editor.store.addEventListener("change", redraw);
    editor.analysis.addEventListener("change", () => this.#refresh());
    this.draw();
  }

  /** Put the cursor into the first parameter. */
  focus() {
    (this.root.querySelector(".param input, .param select") ?? this.root.querySelector("input, button"))?.focus();
  }

  draw() {
    const { selection, store } = this.editor;
    const id = selection.single;
    const node = id && store.nodes.get(id);
    const key = node ? `${id}\n${node.op}` : `many ${selection.nodes.size} ${selection.edge ?? ""}`;
    if (key !== this.shown) {
      this.shown = key;
      this.fields = [];
      if (node) this.#build(node);
      else if (selection.nodes.size) this.#buildMany(selection.nodes.size);
      else if (selection.edge) this.#buildEdge(store.edges.get(selection.edge));
      else this.#buildNone();
    }
    if (node) this.#refresh();
  }

  #build(node) {
    const { catalogue } = this.editor;
    const operator = catalogue.get(node.op);
    this.fields = catalogue.params(node.op).map((param) => this.#field(node.id, param));
    this.findings = html("div", { class: "stack-s" });
    this.inputs = html("div", { class: "stack-s" });
    this.facts = html("dl", { class: "facts facts-tight" });
    replaceChildren(
      this.root,
      html(
        "header",
        { class: "panel-head", data: { category: operator?.category ?? "unknown" } },
        html("h2", {}, operator?.title ?? node.op),
        html("code", {}, node.op),
      ),
      operator?.description && html("p", { class: "small muted" }, operator.description),
      this.findings,
      this.#idField(node.id),
      this.fields.length ? html("h3", {}, gettext("Parameters")) : null,
      ...this.fields.map((field) => field.root),
      this.inputs,
      html("h3", {}, gettext("Shapes and cost")),
      this.facts,
      this.#nodeButtons(),
    );
  }

  #field(id, param) {
    const { actions, history } = this.editor;
    return paramField(param, {
      id,
      change: (value) => actions.setParam(id, param.name, value),
      done: () => history.seal(),
    });
  }

  #idField(id) {
    const { actions, selection } = this.editor;
    const fault = html("p", { class: "field-fault", id: "node-id-fault", hidden: true });
    const input = html("input", { id: "node-id", value: id, maxlength: 64, spellcheck: "false", autocomplete: "off", "aria-describedby": "node-id-fault" });
    const rename = () => {
      const next = input.value.trim();
      const sentence = actions.rename(id, next);
      write(fault, sentence);
      fault.hidden = !sentence;
      if (sentence) input.setAttribute("aria-invalid", "true");
      else if (next !== id) selection.set([next]);
    };
    input.addEventListener("change", rename);
    return html(
      "div",
      { class: "field" },
      html("label", { for: "node-id" }, gettext("Name in the code")),
      input,
      fault,
    );
  }

  #refresh() {
    const { selection, store, analysis } = this.editor;
    const id = selection.single;
    const node = id && store.nodes.get(id);
    if (!node || !this.findings) return;
    for (const field of this.fields) {
      const value = node.params?.[field.name];
      const param = this.editor.catalogue.params(node.op).find((candidate) => candidate.name === field.name);
      field.show(value === undefined ? param.default : value);
    }
    const findings = analysis.findingsAt(id);
    this.#markFields(findings);
    replaceChildren(this.findings, ...findings.map((finding) => findingCard(finding, this.editor, { compact: true })));
    this.#showInputs(node);
    this.#showFacts(analysis.node(id));
  }

  /** A fault that speaks of a parameter also stands at its field. */
  #markFields(findings) {
    for (const field of this.fields) {
      const about = findings.find((finding) => finding.param === field.name);
      field.root.classList.toggle("has-error", Boolean(about && about.severity === "error"));
      field.root.classList.toggle("has-warning", Boolean(about && about.severity !== "error"));
    }
  }

  /** What feeds each port, to be chosen from a list: the way without a mouse. */
  #showInputs(node) {
    const { catalogue, store } = this.editor;
    const incoming = store.incoming(node.id);
    const ports = catalogue.inputs(node, incoming);
    const key = JSON.stringify([ports, incoming, [...store.nodes.keys()]]);
    if (this.inputs.dataset.key === key || this.inputs.contains(document.activeElement)) return;
    this.inputs.dataset.key = key;
    const rows = ports.map((port) => this.#portField(node, port, incoming));
    replaceChildren(this.inputs, rows.length ? html("h3", {}, gettext("Inputs")) : null, ...rows);
  }

  #portField(node, port, incoming) {
    const { store, catalogue } = this.editor;
    const now = incoming.find((edge) => edge.target_port === port);
    const help = catalogue.get(node.op)?.inputs.find((entry) => entry.name === port)?.help;
    const select = html("select", { id: `port-${port}` }, html("option", { value: "" }, gettext("not connected")));
    for (const [id, source] of store.nodes) {
      for (const output of catalogue.outputs(source, store.outgoing(id))) {
        const value = JSON.stringify([id, output]);
        const isNow = now?.source === id && now.source_port === output;
        const legal = isNow || judge(this.editor, id, output, node.id, port).ok;
        if (legal || isNow) select.append(html("option", { value, selected: isNow }, `${id} · ${catalogue.title(source)}`));
      }
    }
    select.addEventListener("change", () => {
      delete this.inputs.dataset.key;
      select.blur();
      if (select.value) this.editor.actions.connect(...JSON.parse(select.value), node.id, port);
      else if (now) this.editor.disconnect(now);
    });
    return html("div", { class: "field" }, html("label", { for: `port-${port}` }, port), select, help && html("p", { class: "field-help" }, help));
  }

  #showFacts(facts) {
    const rows = [];
    const row = (name, value) => value && rows.push(html("div", {}, html("dt", {}, name), html("dd", { class: "mono" }, value)));
    for (const [port, shape] of Object.entries(facts?.in_shapes ?? {})) row(fill(gettext("in: %(port)s"), { port }), shapeText(shape));
    if (facts?.out_shape) {
      row(gettext("out"), shapeText(facts.out_shape));
      row(gettext("parameters"), facts.params.toLocaleString());
      row(gettext("MACs"), facts.macs === null ? gettext("not counted") : count(facts.macs));
      row(gettext("activations"), bytes(facts.activation_bytes.train));
      row(gettext("receptive field"), shapeText(facts.receptive_field));
    } else {
      rows.push(html("p", { class: "small muted" }, gettext("Known as soon as the inputs are connected and fit.")));
    }
    replaceChildren(this.facts, ...rows);
  }

  #nodeButtons() {
    const { editor } = this;
    return html(
      "div",
      { class: "cluster panel-actions" },
      button("copy", gettext("Duplicate"), () => editor.duplicate()),
      button("trash", gettext("Delete"), () => editor.removeChosen(), "button-danger"),
    );
  }

  #buildMany(total) {
    const { editor } = this;
    const align = (rule, label) =>
      html("button", { type: "button", class: "button button-s", onclick: () => editor.align(rule) }, label);
    replaceChildren(
      this.root,
      html("h2", {}, fill(ngettext("%(n)s node chosen", "%(n)s nodes chosen", total), { n: total })),
      html("h3", {}, gettext("Align")),
      html(
        "div",
        { class: "cluster" },
        align("left", gettext("Left")),
        align("middle", gettext("Middle")),
        align("right", gettext("Right")),
        align("top", gettext("Top")),
        align("bottom", gettext("Bottom")),
        align("columns", gettext("Spread across")),
        align("rows", gettext("Spread down")),
      ),
      this.#nodeButtons(),
    );
  }

  #buildEdge(edge) {
    if (!edge) return this.#buildNone();
    const { editor } = this;
    return replaceChildren(
      this.root,
      html("h2", {}, gettext("Connection")),
      html("p", { class: "mono" }, `${edge.source} → ${edge.target} (${edge.target_port})`),
      html("p", { class: "mono" }, shapeText(editor.analysis.edgeShape(edge))),
      button("trash", gettext("Disconnect"), () => editor.removeChosen(), "button-danger"),
    );
  }

  #buildNone() {
    const { editor } = this;
    const notes = html("textarea", { id: "description", maxlength: 10000 }, editor.description);
    notes.addEventListener("change", () => editor.saving.saveDescription(notes.value));
    replaceChildren(
      this.root,
      html("p", { class: "muted" }, gettext("Choose a node to change its parameters. Press ? for all keys.")),
      html("div", { class: "field" }, html("label", { for: "description" }, gettext("Notes on this architecture")), notes),
    );
  }
}

function button(name, label, onclick, extra = "") {
  return html("button", { type: "button", class: `button button-s ${extra}`, onclick }, icon(name), label);
}
