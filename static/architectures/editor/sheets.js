/** At phone width the palette and the panel are sheets that come up from below, one at a time. */

const NARROW = matchMedia("(max-width: 59.99rem)");

export class Sheets {
  constructor(root, sheets) {
    this.root = root;
    this.sheets = sheets;
    for (const button of root.querySelectorAll("[data-sheet]")) {
      button.addEventListener("click", () => this.toggle(button.dataset.sheet));
    }
    for (const button of root.querySelectorAll("[data-sheet-close]")) button.addEventListener("click", () => this.close());
    NARROW.addEventListener("change", () => this.close());
    root.addEventListener("keydown", (event) => event.key === "Escape" && this.shown && this.close());
  }

  get shown() {
    return Object.keys(this.sheets).find((name) => this.sheets[name].classList.contains("is-open")) ?? null;
  }

  open(name) {
    if (!NARROW.matches) return;
    for (const [other, sheet] of Object.entries(this.sheets)) sheet.classList.toggle("is-open", other === name);
    this.#mark();
  }

  close() {
    for (const sheet of Object.values(this.sheets)) sheet.classList.remove("is-open");
    this.#mark();
  }

  toggle(name) {
    if (this.shown === name) this.close();
    else this.open(name);
  }

  #mark() {
    for (const button of this.root.querySelectorAll("[data-sheet]")) {
      button.setAttribute("aria-expanded", String(this.shown === button.dataset.sheet));
    }
  }
}
