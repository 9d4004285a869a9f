/**
 * A form with one file: drop or choose, a bar with rate and time left, cancel, and the fault of the API in words.
 *
 * The form holds [data-dropzone] with a file input and [data-chosen], [data-upload-progress] with a progress element,
 * [data-upload-text] and [data-upload-cancel], and [data-upload-fault]; data-url is where it goes, data-max the size
 * in bytes that is taken.
 */
import { csrfToken } from "./http.js";
import { element, icon } from "./icons.js";
import { bytes, duration } from "./numbers.js";

/** @param {HTMLElement} place @param {{message: string, hint?: string}} fault show what is wrong */
export function showFault(place, { message, hint }) {
  const body = element("div", { class: "alert-body" }, element("strong", {}, message));
  if (hint) body.append(element("p", {}, hint));
  place.replaceChildren(element("div", { class: "alert alert-failed", role: "alert" }, icon("error"), body));
  place.hidden = false;
}

/**
 * Let files be dropped on a zone as if they had been chosen.
 * @param {HTMLElement} zone @param {(files: FileList) => void} take
 */
export function acceptDrops(zone, take) {
  zone.addEventListener("dragover", (event) => {
    event.preventDefault();
    zone.toggleAttribute("data-over", true);
  });
  zone.addEventListener("dragleave", () => zone.removeAttribute("data-over"));
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    zone.removeAttribute("data-over");
    if (event.dataTransfer.files.length) take(event.dataTransfer.files);
  });
}

/** Wires one form. */
export class UploadForm {
  /**
   * @param {HTMLFormElement} form
   * @param {{done: (body: any) => void, checking: string, needsFile?: () => boolean}} options
   *   done: called with the answer; checking: what is said while the server looks at the file;
   *   needsFile: whether the form goes without a file just now
   */
  constructor(form, { done, checking, needsFile = () => true }) {
    this.form = form;
    this.done = done;
    this.checking = checking;
    this.needsFile = needsFile;
    this.zone = form.querySelector("[data-dropzone]");
    this.input = this.zone.querySelector("input[type=file]");
    this.button = form.querySelector(".form-actions button");
    this.progress = form.querySelector("[data-upload-progress]");
    this.fault = form.querySelector("[data-upload-fault]");
    this.request = null;
    this.input.addEventListener("change", () => this.look());
    acceptDrops(this.zone, (files) => {
      this.input.files = files;
      this.look();
    });
    this.progress.querySelector("[data-upload-cancel]").addEventListener("click", () => this.request?.abort());
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (!this.button.disabled && !this.request && form.reportValidity()) this.send();
    });
    window.addEventListener("beforeunload", (event) => {
      if (this.request && this.request.readyState !== XMLHttpRequest.DONE) event.preventDefault();
    });
    this.look();
  }

  /** Look at what was chosen: may it go? */
  look() {
    const file = this.input.files[0];
    const most = Number(this.form.dataset.max);
    this.fault.hidden = true;
    this.button.disabled = this.needsFile() && (!file || file.size > most);
    if (!file) return;
    this.zone.querySelector("[data-chosen]").textContent = `${file.name} · ${bytes(file.size)}`;
    if (file.size > most) {
      const message = interpolate(gettext("The file has %s; at most %s are taken."), [bytes(file.size), bytes(most)]);
      showFault(this.fault, { message });
    }
  }

  /** @returns {FormData} fields before the file: the server has read them when the file begins */
  data() {
    const ordered = new FormData();
    for (const [key, value] of new FormData(this.form)) {
      if (!(value instanceof File) && value !== "" && key !== "csrfmiddlewaretoken") ordered.append(key, value);
    }
    if (this.needsFile()) ordered.append(this.input.name, this.input.files[0]);
    return ordered;
  }

  send() {
    const request = new XMLHttpRequest(); // fetch tells nothing about the progress of an upload
    const began = performance.now();
    this.request = request;
    request.upload.addEventListener("progress", (event) => this.report(began, event));
    request.addEventListener("load", () => this.answered(request));
    request.addEventListener("error", () => {
      this.end();
      const hint = gettext("Check the connection, then try again.");
      showFault(this.fault, { message: gettext("The server cannot be reached."), hint });
    });
    request.addEventListener("abort", () => this.end());
    request.open("POST", this.form.dataset.url);
    request.setRequestHeader("X-CSRFToken", csrfToken());
    request.setRequestHeader("Accept", "application/json");
    request.send(this.data());
    this.fault.hidden = true;
    this.zone.hidden = true;
    this.progress.hidden = false;
    this.button.disabled = true;
  }

  report(began, event) {
    if (!event.lengthComputable) return;
    const bar = this.progress.querySelector("progress");
    const text = this.progress.querySelector("[data-upload-text]");
    if (event.loaded >= event.total) {
      bar.removeAttribute("value"); // everything is sent; how long the check takes nobody knows
      text.textContent = this.checking;
      return;
    }
    bar.max = event.total;
    bar.value = event.loaded;
    const rate = event.loaded / Math.max((performance.now() - began) / 1000, 0.001);
    const left = interpolate(gettext("%s left"), [duration((event.total - event.loaded) / Math.max(rate, 1))]);
    text.textContent = `${bytes(event.loaded)} / ${bytes(event.total)} · ${bytes(rate)}/s · ${left}`;
  }

  answered(request) {
    let body = {};
    try {
      body = JSON.parse(request.responseText);
    } catch {
      body = {};
    }
    if (request.status === 201) {
      this.done(body);
      return;
    }
    this.end();
    showFault(this.fault, { message: body.message ?? gettext("The server did not answer as expected."), hint: body.hint });
  }

  end() {
    this.request = null;
    this.progress.hidden = true;
    this.zone.hidden = false;
    this.button.disabled = this.needsFile() && !this.input.files[0];
  }
}
