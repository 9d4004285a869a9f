/** What the page of a star needs, fetched before it is asked for: its HTML, its spectrum, its picture. */
import { api } from "../js/http.js";
import { loadImage } from "./picture.js";

const KEPT = 16;

export class StarCache {
  /** @param {(id: string) => string} address of the star's HTML */
  constructor(address) {
    this.address = address;
    this.stars = new Map();
  }

  /** @returns {Promise<{html: Document, boot: object, spectrum: object|null, image: HTMLImageElement|null}>} */
  get(id) {
    const known = this.stars.get(id);
    this.stars.delete(id);
    const found = known ?? this.fetch(id);
    this.stars.set(id, found);
    if (this.stars.size > KEPT) this.stars.delete(this.stars.keys().next().value);
    found.catch(() => this.stars.delete(id)); // the next wish asks again
    return found;
  }

  /** Ask again next time: something about the star was changed. */
  forget(id) {
    this.stars.delete(id);
  }

  async fetch(id) {
    const answer = await fetch(this.address(id), { credentials: "same-origin", headers: { Accept: "text/html" } });
    if (!answer.ok) throw new Error(gettext("The star could not be loaded."));
    const html = new DOMParser().parseFromString(await answer.text(), "text/html");
    return this.complete(html, JSON.parse(html.getElementById("boot").textContent));
  }

  /** The rest of a star whose HTML is here. */
  async complete(html, boot) {
    const [spectrum, image] = await Promise.all([
      boot.spectrum ? readSpectrum(boot) : { star: null, reason: "" },
      boot.picture ? loadImage(boot.picture).catch(() => null) : null,
    ]);
    return { html, boot, spectrum, image };
  }

  /** Put in what the page came with. */
  put(boot, root) {
    const html = document.implementation.createHTMLDocument();
    html.body.append(html.importNode(root, true));
    const found = this.complete(html, boot);
    this.stars.set(boot.id, found);
    return found;
  }
}

async function readSpectrum(boot) {
  try {
    const star = await api(boot.spectrum);
    return { star: { ...star, velocity: boot.velocity }, reason: "" };
  } catch (fault) {
    return { star: null, reason: [fault.message, fault.hint].filter(Boolean).join(" ") };
  }
}
