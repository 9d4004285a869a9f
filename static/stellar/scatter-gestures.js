/** What hands do on a scatter: wheel, drag, pinch, lasso, box, click, keys, and the buttons beside it. */

const CLICK_SLACK = 4;
const WHEEL_STEP = 0.0015;
const KEY_ZOOM = 1.4;
const LASSO_STEP = 3;

/** @param {import("./scatter.js").Scatter} scatter */
export function scatterGestures(scatter) {
  const { canvas, root } = scatter;
  const held = new Map();
  let begin = null;
  let moved = false;

  const place = (event) => {
    const box = canvas.getBoundingClientRect();
    return { left: event.clientX - box.left, top: event.clientY - box.top };
  };
  const isDrawing = () => scatter.mode !== "move" && held.size === 1;

  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    const { left, top } = place(event);
    scatter.zoomAt(left, top, Math.exp(-event.deltaY * (event.deltaMode ? 30 : 1) * WHEEL_STEP));
  }, { passive: false });

  canvas.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    canvas.setPointerCapture(event.pointerId);
    begin = place(event);
    held.set(event.pointerId, begin);
    moved = held.size > 1;
    scatter.polygon = isDrawing() ? [[begin.left, begin.top]] : null;
  });

  canvas.addEventListener("pointermove", (event) => {
    const now = place(event);
    const before = held.get(event.pointerId);
    if (!before) {
      scatter.setCursor(scatter.nearest(now.left, now.top));
      return;
    }
    moved ||= Math.hypot(now.left - begin.left, now.top - begin.top) > CLICK_SLACK;
    if (!moved) return;
    if (held.size === 2) pinch(scatter, held, event.pointerId, now);
    else if (isDrawing() && scatter.polygon) extend(scatter, begin, now);
    else scatter.pan(now.left - before.left, now.top - before.top);
    held.set(event.pointerId, now);
  });

  const release = (event) => {
    const was = held.delete(event.pointerId);
    const { polygon } = scatter;
    scatter.polygon = null;
    scatter.later();
    if (!was || event.type === "pointercancel") return;
    if (moved) {
      if (polygon && polygon.length > 2) scatter.tell("area", { polygon, adds: event.shiftKey });
      return;
    }
    const { left, top } = place(event);
    const index = scatter.nearest(left, top);
    scatter.setCursor(index);
    if (index >= 0) scatter.tell("pick", index);
  };
  canvas.addEventListener("pointerup", release);
  canvas.addEventListener("pointercancel", release);
  canvas.addEventListener("pointerleave", (event) => {
    if (event.pointerType === "mouse" && !held.size && document.activeElement !== canvas) scatter.setCursor(-1);
  });

  canvas.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const steps = { ArrowUp: [0, 1], ArrowDown: [0, -1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };
    if (steps[event.key]) scatter.step(...steps[event.key]);
    else if (event.key === "+" || event.key === "=") scatter.zoom(KEY_ZOOM);
    else if (event.key === "-") scatter.zoom(1 / KEY_ZOOM);
    else if (event.key === "0") scatter.fit();
    else if (event.key === "Enter" && scatter.cursor >= 0) scatter.tell("pick", scatter.cursor);
    else return;
    event.preventDefault();
  });

  const buttons = { in: () => scatter.zoom(KEY_ZOOM), out: () => scatter.zoom(1 / KEY_ZOOM), fit: () => scatter.fit() };
  for (const button of root.querySelectorAll("[data-zoom]")) button.addEventListener("click", buttons[button.dataset.zoom]);
}

function extend(scatter, begin, now) {
  if (scatter.mode === "box") {
    scatter.polygon = [[begin.left, begin.top], [now.left, begin.top], [now.left, now.top], [begin.left, now.top]];
  } else {
    const [left, top] = scatter.polygon[scatter.polygon.length - 1];
    if (Math.hypot(now.left - left, now.top - top) >= LASSO_STEP) scatter.polygon.push([now.left, now.top]);
  }
  scatter.later();
}

function pinch(scatter, held, id, now) {
  const other = [...held].find(([key]) => key !== id)[1];
  const before = held.get(id);
  const apart = (one) => Math.hypot(one.left - other.left, one.top - other.top);
  scatter.polygon = null;
  scatter.pan((now.left - before.left) / 2, (now.top - before.top) / 2);
  const middle = { left: (now.left + other.left) / 2, top: (now.top + other.top) / 2 };
  scatter.zoomAt(middle.left, middle.top, apart(now) / Math.max(1, apart(before)));
}
