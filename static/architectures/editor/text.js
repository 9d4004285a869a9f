/** Translation and numbers for people. Falls back to the English source when no catalogue is loaded. */

export const gettext = (source) => (globalThis.gettext ? globalThis.gettext(source) : source);

export const ngettext = (one, many, count) =>
  globalThis.ngettext ? globalThis.ngettext(one, many, count) : count === 1 ? one : many;

/** Fill `%(name)s` places, as Django's named interpolation does. */
export const fill = (template, values) =>
  template.replace(/%\((\w+)\)s/g, (whole, name) => (name in values ? String(values[name]) : whole));

const STEPS = [
  [1e12, "T"],
  [1e9, "G"],
  [1e6, "M"],
  [1e3, "k"],
];

/** 1234567 -> "1.23 M". Counts below a thousand are written in full. */
export function count(value) {
  if (!Number.isFinite(value)) return "–";
  for (const [size, unit] of STEPS) {
    if (Math.abs(value) >= size) return `${significant(value / size)} ${unit}`;
  }
  return String(Math.round(value));
}

/** Bytes in powers of 1024. */
export function bytes(value) {
  if (!Number.isFinite(value)) return "–";
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let power = 0;
  let rest = value;
  while (rest >= 1024 && power < units.length - 1) {
    rest /= 1024;
    power += 1;
  }
  return `${power ? significant(rest) : rest} ${units[power]}`;
}

function significant(value) {
  if (value >= 100) return value.toFixed(0);
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

/** ["N", 3, 32, 32] -> "N×3×32×32". */
export const shapeText = (shape) => (Array.isArray(shape) && shape.length ? shape.join("×") : "");

/** Cut a text for a place of fixed width; SVG text has no ellipsis of its own. */
export const clip = (text, length) => (text.length > length ? `${text.slice(0, length - 1)}…` : text);
