/** Numbers for people; the same rules as the template filters of cvstudio/common/quantities.py. */

export const NOTHING = "–";
const BYTES = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

const isNumber = (value) => typeof value === "number" && Number.isFinite(value);

/** @param {number} value @returns {string} bytes with binary units */
export function bytes(value) {
  if (!isNumber(value)) return NOTHING;
  let unit = 0;
  while (Math.abs(value) >= 1024 && unit < BYTES.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${value.toFixed(unit === 0 || Math.abs(value) >= 100 ? 0 : 1)} ${BYTES[unit]}`;
}

/** @param {number} seconds @returns {string} a duration with its two largest units */
export function duration(seconds) {
  if (!isNumber(seconds) || seconds < 0) return NOTHING;
  if (seconds < 1) return interpolate(gettext("%s ms"), [Math.round(seconds * 1000)]);
  if (seconds < 10) return interpolate(gettext("%s s"), [seconds.toFixed(1)]);
  const whole = Math.round(seconds);
  if (whole < 60) return interpolate(gettext("%s s"), [whole]);
  const two = (number) => String(number).padStart(2, "0");
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return interpolate(gettext("%s min %s s"), [minutes, two(whole % 60)]);
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return interpolate(gettext("%s h %s min"), [hours, two(minutes % 60)]);
  return interpolate(gettext("%s d %s h"), [Math.floor(hours / 24), hours % 24]);
}

/** @param {number} value @returns {string} a large count: 11.7 M */
export function short(value) {
  if (!isNumber(value)) return NOTHING;
  for (const [factor, suffix] of [[1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"]]) {
    if (Math.abs(value) >= factor) return `${Number((value / factor).toPrecision(3))} ${suffix}`;
  }
  return String(Number(value.toPrecision(6)));
}

/** @param {unknown} value @returns {string} a measured number with four significant digits */
export function metric(value) {
  if (typeof value === "string") return value;
  if (!isNumber(value)) return NOTHING;
  if (Number.isInteger(value)) return value.toLocaleString(document.documentElement.lang);
  if (value !== 0 && (Math.abs(value) < 1e-3 || Math.abs(value) >= 1e6)) return value.toExponential(3);
  return String(Number(value.toPrecision(4)));
}

/** @param {number} fraction @returns {string} 0.934 becomes 93.4 % */
export function percent(fraction) {
  return isNumber(fraction) ? `${(100 * fraction).toFixed(1)} %` : NOTHING;
}
