/** Correcting the outline of a polygon point by point: by mouse, finger and key. A part of the editor of labels. */
import { reshape } from "./label-state.js";
import { boundsOf, halfway, neighbour, pointOf, withNewPoint, withoutPoint, withPoint } from "./points.js";
import { svg } from "./shapes.js";

const POINT_PX = 4.5;
const HALF_PX = 3;
const REACH_PX = 14;

export class PointEditor {
  /** @param {import("./label-editor.js").LabelEditor} editor */
  constructor(editor) {
    Object.assign(this, { editor, isOn: false, active: null, grip: null });
  }

  /** Whether what is selected has points to be moved. */
  get fits() {
    return this.editor.shape?.kind === "polygons" && this.editor.shape.polygons.length > 0;
  }

  get works() {
    return this.isOn && this.fits;
  }

  get polygons() {
    return this.grip?.polygons ?? this.editor.shape.polygons;
  }

  toggle(isOn = !this.isOn) {
    this.isOn = isOn;
    this.active = null;
    this.editor.refresh();
  }

  /** Take a press on a point, or on the middle of an edge, which makes a point there. */
  press(target) {
    const grabbed = target.closest("[data-point], [data-half]");
    if (!this.works || !grabbed) return false;
    const [ring, index] = (grabbed.dataset.point ?? grabbed.dataset.half).split(":").map(Number);
    const { polygons } = this.editor.shape;
    this.active = { ring, index };
    this.grip = { polygons, isChanged: false };
    if (grabbed.dataset.half !== undefined) {
      this.grip = { polygons: withNewPoint(polygons, this.active, halfway(polygons, this.active)), isChanged: true };
      this.active = { ring, index: index + 1 };
    }
    this.editor.drawn();
    return true;
  }

  drag(place) {
    this.grip = { polygons: withPoint(this.grip.polygons, this.active, this.#inside(place)), isChanged: true };
    this.editor.drawn();
  }

  release() {
    const { polygons, isChanged } = this.grip;
    this.grip = null;
    if (isChanged) this.#become(polygons);
    else this.editor.drawn();
  }

  cancel() {
    this.grip = null;
    this.editor.drawn();
  }

  /** Remove the point that is chosen; says whether there was one. */
  remove() {
    if (!this.works || !this.active) return false;
    const polygons = withoutPoint(this.editor.shape.polygons, this.active);
    if (polygons) {
      this.active = neighbour(polygons, { ...this.active, index: Math.max(0, this.active.index - 1) }, 0);
      this.#become(polygons);
    }
    return true;
  }

  /** Keys while points are shown; says whether the key was one of them. */
  key(event) {
    if (!this.works) return false;
    const { polygons } = this.editor.shape;
    if (event.key === "," || event.key === ".") this.active = neighbour(polygons, this.active, event.key === "." ? 1 : -1);
    else if (event.key === "Escape") [this.isOn, this.active] = [this.active !== null, null];
    else if (!this.active) return false;
    else if (event.key.startsWith("Arrow")) this.#nudge(event);
    else if (event.key === "Enter") this.#split();
    else return false;
    this.editor.refresh();
    return true;
  }

  #nudge({ key, shiftKey }) {
    const step = Math.max(1, Math.round(this.editor.stage.unit)) * (shiftKey ? 10 : 1);
    const [x, y] = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] }[key];
    const at = pointOf(this.editor.shape.polygons, this.active);
    this.#become(withPoint(this.editor.shape.polygons, this.active, this.#inside({ x: at.x + x, y: at.y + y })));
  }

  #split() {
    const { polygons } = this.editor.shape;
    const made = withNewPoint(polygons, this.active, halfway(polygons, this.active));
    this.active = { ...this.active, index: this.active.index + 1 };
    this.#become(made);
  }

  #inside({ x, y }) {
    const { width, height } = this.editor.stage;
    return { x: Math.min(Math.max(x, 0), width), y: Math.min(Math.max(y, 0), height) };
  }

  /** Polygons without an area cannot be saved, so they do not come about. */
  #become(polygons) {
    const [left, top, right, bottom] = boundsOf(polygons);
    if (right > left && bottom > top) this.editor.become(reshape(this.editor.state, this.editor.selected, polygons));
    else this.editor.refresh();
  }

  /** The outline as it stands under the finger, its points, and the middles of its edges. */
  handles() {
    const { unit } = this.editor.stage;
    const { polygons } = this;
    const outlines = polygons.map((points) => svg("polygon", { class: "handle-outline", points: points.join(" ") }));
    const halves = polygons.flatMap((points, ring) => Array.from({ length: points.length / 2 }, (_, index) => {
      const { x, y } = halfway(polygons, { ring, index });
      return [this.#reach("data-half", ring, index, x, y, unit), svg("circle", { class: "handle handle-half", cx: x, cy: y, r: HALF_PX * unit })];
    })).flat();
    const corners = polygons.flatMap((points, ring) => Array.from({ length: points.length / 2 }, (_, index) => {
      const { x, y } = pointOf(polygons, { ring, index });
      const isActive = this.active?.ring === ring && this.active.index === index;
      return [
        this.#reach("data-point", ring, index, x, y, unit),
        svg("circle", { class: isActive ? "handle handle-active" : "handle", cx: x, cy: y, r: POINT_PX * unit }),
      ];
    })).flat();
    return [...outlines, ...(this.grip ? [] : halves), ...corners];
  }

  #reach(kind, ring, index, x, y, unit) {
    const reach = kind === "data-half" ? REACH_PX / 2 : REACH_PX;
    return svg("circle", { class: "handle-reach handle-move", [kind]: `${ring}:${index}`, cx: x, cy: y, r: reach * unit });
  }
}
