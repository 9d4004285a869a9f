/** Compare: a choice shows at once; spectra are drawn when seen. */
import { startSparks } from "./spark.js";

startSparks();

const form = document.getElementById("choose");
form?.addEventListener("change", (event) => {
  if (event.target.name === "survey") for (const name of ["first", "second"]) form.elements[name].disabled = true; // those of another survey
  form.requestSubmit();
});
