/** A star's composite: pixels as they are, a scale bar, where north and east lie, and which parts decided. */

const BAR_SHARE = 0.28;
const NICE = [1, 2, 5, 10, 15, 20, 30, 60];
const PAD = 12;

export class Picture {
  /** @param {HTMLElement} root a [data-picture] card */
  constructor(root) {
    this.root = root;
    this.canvas = root.querySelector("canvas");
    Object.assign(this, { image: null, facts: {}, decided: null, showDecided: true, wanted: "" });
    new ResizeObserver(() => this.draw()).observe(this.canvas);
  }

  /**
   * @param {{url: string, pixelScale?: number|null, oriented?: boolean, ready?: HTMLImageElement} | null} star
   * @param {string} reason why there is none
   */
  async show(star, reason = "") {
    const none = this.root.querySelector("[data-picture-none]");
    none.hidden = Boolean(star);
    none.textContent = reason || gettext("There is no image.");
    Object.assign(this, { image: null, facts: star ?? {}, decided: null, wanted: star?.url ?? "" });
    this.words();
    if (!star) {
      this.draw();
      return;
    }
    const image = star.ready ?? (await loadImage(star.url).catch(() => null));
    if (this.wanted !== star.url) return; // another star came meanwhile
    this.image = image;
    none.hidden = Boolean(image);
    if (!image) none.textContent = gettext("The image could not be loaded.");
    this.words();
    this.draw();
  }

  /** @param {{rows: number, columns: number, values: number[][]} | null} decided from -1 to 1 */
  setDecided(decided, shown = true) {
    this.decided = decided;
    this.showDecided = shown;
    this.draw();
  }

  words() {
    const { pixelScale, oriented } = this.facts;
    const side = this.image?.naturalWidth;
    const parts = [];
    if (oriented) parts.push(gettext("i, r, g as red, green, blue; north is up, east is left."));
    else if (side) parts.push(gettext("Where north lies is not known."));
    if (side && pixelScale) parts.push(interpolate(gettext("%(side)s″ across, %(scale)s″ per pixel."), { side: (side * pixelScale).toFixed(0), scale: pixelScale }, true));
    else if (side) parts.push(gettext("The pixel scale is not known."));
    this.root.querySelector("[data-picture-summary]").textContent = parts.join(" ");
  }

  draw() {
    const { canvas } = this;
    const side = canvas.clientWidth;
    if (!side) return;
    const ratio = devicePixelRatio || 1;
    const wide = Math.round(side * ratio);
    if (canvas.width !== wide) Object.assign(canvas, { width: wide, height: wide });
    const pen = canvas.getContext("2d");
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, side, side);
    if (!this.image) return;
    pen.imageSmoothingEnabled = side / this.image.naturalWidth < 1.5;
    pen.drawImage(this.image, 0, 0, side, side);
    if (this.decided && this.showDecided) this.drawDecided(pen, side);
    this.drawBar(pen, side);
    if (this.facts.oriented) drawCompass(pen, side);
  }

  drawDecided(pen, side) {
    const { rows, columns, values } = this.decided;
    const read = getComputedStyle(document.documentElement);
    const colours = [read.getPropertyValue("--series-3").trim(), read.getPropertyValue("--series-2").trim()];
    const [wide, high] = [side / columns, side / rows];
    values.forEach((row, y) => row.forEach((value, x) => {
      pen.fillStyle = colours[value > 0 ? 0 : 1];
      pen.globalAlpha = 0.55 * Math.min(1, Math.abs(value));
      pen.fillRect(x * wide, y * high, wide, high);
    }));
    pen.globalAlpha = 1;
  }

  drawBar(pen, side) {
    const { pixelScale } = this.facts;
    if (!pixelScale) return;
    const arcsec = this.image.naturalWidth * pixelScale;
    const length = [...NICE].reverse().find((one) => one <= arcsec * BAR_SHARE) ?? NICE[0];
    const pixels = (length / arcsec) * side;
    outlined(pen, () => {
      pen.moveTo(PAD, side - PAD);
      pen.lineTo(PAD + pixels, side - PAD);
    });
    label(pen, `${length}″`, PAD + pixels / 2, side - PAD - 5, "center", "bottom");
  }
}

/** North up, east left: how the composites are made. */
function drawCompass(pen, side) {
  const [x, y, arm] = [side - PAD, side - PAD, 26];
  outlined(pen, () => {
    pen.moveTo(x, y - arm);
    pen.lineTo(x, y);
    pen.lineTo(x - arm, y);
  });
  label(pen, "N", x, y - arm - 3, "right", "bottom");
  label(pen, "E", x - arm - 4, y + 1, "right", "middle");
}

/** White on a dark edge: seen on any sky. */
function outlined(pen, path) {
  for (const [colour, width] of [["rgb(0 0 0 / 75%)", 4], ["white", 2]]) {
    pen.strokeStyle = colour;
    pen.lineWidth = width;
    pen.lineCap = "square";
    pen.beginPath();
    path();
    pen.stroke();
  }
}

function label(pen, text, x, y, align, baseline) {
  pen.font = `600 12px ${getComputedStyle(document.body).fontFamily}`;
  pen.textAlign = align;
  pen.textBaseline = baseline;
  pen.lineWidth = 3;
  pen.strokeStyle = "rgb(0 0 0 / 75%)";
  pen.lineJoin = "round";
  pen.strokeText(text, x, y);
  pen.fillStyle = "white";
  pen.fillText(text, x, y);
}

/** @param {string} url @returns {Promise<HTMLImageElement>} decoded, so that drawing it costs nothing */
export async function loadImage(url) {
  const image = new Image();
  image.src = url;
  await image.decode();
  return image;
}
