/** What hands do on a spectrum: hover, drag a range, wheel, pinch, keys. */

const SLACK = 5;
const TALL = 28;
const WHEEL = 0.0016;
const KEY_ZOOM = 1.5;
const KEY_PAN = 0.12;

/** @param {import("./spectrum-view.js").SpectrumView} view */
export function gesturesOn(view) {
  const { canvas } = view;
  const fingers = new Map();
  let brush = null;
  const place = (event) => {
    const box = canvas.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };

  canvas.addEventListener("pointerdown", (event) => {
    if (event.button || !view.isReady) return;
    const at = place(event);
    canvas.setPointerCapture(event.pointerId);
    if (event.pointerType === "mouse") brush = { x0: at.x, y0: at.y, x1: at.x, y1: at.y };
    else fingers.set(event.pointerId, at);
    canvas.focus({ preventScroll: true });
  });

  canvas.addEventListener("pointermove", (event) => {
    const now = place(event);
    if (brush) {
      Object.assign(brush, { x1: now.x, y1: now.y });
      if (Math.abs(brush.x1 - brush.x0) > SLACK) view.setBrush(brush, Math.abs(brush.y1 - brush.y0) > TALL);
    } else if (fingers.has(event.pointerId)) {
      slide(view, fingers, event.pointerId, now);
    } else view.pointAt(now.x);
  });

  const release = (event) => {
    fingers.delete(event.pointerId);
    if (!brush) return;
    const done = brush;
    brush = null;
    view.setBrush(null);
    if (event.type === "pointercancel" || Math.abs(done.x1 - done.x0) <= SLACK) return;
    view.showBox(done, Math.abs(done.y1 - done.y0) > TALL);
  };
  canvas.addEventListener("pointerup", release);
  canvas.addEventListener("pointercancel", release);
  canvas.addEventListener("pointerleave", () => {
    if (!brush && document.activeElement !== canvas) view.pointAt(null);
  });
  canvas.addEventListener("dblclick", () => view.reset());
  canvas.addEventListener("wheel", (event) => {
    if (!(event.ctrlKey || event.metaKey || document.activeElement === canvas) || !view.isReady) return;
    event.preventDefault();
    view.zoomAt(place(event).x, Math.exp(-event.deltaY * (event.deltaMode ? 30 : 1) * WHEEL));
  }, { passive: false });

  canvas.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !view.isReady) return;
    const [low, high] = view.xRange;
    const far = (high - low) * KEY_PAN;
    if (event.key === "ArrowLeft") event.shiftKey ? view.step(-1) : view.show(low - far, high - far);
    else if (event.key === "ArrowRight") event.shiftKey ? view.step(1) : view.show(low + far, high + far);
    else if (event.key === "+" || event.key === "=") view.zoom(KEY_ZOOM);
    else if (event.key === "-") view.zoom(1 / KEY_ZOOM);
    else if (event.key === "0" || event.key === "Home") view.reset();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
}

/** One finger slides, two pinch; a finger that moves up or down scrolls the page. */
function slide(view, fingers, id, now) {
  const before = fingers.get(id);
  const [low, high] = view.xRange;
  const { left, right } = view.panels.main;
  const scale = (high - low) / (right - left);
  if (fingers.size === 1) view.show(low - (now.x - before.x) * scale, high - (now.x - before.x) * scale);
  else {
    const other = [...fingers].find(([key]) => key !== id)[1];
    view.zoomAt((now.x + other.x) / 2, Math.max(8, Math.abs(now.x - other.x)) / Math.max(8, Math.abs(before.x - other.x)));
  }
  fingers.set(id, now);
  view.pointAt(now.x);
}
