/** Maps of where a recogniser looked, laid over images: asked for when an image comes into sight, one after another. */
import { toast } from "../js/toast.js";

const COLOUR = [255, 80, 0];
const STRONGEST = 190;

/** The grey map becomes a veil: the more an image's part counted, the less it lets through. */
async function veil(address) {
  const answer = await fetch(address, { credentials: "same-origin" });
  if (!answer.ok) {
    const { message, hint } = await answer.json().catch(() => ({}));
    throw Object.assign(new Error(message ?? gettext("The map could not be made.")), { hint });
  }
  const map = await createImageBitmap(await answer.blob());
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width: map.width, height: map.height, className: "looked" });
  const context = canvas.getContext("2d");
  context.drawImage(map, 0, 0);
  const pixels = context.getImageData(0, 0, map.width, map.height);
  for (let at = 0; at < pixels.data.length; at += 4) {
    const strength = pixels.data[at];
    pixels.data.set([...COLOUR, (strength * STRONGEST) / 255], at);
  }
  context.putImageData(pixels, 0, 0);
  return canvas;
}

class Looker {
  constructor(list) {
    this.list = list;
    this.waiting = [];
    this.isAsking = false;
    this.watch = new IntersectionObserver((entries) => {
      for (const { isIntersecting, target } of entries) {
        if (!isIntersecting) continue;
        this.watch.unobserve(target);
        this.waiting.push(target);
      }
      this.work();
    });
    for (const image of list.querySelectorAll("[data-map]")) this.watch.observe(image);
  }

  async work() {
    if (this.isAsking) return;
    this.isAsking = true;
    try {
      while (this.waiting.length) {
        const image = this.waiting.shift();
        image.after(await veil(image.dataset.map));
      }
    } catch (fault) {
      this.watch.disconnect();
      this.waiting = [];
      toast(fault.message, { tone: "failed", hint: fault.hint });
    }
    this.isAsking = false;
  }
}

/** @param {HTMLElement} list holds images with data-map @param {boolean} shown */
export function showMaps(list, shown) {
  list.toggleAttribute("data-looked", shown);
  if (shown) list.looker ??= new Looker(list);
}
