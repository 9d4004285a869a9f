/** What hands do on a raster: wheel, drag, pinch, click, keys, and the buttons beside it. */

const CLICK_SLACK = 4;
const WHEEL_STEP = 0.0015;
const KEY_ZOOM = 1.4;
const FAR = 10;

/** @param {import("./raster.js").Raster} raster */
export function gesturesOn(raster) {
  const { canvas, root } = raster;
  const held = new Map();
  let moved = false;

  const place = (event) => {
    const box = canvas.getBoundingClientRect();
    return { left: event.clientX - box.left, top: event.clientY - box.top };
  };

  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    const { left, top } = place(event);
    raster.zoomAt(left, top, Math.exp(-event.deltaY * (event.deltaMode ? 30 : 1) * WHEEL_STEP));
  }, { passive: false });

  canvas.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    canvas.setPointerCapture(event.pointerId);
    held.set(event.pointerId, place(event));
    moved = held.size > 1;
  });

  canvas.addEventListener("pointermove", (event) => {
    const now = place(event);
    const before = held.get(event.pointerId);
    if (!before) {
      raster.pointAt(raster.pixelAt(now.left, now.top));
      return;
    }
    if (held.size === 1) {
      moved ||= Math.hypot(now.left - before.left, now.top - before.top) > CLICK_SLACK;
      if (!moved) return;
      raster.pan(now.left - before.left, now.top - before.top);
    } else if (held.size === 2) pinch(raster, held, event.pointerId, now);
    held.set(event.pointerId, now);
  });

  const release = (event) => {
    const was = held.delete(event.pointerId);
    if (!was || moved || event.type === "pointercancel") return;
    const { left, top } = place(event);
    const pixel = raster.pixelAt(left, top);
    if (!pixel) return;
    raster.pointAt(pixel);
    raster.tell("pick", pixel);
  };
  canvas.addEventListener("pointerup", release);
  canvas.addEventListener("pointercancel", release);
  canvas.addEventListener("pointerleave", (event) => {
    if (event.pointerType === "mouse" && !held.size && document.activeElement !== canvas) raster.pointAt(null);
  });

  canvas.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const far = event.shiftKey ? FAR : 1;
    const steps = { ArrowUp: [-far, 0], ArrowDown: [far, 0], ArrowLeft: [0, -far], ArrowRight: [0, far] };
    if (steps[event.key]) raster.step(...steps[event.key]);
    else if (event.key === "+" || event.key === "=") raster.zoom(KEY_ZOOM);
    else if (event.key === "-") raster.zoom(1 / KEY_ZOOM);
    else if (event.key === "0") raster.fit();
    else if (event.key === "Enter" && raster.cursor) raster.tell("pick", raster.cursor);
    else return;
    event.preventDefault();
  });

  const buttons = { in: () => raster.zoom(KEY_ZOOM), out: () => raster.zoom(1 / KEY_ZOOM), fit: () => raster.fit() };
  for (const button of root.querySelectorAll("[data-zoom]")) button.addEventListener("click", buttons[button.dataset.zoom]);
}

function pinch(raster, held, id, now) {
  const other = [...held].find(([key]) => key !== id)[1];
  const before = held.get(id);
  const apart = (one) => Math.hypot(one.left - other.left, one.top - other.top);
  raster.pan((now.left - before.left) / 2, (now.top - before.top) / 2);
  const middle = { left: (now.left + other.left) / 2, top: (now.top + other.top) / 2 };
  raster.zoomAt(middle.left, middle.top, apart(now) / Math.max(1, apart(before)));
}
