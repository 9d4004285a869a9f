/** Where the parameters and the arithmetic go, and what another input size would change. */

import { html, replaceChildren } from "./elements.js";
import { bytes, count, fill, shapeText } from "./text.js";
import { parseShape } from "./values.js";

const TOP = 8;

/** One measure of a node; memory counts as in training. */
const costOf = (facts, measure) => (measure === "activation_bytes" ? facts.activation_bytes.train : facts[measure]) ?? 0;

export class CostPanel {
  constructor(editor, root, { shapeInput, shapeFault, shapeReset, measure, bars, totals, skipped }) {
    Object.assign(this, { editor, root, shapeInput, shapeFault, shapeReset, measure, bars, totals, skipped });
    shapeInput.addEventListener("input", () => this.#try());
    shapeReset.addEventListener("click", () => {
      shapeInput.value = "";
      this.#try();
    });
    measure.addEventListener("change", () => this.draw());
    editor.analysis.addEventListener("change", () => this.draw());
    this.draw();
  }

  draw() {
    const { analysis, catalogue, store } = this.editor;
    const own = this.#ownShape();
    this.shapeInput.placeholder = own.join(", ");
    const measure = this.measure.value;
    const format = measure === "activation_bytes" ? bytes : count;
    const costs = Object.entries(analysis.result.nodes)
      .map(([id, facts]) => ({ id, cost: costOf(facts, measure) }))
      .filter(({ id, cost }) => cost > 0 && store.nodes.has(id))
      .sort((a, b) => b.cost - a.cost);
    const sum = costs.reduce((total, { cost }) => total + cost, 0);
    const rows = costs.slice(0, TOP).map(({ id, cost }) => {
      const label = `${id}: ${format(cost)}`;
      return html(
        "li",
        {},
        html(
          "button",
          { type: "button", class: "cost-row", onclick: () => this.editor.focusNode(id) },
          html("span", { class: "cost-name truncate" }, id, html("span", { class: "muted" }, ` ${catalogue.title(store.nodes.get(id))}`)),
          html("span", { class: "num" }, `${format(cost)} · ${((100 * cost) / sum).toFixed(cost / sum < 0.1 ? 1 : 0)} %`),
          html("progress", { class: "bar bar-thin bar-accent", max: costs[0].cost, value: cost, "aria-label": label }),
        ),
      );
    });
    const rest = costs.length - rows.length;
    const more = rest > 0 && html("p", { class: "small muted" }, fill(gettext("and %(n)s more"), { n: rest }));
    replaceChildren(
      this.bars,
      rows.length ? html("ul", { class: "cost-list", role: "list" }, ...rows) : html("p", { class: "muted" }, gettext("Nothing to count yet.")),
      more,
    );
    this.#drawTotals(analysis.result);
  }

  #drawTotals({ totals, not_counted: notCounted }) {
    const rows = [
      [gettext("Parameters"), Number.isFinite(totals.params) ? totals.params.toLocaleString() : "–"],
      [gettext("Trainable"), Number.isFinite(totals.trainable) ? totals.trainable.toLocaleString() : ""],
      [gettext("MACs of one sample"), count(totals.macs)],
      [gettext("FLOPs of one sample"), count(totals.flops)],
      [gettext("Weights in memory"), bytes(totals.weight_bytes)],
      [gettext("Activations, training"), bytes(totals.activation_bytes?.train)],
      [gettext("Activations, prediction"), bytes(totals.activation_bytes?.eval)],
    ].filter(([, value]) => value);
    replaceChildren(this.totals, ...rows.map(([name, value]) => html("div", {}, html("dt", {}, name), html("dd", { class: "mono" }, value))));
    this.skipped.hidden = !notCounted?.length;
    this.skipped.textContent = notCounted?.length
      ? fill(gettext("Not counted: %(names)s."), { names: notCounted.join(", ") })
      : "";
  }

  #ownShape() {
    for (const node of this.editor.store.nodes.values()) {
      if (node.op === "Input" && Array.isArray(node.params?.shape)) return node.params.shape;
    }
    return [3, 64, 64];
  }

  #try() {
    const text = this.shapeInput.value.trim();
    const shape = text ? parseShape(text, this.#ownShape()) : null;
    const wrong = Boolean(text && !shape);
    this.shapeFault.hidden = !wrong;
    this.shapeInput.toggleAttribute("aria-invalid", wrong);
    this.shapeReset.hidden = !text;
    if (wrong) return;
    this.editor.analysis.setInput(shape);
    this.editor.status.whatIf(shape ? shapeText(shape) : "");
  }
}
