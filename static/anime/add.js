/** Add a character: a name, images with previews, one request, then the page of the result. */
import { ApiError, api } from "../js/http.js";
import { element, icon } from "../js/icons.js";
import { bytes } from "../js/numbers.js";
import { acceptDrops, showFault } from "../js/upload-form.js";

const NOBODY = "00000000-0000-0000-0000-000000000000";
const SIZES = [1, 5, 10, 20];
const form = document.querySelector("[data-add]");
const place = form.querySelector("[data-chosen-images]");
const fault = form.querySelector("[data-fault]");
const button = form.querySelector("[data-send]");
const most = Number(form.dataset.max);
const name = form.elements.name;
let files = [];

/** What so many images will be enough to say. */
function promise(count) {
  const told = SIZES.filter((size) => size < count); // one is left to judge by
  const next = SIZES.find((size) => size >= count);
  const more = next === undefined ? "" : ` ${interpolate(ngettext("%s more image says how it goes with %s.", "%s more images say how it goes with %s.", next + 1 - count), [next + 1 - count, next])}`;
  if (!told.length) return `${interpolate(ngettext("%s image: it will be known, but nothing can be said about how well.", "%s images: it will be known, but nothing can be said about how well.", count), [count])}${more}`;
  return `${interpolate(ngettext("%s image: says how it goes with %s.", "%s images: say how it goes with %s.", count), [count, told.join(", ")])}${more}`;
}

function look() {
  const total = files.reduce((sum, file) => sum + file.size, 0);
  const isNamed = Boolean(name.value.trim());
  fault.hidden = true;
  if (total > most) showFault(fault, { message: interpolate(gettext("Together the files have %s; at most %s are taken."), [bytes(total), bytes(most)]) });
  button.disabled = !isNamed || !files.length || total > most;
  form.querySelector("[data-count]").textContent = files.length ? promise(files.length) : "";
  const step = !isNamed ? "name" : "images";
  for (const one of form.querySelectorAll("[data-step]")) {
    if (one.dataset.step === step) one.setAttribute("aria-current", "step");
    else one.removeAttribute("aria-current");
  }
}

function show() {
  place.replaceChildren(...files.map((file) => {
    const image = element("img", { width: 96, height: 96, alt: file.name });
    image.src = URL.createObjectURL(file);
    image.addEventListener("load", () => URL.revokeObjectURL(image.src));
    const remove = element("button", { type: "button", class: "thumb", title: interpolate(gettext("Without %s"), [file.name]), "aria-label": interpolate(gettext("Without %s"), [file.name]) }, image, element("span", { class: "thumb-caption" }, icon("close", "s"), file.name));
    remove.addEventListener("click", () => {
      files = files.filter((one) => one !== file);
      show();
    });
    return remove;
  }));
  look();
}

function take(more) {
  const known = new Set(files.map((file) => `${file.name} ${file.size} ${file.lastModified}`));
  files = [...files, ...[...more].filter((file) => !known.has(`${file.name} ${file.size} ${file.lastModified}`))];
  show();
}

async function send() {
  const body = new FormData();
  body.set("name", name.value.trim());
  if (form.elements.collection.value) body.set("collection", form.elements.collection.value);
  for (const file of files) body.append("image", file);
  button.disabled = true;
  form.setAttribute("aria-busy", "true");
  try {
    const made = await api(form.dataset.url.replace(NOBODY, form.elements.recogniser.value), { method: "POST", body });
    location.assign(form.dataset.next.replace(NOBODY, made.id));
  } catch (trouble) {
    if (!(trouble instanceof ApiError)) throw trouble;
    look();
    showFault(fault, trouble);
    form.removeAttribute("aria-busy");
  }
}

const input = form.querySelector("input[type=file]");
input.addEventListener("change", () => {
  take([...input.files]);
  input.value = "";
});
acceptDrops(form.querySelector("[data-dropzone]"), take);
document.addEventListener("paste", (event) => {
  const pasted = [...(event.clipboardData?.files ?? [])].filter((file) => file.type.startsWith("image/"));
  if (pasted.length) take(pasted);
});
name.addEventListener("input", look);
form.elements.recogniser.addEventListener("change", () => {
  const query = new URLSearchParams({ recogniser: form.elements.recogniser.value, collection: form.elements.collection.value, name: name.value });
  if (!files.length) location.assign(`?${query}`); // its known characters
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (!button.disabled) send();
});
look();
form.dataset.ready = "true";
