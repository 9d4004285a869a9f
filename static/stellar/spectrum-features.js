/** Lines and bands beside a spectrum: the known ones and those that a person adds, each on or off. */
const UNITS = { "": 1, å: 1, a: 1, angstrom: 1, nm: 10, µm: 1e4, um: 1e4, micron: 1e4 };

/**
 * Read a line as people write it: 6707.8, 670.78 nm, Li I 6707.8 Å, 6707.8 Li I.
 * @param {string} text @returns {{name: string, wavelength: number} | null} wavelength in Angstrom
 */
export function readLine(text) {
  const found = /(?:^|[\s,;=])(\d+(?:\.\d+)?)\s*(Å|A|angstrom|nm|µm|um|micron)?(?=$|[\s,;])/i.exec(text);
  if (!found) return null;
  const wavelength = Number(found[1]) * UNITS[(found[2] ?? "").toLowerCase()];
  if (!(wavelength >= 500 && wavelength <= 1e6)) return null;
  const name = `${text.slice(0, found.index)} ${text.slice(found.index + found[0].length)}`.replaceAll(/[,;=]/g, " ").trim();
  return { name: name.slice(0, 24) || `${Number(wavelength.toFixed(1))}`, wavelength };
}

/** Key that tells K I 7667 from K I 7701. */
export const keyOf = (feature) => `${feature.name}@${Math.round(feature.start)}`;

/** @returns {object[]} what is on: known features of the kinds that are shown, and the person's own lines */
export function shownFeatures(known, settings) {
  const off = new Set(settings.off);
  const own = settings.own.map((one) => ({ name: one.name, start: one.wavelength, end: one.wavelength, kind: "own" }));
  return [...known, ...own].filter((one) => (settings[one.kind] ?? true) && !off.has(keyOf(one)));
}
