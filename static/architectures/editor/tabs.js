/** Tabs after the ARIA pattern: arrow keys move among them, one panel is shown. */

export class Tabs extends EventTarget {
  /** @param {HTMLElement} strip holds `[role=tab][data-tab]` @param {Record<string, HTMLElement>} panels by tab */
  constructor(strip, panels) {
    super();
    this.strip = strip;
    this.panels = panels;
    this.tabs = [...strip.querySelectorAll("[data-tab]")];
    this.shown = this.tabs.find((tab) => tab.getAttribute("aria-selected") === "true")?.dataset.tab;
    strip.addEventListener("click", (event) => {
      const tab = event.target.closest("[data-tab]");
      if (tab) this.show(tab.dataset.tab);
    });
    strip.addEventListener("keydown", (event) => this.#key(event));
    this.#draw();
  }

  show(name) {
    if (name === this.shown) return;
    this.shown = name;
    this.#draw();
    this.dispatchEvent(new CustomEvent("change", { detail: name }));
  }

  #draw() {
    for (const tab of this.tabs) {
      const on = tab.dataset.tab === this.shown;
      tab.setAttribute("aria-selected", String(on));
      tab.tabIndex = on ? 0 : -1;
    }
    for (const [name, panel] of Object.entries(this.panels)) panel.hidden = name !== this.shown;
  }

  #key(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const now = this.tabs.findIndex((tab) => tab.dataset.tab === this.shown);
    const next = this.tabs[(now + step + this.tabs.length) % this.tabs.length];
    this.show(next.dataset.tab);
    next.focus();
  }
}
