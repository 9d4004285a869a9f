/** Texts and numbers for people. Marked strings go through the page's global `gettext`. */

export { bytes, short as count } from "../../js/numbers.js";

/** Fill `%(name)s` places, as Django's named interpolation does. */
export const fill = (template, values) =>
  template.replace(/%\((\w+)\)s/g, (whole, name) => (name in values ? String(values[name]) : whole));

/** ["N", 3, 32, 32] -> "N×3×32×32". */
export const shapeText = (shape) => (Array.isArray(shape) && shape.length ? shape.join("×") : "");

/** Cut a text for a place of fixed width; SVG text has no ellipsis of its own. */
export const clip = (text, length) => (text.length > length ? `${text.slice(0, length - 1)}…` : text);
