/** Upload of an archive: drop or choose, a bar with rate and time left, cancel, and the fault of the API in words. */
import { csrfToken } from "../js/http.js";
import { element, icon } from "../js/icons.js";
import { bytes, duration } from "../js/numbers.js";

const form = document.getElementById("upload");

function start() {
  const zone = form.querySelector("[data-dropzone]");
  const input = zone.querySelector("input[type=file]");
  const button = form.querySelector(".form-actions button");
  const progress = form.querySelector("[data-upload-progress]");
  const bar = progress.querySelector("progress");
  const text = progress.querySelector("[data-upload-text]");
  const fault = form.querySelector("[data-upload-fault]");
  let request = null;

  function say(message, hint = "") {
    fault.replaceChildren(
      element("div", { class: "alert alert-failed", role: "alert" }, icon("error"),
        element("div", { class: "alert-body" }, element("strong", {}, message), hint ? element("p", {}, hint) : "")),
    );
    fault.hidden = false;
  }

  function choose() {
    const file = input.files[0];
    fault.hidden = true;
    button.disabled = !file;
    if (!file) return;
    zone.querySelector("[data-chosen]").textContent = `${file.name} · ${bytes(file.size)}`;
    if (file.size > Number(form.dataset.max)) {
      button.disabled = true;
      say(interpolate(gettext("The archive has %s; at most %s are taken."), [bytes(file.size), bytes(Number(form.dataset.max))]),
        gettext("Split the data set, or have the folder registered on the server."));
    }
    const name = form.elements.name;
    if (name && name.type !== "hidden" && !name.value) name.value = file.name.replace(/\.zip$/i, "");
  }

  function report(began, event) {
    if (!event.lengthComputable) return;
    bar.max = event.total;
    bar.value = event.loaded;
    const seconds = (performance.now() - began) / 1000;
    const rate = event.loaded / Math.max(seconds, 0.001);
    const left = (event.total - event.loaded) / Math.max(rate, 1);
    text.textContent = event.loaded < event.total
      ? `${bytes(event.loaded)} / ${bytes(event.total)} · ${bytes(rate)}/s · ${interpolate(gettext("%s left"), [duration(left)])}`
      : gettext("Everything is here; the archive is looked over…");
  }

  function end() {
    request = null;
    progress.hidden = true;
    zone.hidden = false;
    button.disabled = !input.files[0];
  }

  function answered() {
    let body = {};
    try {
      body = JSON.parse(request.responseText);
    } catch {
      body = {};
    }
    if (request.status === 201) {
      const newest = body.unfinished?.[0];
      location.assign(`/datasets/${encodeURIComponent(body.id)}${newest ? `?version=${newest.number}` : ""}`);
      return;
    }
    end();
    say(body.message ?? gettext("The server did not answer as expected."), body.hint);
  }

  function send() {
    const data = new FormData(form);
    // Fields go before the file: the server has read them when the file begins.
    const ordered = new FormData();
    for (const [key, value] of data) {
      if (key !== "file" && value !== "" && key !== "csrfmiddlewaretoken") ordered.append(key.replace(/^options\./, ""), value);
    }
    for (const box of form.querySelectorAll("input[type=checkbox]")) {
      if (!box.checked) ordered.append(box.name.replace(/^options\./, ""), "false");
    }
    ordered.append("file", input.files[0]);
    request = new XMLHttpRequest(); // fetch tells nothing about the progress of an upload
    const began = performance.now();
    request.upload.addEventListener("progress", (event) => report(began, event));
    request.addEventListener("load", answered);
    request.addEventListener("error", () => {
      end();
      say(gettext("The server cannot be reached."), gettext("Check the connection, then try again."));
    });
    request.addEventListener("abort", end);
    request.open("POST", form.dataset.url);
    request.setRequestHeader("X-CSRFToken", csrfToken());
    request.setRequestHeader("Accept", "application/json");
    request.send(ordered);
    fault.hidden = true;
    zone.hidden = true;
    progress.hidden = false;
    button.disabled = true;
  }

  input.addEventListener("change", choose);
  zone.addEventListener("dragover", (event) => {
    event.preventDefault();
    zone.toggleAttribute("data-over", true);
  });
  zone.addEventListener("dragleave", () => zone.removeAttribute("data-over"));
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    zone.removeAttribute("data-over");
    if (event.dataTransfer.files.length) {
      input.files = event.dataTransfer.files;
      choose();
    }
  });
  progress.querySelector("[data-upload-cancel]").addEventListener("click", () => request?.abort());
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (input.files[0] && !request) send();
  });
  window.addEventListener("beforeunload", (event) => {
    if (request && request.readyState !== XMLHttpRequest.DONE) event.preventDefault();
  });
}

if (form) start();
