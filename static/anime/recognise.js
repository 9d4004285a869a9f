/** Recognise: images come by drop, paste or choice, wait in line, and each becomes a card with its answer. */
import { ApiError, api } from "../js/http.js";
import { bytes } from "../js/numbers.js";
import { acceptDrops, showFault } from "../js/upload-form.js";
import "./seen.js";

const form = document.querySelector("[data-recognise]");
const answers = document.querySelector("[data-answers]");
const template = document.getElementById("waiting-card");
const most = Number(form.dataset.max);
const line = [];
let isAsking = false;

/** Whether the chosen recogniser reads words besides looking. */
function reads() {
  return "reads" in form.elements.recogniser.selectedOptions[0].dataset;
}

function offerWords() {
  form.querySelector("[data-words]").hidden = !reads();
}

function waitingCard(file) {
  const card = template.content.cloneNode(true).firstElementChild;
  const preview = card.querySelector("[data-preview]");
  preview.src = URL.createObjectURL(file);
  preview.addEventListener("load", () => URL.revokeObjectURL(preview.src));
  card.querySelector("[data-name]").textContent = file.name;
  card.querySelector("[data-again] button").addEventListener("click", () => enter(file, card));
  return card;
}

function fail(card, fault) {
  for (const one of card.querySelectorAll(".skeleton")) one.hidden = true;
  showFault(card.querySelector("[data-fault]"), fault);
  card.querySelector("[data-again]").hidden = false;
}

async function answer(file, card) {
  const body = new FormData();
  body.set("recogniser", form.elements.recogniser.value);
  if (form.elements.collection.value) body.set("collection", form.elements.collection.value);
  if (reads()) body.set("text", form.elements.text.value);
  body.set("image", file);
  const { id } = await api(form.dataset.url, { method: "POST", body });
  const page = await fetch(form.dataset.card.replace("00000000-0000-0000-0000-000000000000", id), { credentials: "same-origin" });
  if (!page.ok) throw new ApiError(page.status, {});
  const fresh = new DOMParser().parseFromString(await page.text(), "text/html").querySelector(".recognition");
  card.replaceWith(fresh);
  window.htmx?.process(fresh);
}

async function work() {
  if (isAsking) return;
  isAsking = true;
  while (line.length) {
    const { file, card } = line.shift();
    try {
      await answer(file, card);
    } catch (fault) {
      if (!(fault instanceof ApiError)) throw fault;
      fail(card, fault);
    }
  }
  isAsking = false;
}

function enter(file, card) {
  for (const one of card.querySelectorAll(".skeleton")) one.hidden = false;
  card.querySelector("[data-fault]").hidden = true;
  card.querySelector("[data-again]").hidden = true;
  line.push({ file, card });
  work();
}

function take(files) {
  document.querySelector("[data-none]")?.remove();
  for (const file of [...files].reverse()) {
    const card = waitingCard(file);
    answers.prepend(card);
    if (file.size > most) {
      fail(card, { message: interpolate(gettext("The file has %s; at most %s are taken."), [bytes(file.size), bytes(most)]) });
      card.querySelector("[data-again]").hidden = true;
    } else enter(file, card);
  }
}

const input = form.querySelector("input[type=file]");
input.addEventListener("change", () => {
  take([...input.files]);
  input.value = "";
});
acceptDrops(form.querySelector("[data-dropzone]"), take);
document.addEventListener("paste", (event) => {
  const files = [...(event.clipboardData?.files ?? [])].filter((file) => file.type.startsWith("image/"));
  if (files.length) take(files);
});
form.elements.recogniser.addEventListener("change", offerWords);
offerWords();
form.dataset.ready = "true";
