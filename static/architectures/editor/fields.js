/** One form field for one parameter, made from its declaration. */

import { html, write } from "./elements.js";
import { fill } from "./text.js";
import { boundsText, parseValue, showValue } from "./values.js";

/**
 * @param {object} param entry of the catalogue
 * @param {{id: string, change: (value: any) => void, done: () => void}} hooks `change` gets each readable
 *   value at once; `done` is called when the field is left
 */
export function paramField(param, hooks) {
  const control = { bool: checkbox, choice: select }[param.kind] ?? textField;
  const id = `param-${hooks.id}-${param.name}`;
  const fault = html("p", { class: "field-fault", id: `${id}-fault`, hidden: true });
  const input = control(param, id, (value, sentence) => {
    say(sentence);
    if (value !== undefined) hooks.change(value);
    mark(value);
  });
  input.element.setAttribute("aria-describedby", `${id}-help ${id}-fault`);
  input.element.addEventListener("blur", hooks.done);
  const reset = html(
    "button",
    {
      type: "button",
      class: "button button-quiet button-s param-reset",
      hidden: true,
      onclick: () => {
        input.show(param.default);
        say("");
        hooks.change(structuredClone(param.default));
        mark(param.default);
        input.element.focus();
      },
    },
    gettext("Reset"),
  );
  reset.setAttribute("aria-label", fill(gettext("Set %(name)s back to its default"), { name: param.name }));

  function say(sentence) {
    write(fault, sentence);
    fault.hidden = !sentence;
    if (sentence) input.element.setAttribute("aria-invalid", "true");
    else input.element.removeAttribute("aria-invalid");
  }

  function mark(value) {
    reset.hidden = param.required || JSON.stringify(value ?? null) === JSON.stringify(param.default ?? null);
  }

  return {
    root: html(
      "div",
      { class: "field param", data: { param: param.name } },
      html("div", { class: "param-head" }, html("label", { for: id }, param.name), reset),
      input.element,
      html("p", { class: "field-help", id: `${id}-help` }, helpText(param)),
      fault,
    ),
    name: param.name,
    show(value) {
      // What a person is typing is never overwritten.
      if (document.activeElement !== input.element) {
        input.show(value);
        const shown = parseValue(param, showValue(value));
        say(param.kind === "bool" || param.kind === "choice" ? "" : shown.fault);
      }
      mark(value);
    },
    say,
  };
}

function helpText(param) {
  const parts = [param.help];
  const bounds = boundsText(param);
  if (bounds) parts.push(fill(gettext("Allowed: %(bounds)s."), { bounds }));
  if (param.nullable) parts.push(gettext("May be empty."));
  return parts.filter(Boolean).join(" ");
}

function textField(param, id, changed) {
  const numeric = param.kind === "int" || param.kind === "float";
  const element = html("input", {
    id,
    type: "text",
    inputmode: numeric || param.kind === "size" ? "decimal" : "text",
    autocomplete: "off",
    spellcheck: "false",
  });
  const tell = () => {
    const { value, fault } = parseValue(param, element.value);
    changed(value, fault);
  };
  element.addEventListener("input", tell);
  if (numeric || param.kind === "size") element.addEventListener("keydown", (event) => step(event, param, element, tell));
  return { element, show: (value) => (element.value = showValue(value)) };
}

/** Arrow keys count up and down, with shift in tens; never beyond the bounds. */
function step(event, param, element, tell) {
  const direction = { ArrowUp: 1, ArrowDown: -1 }[event.key];
  const now = Number(element.value);
  if (!direction || !Number.isFinite(now) || element.value.trim() === "") return;
  event.preventDefault();
  const size = (param.kind === "float" ? 0.1 : 1) * (event.shiftKey ? 10 : 1);
  const next = Math.round((now + direction * size) * 1e6) / 1e6;
  const low = param.minimum ?? -Infinity;
  const high = param.maximum ?? Infinity;
  element.value = String(Math.min(high, Math.max(low, next)));
  tell();
}

function checkbox(param, id, changed) {
  const element = html("input", { id, type: "checkbox", class: "param-check" });
  element.addEventListener("change", () => changed(element.checked, ""));
  return { element, show: (value) => (element.checked = Boolean(value)) };
}

function select(param, id, changed) {
  const empty = param.nullable ? [html("option", { value: "" }, gettext("none"))] : [];
  const element = html("select", { id }, empty, ...param.choices.map((choice) => html("option", { value: choice }, choice)));
  element.addEventListener("change", () => changed(element.value === "" ? null : element.value, ""));
  const show = (value) => {
    const text = value ?? "";
    if (text && !param.choices.includes(text)) element.append(html("option", { value: text }, text));
    element.value = text;
  };
  return { element, show };
}
