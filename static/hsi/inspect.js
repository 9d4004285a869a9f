/** The preview of a draft follows what is chosen: cube, order of the axes, mask. */
import { ApiError } from "../js/http.js";
import { element } from "../js/icons.js";
import { showFault } from "../js/upload-form.js";

const root = document.querySelector("[data-inspect]");
const form = document.getElementById("confirm");
const place = root.querySelector("[data-preview-place]");
const WAIT_MS = 120;
let timer = 0;
let newest = 0;
let shown = "";

const checked = (name) => form.querySelector(`input[name=${name}]:checked`);

function address() {
  const query = new URLSearchParams();
  for (const name of ["cube", "mask"]) {
    const [file, key] = (checked(name)?.value ?? "").split("|");
    if (!file) continue;
    query.set(`${name}_file`, file);
    query.set(`${name}_key`, key ?? "");
  }
  query.set("axis_order", form.elements.axis_order.value);
  query.set("use_mask", String(Boolean(checked("mask")?.value)));
  return `${root.dataset.preview}?${query}`;
}

async function show() {
  const mine = (newest += 1);
  try {
    const answer = await fetch(address(), { credentials: "same-origin" });
    if (mine !== newest) return;
    if (!answer.ok) throw new ApiError(answer.status, await answer.json().catch(() => ({})));
    const picture = element("img", { alt: gettext("Preview of the scene"), class: "inspect-picture" });
    if (shown) URL.revokeObjectURL(shown);
    shown = URL.createObjectURL(await answer.blob());
    picture.src = shown;
    await picture.decode();
    root.querySelector("[data-preview-size]").textContent = `${picture.naturalHeight} × ${picture.naturalWidth}`;
    place.replaceChildren(picture);
  } catch (fault) {
    if (mine === newest) showFault(place, fault);
  }
}

function later() {
  clearTimeout(timer);
  timer = setTimeout(show, WAIT_MS);
}

if (form.elements.cube) {
  form.addEventListener("change", (event) => {
    if (event.target.name === "cube" && event.target.dataset.order) form.elements.axis_order.value = event.target.dataset.order;
    if (["cube", "mask", "axis_order"].includes(event.target.name)) later();
  });
  show();
}
