/**
 * A form made from a recipe's schema: presets fill it, changed fields are marked and can go back to their default,
 * and faults of the API appear beside their field.
 */
import { element, icon } from "./icons.js";

function inputOf(field) {
  return field.querySelector("[name]");
}

function textOf(input) {
  if (input.type === "checkbox") return input.checked ? "true" : "";
  return input.value.trim();
}

function setText(input, text) {
  if (input.type === "checkbox") input.checked = text === "true";
  else input.value = text;
}

function mark(field) {
  const input = inputOf(field);
  const changed = textOf(input) !== field.dataset.default;
  const label = field.querySelector("label");
  const old = label.querySelector(".back-to-default");
  if (!changed) old?.remove();
  else if (!old) {
    const back = element(
      "button",
      { type: "button", class: "copy back-to-default", title: gettext("Back to the default"), "aria-label": gettext("Back to the default") },
      icon("undo", "s"),
    );
    back.addEventListener("click", (event) => {
      event.preventDefault();
      setText(input, field.dataset.default);
      input.dispatchEvent(new Event("input", { bubbles: true }));
      input.focus();
    });
    label.append(back);
  }
  field.toggleAttribute("data-changed", changed);
}

/** @param {HTMLElement} form @param {Record<string, string>} faults dotted key to sentence @returns {string[]} keys without a field */
export function showFaults(form, faults) {
  const without = [];
  for (const field of form.querySelectorAll("[data-field]")) {
    const place = field.querySelector("[data-fault]");
    const text = faults[field.dataset.field] ?? "";
    place.hidden = !text;
    place.querySelector("span").textContent = text;
    inputOf(field).toggleAttribute("aria-invalid", Boolean(text));
    if (text) {
      inputOf(field).setAttribute("aria-invalid", "true");
      field.closest("details")?.setAttribute("open", "");
    }
  }
  for (const key of Object.keys(faults)) if (!form.querySelector(`[data-field="${CSS.escape(key)}"]`)) without.push(key);
  form.querySelector("[aria-invalid]")?.focus();
  return without;
}

function usePreset(form, values) {
  for (const field of form.querySelectorAll("[data-field]")) {
    const input = inputOf(field);
    const text = values[input.name] ?? field.dataset.default;
    if (!(input.name in values) && field.querySelector("[required]")) continue;
    if (textOf(input) !== text) {
      setText(input, text);
      input.dispatchEvent(new Event("input", { bubbles: true }));
    }
  }
}

/** Make the form live. */
export function startForm(form) {
  const stored = document.getElementById("preset-values");
  const presets = stored ? JSON.parse(stored.textContent) : {};
  for (const field of form.querySelectorAll("[data-field]")) mark(field);
  form.addEventListener("input", (event) => {
    const field = event.target.closest("[data-field]");
    if (!field) return;
    mark(field);
    field.querySelector("[data-fault]").hidden = true;
    event.target.removeAttribute("aria-invalid");
  });
  form.addEventListener("change", (event) => {
    if (event.target.name === "preset") usePreset(form, presets[event.target.value] ?? {});
  });
}

for (const form of document.querySelectorAll("form[data-schema-form]")) startForm(form);
