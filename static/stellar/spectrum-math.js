/** What is done to a spectrum before it is drawn: wavelengths, smoothing, ranges, the nearest mean. No drawing here. */

export const LIGHT = 299792.458; // km/s
const SIGMA_OF_WIDTH = 1 / 2.354820045; // of a Gaussian: standard deviation over full width at half maximum
const REACH = 3;
const SPIKE_PIXELS = 11;
const LOW_SHARE = 0.005;

/** Wavelengths (A) of vacuum in air, after Ciddor 1996; below 2000 A they stay as they are. */
export function vacuumToAir(wavelength) {
  if (wavelength < 2000) return wavelength;
  const s2 = (1e4 / wavelength) ** 2;
  return wavelength / (1 + 0.05792105 / (238.0185 - s2) + 0.00167917 / (57.362 - s2));
}

/** Wavelengths (A) of air in vacuum: one step of the inverse is right to a thousandth. */
export const airToVacuum = (wavelength) => wavelength + (wavelength - vacuumToAir(wavelength));

/** @param {ArrayLike<number>} ivar @returns {Float64Array} standard deviations; NaN where nothing was measured */
export const errorsOf = (ivar) => Float64Array.from(ivar, (one) => (one > 0 ? 1 / Math.sqrt(one) : NaN));

/**
 * Smooth with a Gaussian of constant width in wavelength, each pixel weighted by its inverse variance.
 * @param {{x: ArrayLike<number>, flux: ArrayLike<number>, ivar: ArrayLike<number>}} raw x in Angstrom, rising
 * @param {number} width full width at half maximum in Angstrom; 0 leaves the spectrum as it is
 * @returns {{flux: Float64Array, error: Float64Array}} NaN where nothing was measured
 */
export function smooth({ x, flux, ivar }, width) {
  const count = x.length;
  const smoothed = new Float64Array(count).fill(NaN);
  const error = new Float64Array(count).fill(NaN);
  const sigma = width * SIGMA_OF_WIDTH;
  let from = 0;
  for (let at = 0; at < count; at += 1) {
    if (!width) {
      if (ivar[at] > 0) [smoothed[at], error[at]] = [flux[at], 1 / Math.sqrt(ivar[at])];
      continue;
    }
    while (x[from] < x[at] - REACH * sigma) from += 1;
    let [sum, weight, square] = [0, 0, 0];
    for (let near = from; near < count && x[near] <= x[at] + REACH * sigma; near += 1) {
      if (!(ivar[near] > 0)) continue;
      const kernel = Math.exp(-0.5 * ((x[near] - x[at]) / sigma) ** 2);
      sum += kernel * ivar[near] * flux[near];
      weight += kernel * ivar[near];
      square += kernel * kernel * ivar[near];
    }
    if (weight > 0) [smoothed[at], error[at]] = [sum / weight, Math.sqrt(square) / weight];
  }
  return { flux: smoothed, error };
}

/** The first index whose value is not below a limit; x rises. */
export function firstAt(x, limit) {
  let [low, high] = [0, x.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (x[middle] < limit) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * The range of values that the star has, not that of its noise: running medians, without their outermost parts.
 * @returns {[number, number] | null}
 */
export function calmRange(values, from, to) {
  const medians = [];
  const step = Math.max(1, Math.min(SPIKE_PIXELS, Math.floor((to - from) / 8)));
  for (let at = from; at < to; at += step) {
    const some = [...values.slice(at, Math.min(to, at + step))].filter(Number.isFinite).sort((a, b) => a - b);
    if (some.length) medians.push(some[some.length >> 1]);
  }
  if (!medians.length) return null;
  medians.sort((a, b) => a - b);
  const cut = Math.floor(medians.length * LOW_SHARE);
  return [medians[cut], medians[medians.length - 1 - cut]];
}

/** A mean on the logarithmic grid, read at any rest wavelength; NaN outside of it or where no star was measured. */
export function meanAt(grid, flux, wavelength) {
  const place = (Math.log10(wavelength) - grid.start_log) / grid.step_log;
  const left = Math.floor(place);
  if (left < 0 || left + 1 >= grid.points || !flux[left] || !flux[left + 1]) return NaN;
  return flux[left] + (place - left) * (flux[left + 1] - flux[left]);
}

/**
 * Scale the mean of each class to a spectrum by weighted least squares.
 * @param {{rest: ArrayLike<number>, flux: ArrayLike<number>, ivar: ArrayLike<number>}} star rest: vacuum A at rest
 * @param {{grid: object, classes: Record<string, {flux: number[], count: number}>}} means
 * @returns {{name: string, values: Float64Array, chi2: number, scale: number}[]} the nearest first
 */
export function fitMeans({ rest, flux, ivar }, means) {
  const fits = Object.entries(means?.classes ?? {}).map(([name, one]) => {
    const values = Float64Array.from(rest, (wavelength) => meanAt(means.grid, one.flux, wavelength));
    let [cross, square, used] = [0, 0, 0];
    values.forEach((value, at) => {
      if (!(ivar[at] > 0) || !Number.isFinite(value)) return;
      cross += ivar[at] * flux[at] * value;
      square += ivar[at] * value * value;
      used += 1;
    });
    const scale = square > 0 ? cross / square : NaN;
    let chi2 = 0;
    values.forEach((value, at) => {
      values[at] = scale * value;
      if (ivar[at] > 0 && Number.isFinite(value)) chi2 += ivar[at] * (flux[at] - values[at]) ** 2;
    });
    return { name, values, scale, count: one.count, chi2: used ? chi2 / used : Infinity };
  });
  return fits.filter((one) => one.scale > 0).sort((a, b) => a.chi2 - b.chi2);
}

/** 1E-17 erg/cm^2/s/Ang as it is printed. */
export function prettyUnit(text) {
  if (!text) return "";
  const raised = (digits) => [...digits].map((one) => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(one)] ?? one).join("");
  return text
    .replace(/^(?:1|1\.0*)?[eE]([+-]?\d+)/, (_, power) => `10${raised(power.replace(/^([+-]?)0+(?=\d)/, "$1").replace("+", ""))}`)
    .replace(/^10(?:\*\*|\^)\(?(-?\d+)\)?/, (_, power) => `10${raised(power)}`)
    .replaceAll(/(?:\*\*|\^)\(?(-?\d+)\)?/g, (_, power) => raised(power))
    .replaceAll(/Angstroms?|Ang\b/g, "Å")
    .replaceAll(/\bergs\b/g, "erg")
    .replaceAll("cm-2", "cm⁻²").replaceAll("s-1", "s⁻¹").replaceAll("/", " / ").replaceAll(/\s+/g, " ").trim();
}
