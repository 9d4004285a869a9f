/** What a run uses while it works: memory, processor and GPU, from its own events. */
import { api } from "../js/http.js";
import { bytes } from "../js/numbers.js";
import { linePlot } from "../js/plot.js";

export { api, bytes, linePlot };
