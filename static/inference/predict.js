/** Drop, paste or choose pictures, or take some of a data set; each is answered in a card, the newest first. */
import { api } from "../js/http.js";
import { element } from "../js/icons.js";
import { bytes } from "../js/numbers.js";
import { acceptDrops, showFault } from "../js/upload-form.js";
import { answerCard } from "./answer.js";

const page = document.getElementById("predict");
const form = document.getElementById("choose");
const answers = document.getElementById("answers");
const fault = page.querySelector("[data-fault]");
const AT_ONCE = 4;
const KEPT_CARDS = 60;
const THUMBNAILS = 12;

let working = 0;
const waiting = [];

/** Only a few requests are under way at a time, whatever was dropped. */
function enqueue(work) {
  waiting.push(work);
  next();
}

async function next() {
  if (working >= AT_ONCE || !waiting.length) return;
  working += 1;
  try {
    await waiting.shift()();
  } finally {
    working -= 1;
    next();
  }
}

function place(source, name, ask) {
  document.getElementById("nothing-yet").hidden = true;
  const shown = answerCard(source, name);
  answers.prepend(shown.card);
  while (answers.children.length > KEPT_CARDS) answers.lastElementChild.remove();
  const work = async () => {
    try {
      shown.show(await ask());
    } catch (error) {
      shown.fail(error, () => enqueue(work));
    }
  };
  enqueue(work);
}

function predictFile(file) {
  const most = Number(page.dataset.max);
  if (file.size > most) {
    const message = interpolate(gettext("%s has %s; at most %s are taken."), [file.name, bytes(file.size), bytes(most)]);
    showFault(fault, { message, hint: gettext("Scale it down: the network sees it at its own size anyway.") });
    return;
  }
  const address = URL.createObjectURL(file); // the browser turns it upright as EXIF says, as the server does
  const chosen = { weight: form.elements.weight.value, top_k: form.elements.top_k.value || 5 };
  const keep = form.elements.keep.checked;
  place(address, file.name || gettext("pasted image"), () => {
    const body = new FormData();
    for (const [key, value] of Object.entries(chosen)) body.append(key, value);
    body.append("keep", keep);
    body.append("image", file);
    return api(page.dataset.url, { method: "POST", body });
  });
}

function predictImage(id, name, thumbnail) {
  const body = {
    weight: form.elements.weight.value,
    top_k: Number(form.elements.top_k.value) || 5,
    keep: form.elements.keep.checked,
    image_id: id,
  };
  place(`${thumbnail.split("?")[0]}?size=1280`, name, () => api(page.dataset.urlJson, { method: "POST", body }));
}

function take(files) {
  fault.hidden = true;
  for (const file of [...files].reverse()) predictFile(file);
}

async function showDataset(select, following) {
  const grid = document.getElementById("dataset-images");
  const more = document.getElementById("more-images");
  const { value } = select;
  grid.replaceChildren();
  more.hidden = true;
  if (!value) return;
  const { version } = select.selectedOptions[0].dataset;
  const first = `/api/v1/datasets/${value}/images?version=${version}&page_size=${THUMBNAILS}`;
  const list = await api(following || first);
  if (select.value !== value) return;
  for (const image of list.results) {
    const name = image.path.split("/").pop();
    const button = element("button", { type: "button", class: "thumb", title: image.path },
      element("img", { src: image.thumbnail, width: 120, height: 120, loading: "lazy", alt: name }),
      element("span", { class: "thumb-caption" }, image.class_name ?? name));
    button.addEventListener("click", () => predictImage(image.id, image.path, image.thumbnail));
    grid.append(button);
  }
  more.hidden = !list.next && !following;
  more.dataset.next = list.next ?? ""; // after the last page the first one follows
}

function startDatasets() {
  const select = document.getElementById("from-dataset");
  if (!select) return;
  const show = (following) => showDataset(select, following).catch((error) => showFault(fault, error));
  select.addEventListener("change", () => show(""));
  document.getElementById("more-images").addEventListener("click", (event) => show(event.currentTarget.dataset.next));
}

const input = form.querySelector("input[type=file]");
input.addEventListener("change", () => {
  take(input.files);
  input.value = "";
});
acceptDrops(form.querySelector("[data-dropzone]"), take);
document.addEventListener("paste", (event) => {
  const files = [...(event.clipboardData?.files ?? [])].filter((file) => file.type.startsWith("image/"));
  if (files.length) take(files);
});
form.addEventListener("submit", (event) => event.preventDefault());
form.elements.weight.addEventListener("change", () => {
  const address = new URL(location.href);
  address.searchParams.set("weight", form.elements.weight.value);
  history.replaceState(null, "", address);
});
startDatasets();
if (page.dataset.image) predictImage(page.dataset.image, page.dataset.imageName, page.dataset.imageThumbnail);
