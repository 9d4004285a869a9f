/** One dialog for a new sensor and for changes: it is filled from the row that was chosen. */

const form = document.getElementById("sensor-form");
const stored = document.getElementById("sensor-values");
const values = stored ? JSON.parse(stored.textContent) : {};

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-sensor], [data-sensor-new]");
  if (!button) return;
  const chosen = values[button.dataset.sensor] ?? {};
  for (const name of ["id", "name", "wavelengths", "bad_bands", "pixel_size_m", "notes"]) {
    form.elements[name].value = chosen[name] ?? "";
  }
});
