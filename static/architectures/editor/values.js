/** Reading what a person typed as the value of a parameter, and saying what it has to be. */

import { fill } from "./text.js";

/**
 * @param {object} param entry of the catalogue: kind, minimum, maximum, axes, nullable, choices
 * @param {string} text
 * @returns {{value: any, fault: string}} the fault is a sentence; `value` is undefined when nothing can be read
 */
export function parseValue(param, text) {
  const trimmed = text.trim();
  if (!trimmed) {
    if (param.nullable) return { value: null, fault: "" };
    return { value: undefined, fault: gettext("A value is needed here.") };
  }
  const read = READERS[param.kind] ?? readText;
  return read(param, trimmed);
}

/** How a value stands in a text field. */
export function showValue(value) {
  if (value === null || value === undefined) return "";
  return Array.isArray(value) ? value.join(", ") : String(value);
}

/** The bounds as words, for the help under the field: "1 to 64". */
export function boundsText({ minimum, maximum }) {
  const low = Number.isFinite(minimum);
  const high = Number.isFinite(maximum);
  if (low && high) return fill(gettext("%(low)s to %(high)s"), { low: minimum, high: maximum });
  if (low) return fill(gettext("at least %(low)s"), { low: minimum });
  if (high) return fill(gettext("at most %(high)s"), { high: maximum });
  return "";
}

const READERS = { int: readInteger, float: readFloat, size: readSize, ints: readIntegers };

function readText(param, text) {
  return { value: text, fault: "" };
}

function readInteger(param, text) {
  if (!/^[-+]?\d+$/.test(text)) return { value: undefined, fault: gettext("This has to be a whole number.") };
  const value = Number(text);
  return { value, fault: outOfBounds(param, [value]) };
}

function readFloat(param, text) {
  const value = Number(text);
  if (!Number.isFinite(value)) return { value: undefined, fault: gettext("This has to be a number.") };
  return { value, fault: outOfBounds(param, [value]) };
}

function readSize(param, text) {
  const numbers = integers(text);
  const axes = Array.isArray(param.axes) ? param.axes[1] : param.axes;
  if (!numbers || (numbers.length !== 1 && numbers.length !== axes)) {
    const sentence = axes > 1 ? gettext("One whole number, or %(axes)s of them: 3 or 3, 3.") : gettext("This has to be a whole number.");
    return { value: undefined, fault: fill(sentence, { axes }) };
  }
  return { value: numbers.length === 1 ? numbers[0] : numbers, fault: outOfBounds(param, numbers) };
}

function readIntegers(param, text) {
  const numbers = integers(text);
  const [low, high] = Array.isArray(param.axes) ? param.axes : [param.axes, param.axes];
  if (!numbers || numbers.length < low || numbers.length > high) {
    return { value: undefined, fault: fill(gettext("%(low)s to %(high)s whole numbers with commas: 3, 64, 64."), { low, high }) };
  }
  return { value: numbers, fault: outOfBounds(param, numbers) };
}

function integers(text) {
  const parts = text.replace(/^[[(]|[\])]$/g, "").split(/\s*[,x×;\s]\s*/).filter(Boolean);
  return parts.length && parts.every((part) => /^[-+]?\d+$/.test(part)) ? parts.map(Number) : null;
}

function outOfBounds(param, numbers) {
  const { minimum, maximum } = param;
  const exclusive = param.schema?.exclusiveMaximum !== undefined;
  const wrong = numbers.some(
    (value) =>
      (Number.isFinite(minimum) && value < minimum) ||
      (Number.isFinite(maximum) && (exclusive ? value >= maximum : value > maximum)) ||
      Math.abs(value) > Number.MAX_SAFE_INTEGER,
  );
  return wrong ? fill(gettext("Outside of what is allowed: %(bounds)s."), { bounds: boundsText(param) || gettext("smaller numbers") }) : "";
}

/** A shape as people write it: "3, 224, 224", "3x224x224", or one number for a square picture. */
export function parseShape(text, own) {
  const numbers = integers(text.trim());
  if (!numbers || numbers.some((value) => value < 1 || value > 65536)) return null;
  if (numbers.length === 1 && own.length === 3) return [own[0], numbers[0], numbers[0]];
  return numbers.length === own.length ? numbers : null;
}
