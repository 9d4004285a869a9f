/** The list of operations: cards with fields made from each operation's schema, in an order that can be changed. */
import { element, icon } from "../js/icons.js";

/** Bounds of a number in a JSON schema, for an input. */
function bounds(schema) {
  const step = schema.type === "integer" ? 1 : "any";
  return { min: schema.minimum ?? schema.exclusiveMinimum, max: schema.maximum ?? schema.exclusiveMaximum, step };
}

function numberField(schema, value, label, change) {
  const field = element("input", { class: "input input-short num", type: "number", value, "aria-label": label, ...bounds(schema) });
  field.addEventListener("input", () => {
    field.toggleAttribute("aria-invalid", !field.validity.valid);
    if (field.value !== "" && field.validity.valid) change(Number(field.value));
  });
  return field;
}

export class OperationList {
  /** @param {HTMLElement} place @param {{operations: any[], most: number}} catalogue @param {() => void} changed */
  constructor(place, { operations, most }, changed) {
    this.place = place;
    this.known = new Map(operations.map((one) => [one.op, one]));
    this.most = most;
    this.changed = changed;
    this.rows = [];
  }

  /** What the API takes: switched-off operations are left out. */
  operations() {
    return this.rows.filter((row) => row.on).map((row) => ({ op: row.op, ...row.values }));
  }

  set(operations) {
    this.rows = operations.filter((one) => this.known.has(one.op)).map(({ op, ...values }) => this.row(op, values));
    this.draw();
  }

  add(op) {
    if (this.rows.length >= this.most) return false;
    this.rows.push(this.row(op, {}));
    this.draw();
    return true;
  }

  row(op, values) {
    const { properties } = this.known.get(op).schema;
    const defaults = Object.fromEntries(Object.entries(properties).map(([name, schema]) => [name, structuredClone(schema.default)]));
    return { op, on: true, values: { ...defaults, ...structuredClone(values) } };
  }

  draw() {
    this.place.replaceChildren(...this.rows.map((row, at) => this.card(row, at)));
    this.changed();
  }

  move(at, step) {
    const [row] = this.rows.splice(at, 1);
    this.rows.splice(at + step, 0, row);
    this.draw();
    this.place.children[at + step]?.querySelector(`[data-move="${step}"]`)?.focus();
  }

  card(row, at) {
    const facts = this.known.get(row.op);
    const button = (name, label, act, extra = {}) => element("button", { type: "button", class: "button button-quiet button-icon button-s", "aria-label": `${label}: ${facts.title}`, title: label, onclick: act, ...extra }, icon(name, "s"));
    const toggle = element("input", { type: "checkbox", "aria-label": facts.title, checked: row.on });
    toggle.addEventListener("change", () => {
      row.on = toggle.checked;
      this.changed();
    });
    const head = element("div", { class: "operation-head" }, toggle, element("strong", { title: facts.summary }, facts.title));
    if (at > 0) head.append(button("chevron-up", gettext("Earlier"), () => this.move(at, -1), { "data-move": -1 }));
    if (at < this.rows.length - 1) head.append(button("chevron-down", gettext("Later"), () => this.move(at, 1), { "data-move": 1 }));
    head.append(button("trash", gettext("Remove"), () => {
      this.rows.splice(at, 1);
      this.draw();
    }));
    return element("li", { class: "operation" }, head, this.fields(row, facts));
  }

  fields(row, facts) {
    const place = element("div", { class: "operation-fields" });
    for (const [name, schema] of Object.entries(facts.schema.properties)) {
      const label = schema.title ?? name;
      const help = element("span", { class: "muted" }, schema.description ?? "");
      place.append(element("span", { class: "small", title: name }, element("strong", {}, label), " ", help));
      if (schema.type === "array") place.append(this.pair(row, name, schema, label));
      else {
        place.append(numberField(schema, row.values[name], label, (value) => {
          row.values[name] = value;
          this.changed();
        }));
      }
    }
    return place;
  }

  pair(row, name, schema, label) {
    const items = schema.prefixItems ?? [schema.items, schema.items];
    return element("span", { class: "pair" }, ...items.map((item, at) =>
      numberField(item, row.values[name][at], `${label} ${at + 1}`, (value) => {
        row.values[name] = row.values[name].map((old, place) => (place === at ? value : old));
        this.changed();
      })));
  }
}
