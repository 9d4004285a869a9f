/** Classify: drop a spectrum and a picture, see the answer with its reasons. */
import { ApiError, api } from "../js/http.js";
import { bytes } from "../js/numbers.js";
import { acceptDrops, showFault } from "../js/upload-form.js";
import { showAnswer } from "./answer.js";

const SPECTRUM_FILE = /\.(fits?|fts|npz|gz|fz)$/i;
const KINDS = ["spectrum", "image"];

class Classify {
  constructor(root) {
    this.root = root;
    this.form = root.querySelector("form");
    this.button = root.querySelector("[data-ask]");
    this.place = root.querySelector("[data-answer]");
    this.files = { spectrum: null, image: null };
    this.magnitudes = [...root.querySelectorAll("[data-magnitude]")];
    this.asked = null;
    this.titles = {};
    for (const kind of KINDS) this.wire(kind);
    root.querySelector("select[name=classifier]").addEventListener("change", () => this.ask());
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.ask();
    });
    document.addEventListener("paste", (event) => {
      if (event.clipboardData?.files.length) this.take(event.clipboardData.files);
    });
    root.dataset.ready = "true";
  }

  wire(kind) {
    const zone = this.root.querySelector(`[data-drop=${kind}]`);
    const input = zone.querySelector("input");
    this.titles[kind] = zone.querySelector("[data-chosen]").textContent;
    input.addEventListener("change", () => input.files[0] && this.set(kind, input.files[0]));
    acceptDrops(zone, (files) => this.take(files));
    this.root.querySelector(`[data-remove=${kind}]`).addEventListener("click", () => this.set(kind, null));
    if (input.files[0]) this.set(kind, input.files[0]); // chosen before this script ran
  }

  /** Files that were dropped anywhere find their place by their kind. */
  take(files) {
    for (const file of files) this.set(SPECTRUM_FILE.test(file.name) ? "spectrum" : "image", file);
  }

  set(kind, file) {
    const zone = this.root.querySelector(`[data-drop=${kind}]`);
    const most = Number(this.root.dataset.max);
    this.fault(kind, null);
    if (file && file.size > most) {
      this.fault(kind, { message: interpolate(gettext("The file has %s; at most %s are taken."), [bytes(file.size), bytes(most)]) });
      return;
    }
    this.files[kind] = file;
    if (!file) zone.querySelector("input").value = "";
    zone.toggleAttribute("data-filled", Boolean(file));
    zone.querySelector("[data-chosen]").textContent = file ? `${file.name} · ${bytes(file.size)}` : this.titles[kind];
    this.root.querySelector(`[data-kept=${kind}]`).hidden = !file;
    this.button.disabled = !KINDS.some((one) => this.files[one]);
  }

  fault(where, fault) {
    const place = this.root.querySelector(`[data-fault="${KINDS.includes(where) ? where : ""}"]`);
    if (fault) showFault(place, fault);
    else place.hidden = true;
  }

  async ask() {
    if (!KINDS.some((kind) => this.files[kind]) || !this.form.reportValidity()) return;
    this.asked?.abort();
    const asked = new AbortController();
    this.asked = asked;
    for (const where of [...KINDS, ""]) this.fault(where, null);
    const body = new FormData();
    body.set("classifier", this.form.elements.classifier.value);
    for (const kind of KINDS) if (this.files[kind]) body.set(kind, this.files[kind]);
    for (const field of this.magnitudes) if (field.value) body.set(field.name, field.value);
    this.root.setAttribute("aria-busy", "true");
    try {
      const answer = await api(this.root.dataset.url, { method: "POST", body, signal: asked.signal });
      const chosen = this.form.elements.classifier.selectedOptions[0].textContent.trim();
      await showAnswer(this.place, answer, chosen);
    } catch (fault) {
      if (fault.name === "AbortError") return;
      if (!(fault instanceof ApiError)) throw fault;
      this.place.querySelectorAll(":scope > .card:not([data-empty])").forEach((card) => card.remove());
      this.fault(fault.where, fault);
    } finally {
      if (this.asked === asked) this.root.removeAttribute("aria-busy");
    }
  }
}

const root = document.querySelector("[data-classify]");
if (root) new Classify(root);
