/** The export menu follows the method and the threshold; the picture is saved as it is shown. */

export class Exports {
  constructor(boot, look) {
    Object.assign(this, { boot, look, method: boot.main, threshold: NaN, weights: "" });
    this.links = [...document.querySelectorAll("[data-export]")];
    document.querySelector("[data-save-picture]")?.addEventListener("click", () => this.savePicture());
  }

  setMethod(method, mixer) {
    const isMix = !(method in this.boot.methods);
    this.method = isMix ? this.boot.main : method;
    this.weights = isMix ? Object.entries(mixer.weights).map(([name, weight]) => `${name}:${weight}`).join(",") : "";
    const title = document.querySelector("[data-export-title]");
    if (title) title.textContent = isMix ? gettext("Your own mix is saved as a picture; files hold the main method") : this.boot.methods[method].title;
    this.write();
  }

  setThreshold(threshold) {
    this.threshold = threshold;
    this.write();
  }

  write() {
    for (const link of this.links) {
      const query = new URLSearchParams({ method: this.method });
      if (Number.isFinite(this.threshold)) query.set("threshold", String(this.threshold));
      link.href = `${this.boot.api}/export/${link.dataset.export}?${query}`;
    }
  }

  savePicture() {
    this.look.raster.canvas.toBlob((blob) => {
      const url = URL.createObjectURL(blob);
      const link = document.createElement("a");
      Object.assign(link, { href: url, download: `${this.boot.scene.name}-${this.method}.png` });
      link.click();
      setTimeout(() => URL.revokeObjectURL(url), 1000);
    });
  }
}
