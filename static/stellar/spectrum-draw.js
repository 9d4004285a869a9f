/** Draws a spectrum on a canvas: nothing but what it is given, so that the page and a saved picture look alike. */
import { placeLabels, ticksOf, tickText } from "./spectrum-axes.js";

const LABEL_ROW = 15;
const BOTTOM = 42;
const GAP = 10;
const RESIDUAL_SHARE = 0.24;
const FONT = 12;
const MARKS = { line: "--series-1", band: "--series-3", telluric: "--series-8", own: "--series-6" };

/** The colours of the page as it is now. */
export function inks() {
  const style = getComputedStyle(document.documentElement);
  const read = (name) => style.getPropertyValue(name).trim();
  return { read, font: getComputedStyle(document.body).fontFamily };
}

/** Where the panels lie. */
export function panelsOf({ width, height, labelRows, hasResidual }) {
  const left = width < 560 ? 50 : 64;
  const top = 6 + labelRows * LABEL_ROW;
  const inner = height - top - BOTTOM;
  const small = hasResidual ? Math.round(inner * RESIDUAL_SHARE) : 0;
  const main = { left, right: width - 10, top, bottom: top + inner - (small ? small + GAP : 0) };
  return { main, residual: small ? { ...main, top: main.bottom + GAP, bottom: main.bottom + GAP + small } : null };
}

const across = (panel, [low, high]) => (value) => panel.left + ((value - low) / (high - low)) * (panel.right - panel.left);
const upward = (panel, [low, high]) => (value) => panel.bottom - ((value - low) / (high - low)) * (panel.bottom - panel.top);

/** @param {CanvasRenderingContext2D} pen @param {object} scene see SpectrumView.scene */
export function drawSpectrum(pen, scene) {
  const { read, font } = inks();
  const { width, height, panels, ranges } = scene;
  pen.clearRect(0, 0, width, height);
  if (scene.ground) {
    pen.fillStyle = read("--surface");
    pen.fillRect(0, 0, width, height);
  }
  pen.font = `${FONT}px ${font}`;
  pen.lineJoin = "round";
  const toX = across(panels.main, ranges.x);
  frame(pen, scene, read);
  for (const [panel, draw] of [[panels.main, drawMain], [panels.residual, drawResidual]]) {
    if (!panel) continue;
    pen.save();
    pen.beginPath();
    pen.rect(panel.left, panel.top, panel.right - panel.left, panel.bottom - panel.top);
    pen.clip();
    draw(pen, scene, read, toX, panel);
    pen.restore();
  }
  drawLabels(pen, scene, read, toX);
  if (scene.cursor) drawCursor(pen, scene, read, toX);
  if (scene.brush) drawBrush(pen, scene, read);
}

/** Grid, ticks and titles of both panels. */
function frame(pen, { panels, ranges, titles, width }, read) {
  const xTicks = ticksOf(ranges.x, Math.max(2, Math.floor((panels.main.right - panels.main.left) / 90)));
  const low = panels.residual ?? panels.main;
  const toX = across(panels.main, ranges.x);
  for (const [panel, range, rows] of [[panels.main, ranges.y, 5], [panels.residual, ranges.residual, 3]]) {
    if (!panel) continue;
    const toY = upward(panel, range);
    pen.lineWidth = 1;
    pen.strokeStyle = read("--line");
    pen.beginPath();
    for (const value of xTicks.values) line(pen, toX(value), panel.top, toX(value), panel.bottom);
    const yTicks = ticksOf(range, rows);
    for (const value of yTicks.values) line(pen, panel.left, toY(value), panel.right, toY(value));
    pen.stroke();
    pen.strokeStyle = read("--line-strong");
    pen.strokeRect(panel.left + 0.5, Math.round(panel.top) + 0.5, panel.right - panel.left - 1, Math.round(panel.bottom - panel.top) - 1);
    pen.fillStyle = read("--ink-3");
    pen.textAlign = "right";
    pen.textBaseline = "middle";
    for (const value of yTicks.values) pen.fillText(tickText(value, yTicks.digits), panel.left - 6, toY(value));
    upright(pen, panel === panels.main ? titles.y : titles.residual, 12, (panel.top + panel.bottom) / 2, panel.bottom - panel.top);
  }
  pen.textAlign = "center";
  pen.textBaseline = "top";
  for (const value of xTicks.values) {
    if (toX(value) < width - 18) pen.fillText(tickText(value, xTicks.digits), toX(value), low.bottom + 6);
  }
  pen.fillText(titles.x, (panels.main.left + panels.main.right) / 2, low.bottom + 24, panels.main.right);
}

function line(pen, x0, y0, x1, y1) {
  pen.moveTo(Math.round(x0) + 0.5, Math.round(y0) + 0.5);
  pen.lineTo(Math.round(x1) + 0.5, Math.round(y1) + 0.5);
}

function upright(pen, text, x, y, room) {
  if (!text || room < 40) return;
  pen.save();
  pen.translate(x, y);
  pen.rotate(-Math.PI / 2);
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.fillText(text, 0, 0, room);
  pen.restore();
}

function drawMain(pen, scene, read, toX, panel) {
  const toY = upward(panel, scene.ranges.y);
  drawDecided(pen, scene, read, toX, panel);
  drawMarks(pen, scene, read, toX, panel);
  if (scene.band) drawBand(pen, scene, read, toX, toY);
  if (scene.smoothed) strokeLine(pen, scene, scene.raw, toX, toY, read("--series-8"), 0.75, 0.35);
  strokeLine(pen, scene, scene.flux, toX, toY, read("--series-1"), scene.smoothed ? 1.5 : 1, 1);
  if (scene.mean) strokeLine(pen, scene, scene.mean.values, toX, toY, read("--series-2"), 1.5, 0.85);
}

function drawResidual(pen, scene, read, toX, panel) {
  const toY = upward(panel, scene.ranges.residual);
  drawMarks(pen, scene, read, toX, panel);
  pen.fillStyle = read("--series-8");
  pen.globalAlpha = 0.14;
  pen.fillRect(panel.left, toY(1), panel.right - panel.left, toY(-1) - toY(1));
  pen.globalAlpha = 1;
  pen.strokeStyle = read("--line-strong");
  pen.beginPath();
  line(pen, panel.left, toY(0), panel.right, toY(0));
  pen.stroke();
  strokeLine(pen, scene, scene.residual, toX, toY, read("--series-2"), 1, 0.9);
}

/** Which wavelengths decided, as columns behind the line: the stronger, the deeper. */
function drawDecided(pen, { decided }, read, toX, panel) {
  if (!decided) return;
  decided.forEach(({ start, end, value }) => {
    pen.fillStyle = read(value > 0 ? "--series-3" : "--series-2");
    pen.globalAlpha = 0.34 * Math.min(1, Math.abs(value));
    pen.fillRect(toX(start), panel.top, Math.max(1, toX(end) - toX(start)), panel.bottom - panel.top);
  });
  pen.globalAlpha = 1;
}

/** Tints of bands make room for those of what decided. */
function drawMarks(pen, { features, ranges, decided }, read, toX, panel) {
  for (const one of features) {
    if (one.end < ranges.x[0] || one.start > ranges.x[1]) continue;
    const colour = read(MARKS[one.kind]);
    if (one.end > one.start) {
      if (decided) continue;
      pen.globalAlpha = 0.1;
      pen.fillStyle = colour;
      pen.fillRect(toX(one.start), panel.top, Math.max(1, toX(one.end) - toX(one.start)), panel.bottom - panel.top);
    } else {
      pen.globalAlpha = 0.55;
      pen.strokeStyle = colour;
      pen.setLineDash([3, 3]);
      pen.beginPath();
      line(pen, toX(one.start), panel.top, toX(one.start), panel.bottom);
      pen.stroke();
      pen.setLineDash([]);
    }
  }
  pen.globalAlpha = 1;
}

function drawBand(pen, { x, flux, error, from, to }, read, toX, toY) {
  pen.fillStyle = read("--series-1");
  pen.globalAlpha = 0.16;
  for (let at = from; at < to; ) {
    if (!Number.isFinite(flux[at])) {
      at += 1;
      continue;
    }
    let end = at;
    pen.beginPath();
    for (; end < to && Number.isFinite(flux[end]); end += 1) pen.lineTo(toX(x[end]), toY(flux[end] + error[end]));
    for (let back = end - 1; back >= at; back -= 1) pen.lineTo(toX(x[back]), toY(flux[back] - error[back]));
    pen.fill();
    at = end;
  }
  pen.globalAlpha = 1;
}

/** A line with a gap wherever nothing was measured. */
function strokeLine(pen, { x, from, to }, values, toX, toY, colour, lineWidth, alpha) {
  pen.strokeStyle = colour;
  pen.lineWidth = lineWidth;
  pen.globalAlpha = alpha;
  pen.beginPath();
  let drawing = false;
  for (let at = from; at < to; at += 1) {
    const value = values[at];
    if (!Number.isFinite(value)) drawing = false;
    else if (drawing) pen.lineTo(toX(x[at]), toY(value));
    else {
      pen.moveTo(toX(x[at]), toY(value));
      drawing = true;
    }
  }
  pen.stroke();
  pen.globalAlpha = 1;
}

function drawLabels(pen, { features, ranges, panels, labelRows }, read, toX) {
  const inside = features.filter((one) => (one.start + one.end) / 2 >= ranges.x[0] && (one.start + one.end) / 2 <= ranges.x[1]);
  const sizes = inside.map((one) => ({ left: toX((one.start + one.end) / 2), width: pen.measureText(one.name).width }));
  const { main } = panels;
  placeLabels(sizes, labelRows, [main.left, main.right]).forEach((place, at) => {
    if (!place) return;
    pen.fillStyle = read(MARKS[inside[at].kind]);
    pen.textAlign = "left";
    pen.textBaseline = "bottom";
    pen.fillText(inside[at].name, place.left, main.top - 2 - place.row * LABEL_ROW);
  });
}

function drawCursor(pen, { cursor, panels, flux, ranges, x }, read, toX) {
  pen.strokeStyle = read("--ink-3");
  pen.lineWidth = 1;
  for (const panel of [panels.main, panels.residual]) {
    if (!panel) continue;
    pen.beginPath();
    line(pen, toX(x[cursor.at]), panel.top, toX(x[cursor.at]), panel.bottom);
    pen.stroke();
  }
  const y = upward(panels.main, ranges.y)(flux[cursor.at]);
  if (!Number.isFinite(y) || y < panels.main.top || y > panels.main.bottom) return;
  pen.fillStyle = read("--series-1");
  pen.beginPath();
  pen.arc(toX(x[cursor.at]), y, 3.5, 0, 2 * Math.PI);
  pen.fill();
}

function drawBrush(pen, { brush, panels, isTall }, read) {
  const { main, residual } = panels;
  const [left, right] = [Math.min(brush.x0, brush.x1), Math.max(brush.x0, brush.x1)];
  const [top, bottom] = isTall ? [Math.min(brush.y0, brush.y1), Math.max(brush.y0, brush.y1)] : [main.top, (residual ?? main).bottom];
  pen.fillStyle = read("--accent");
  pen.globalAlpha = 0.14;
  pen.fillRect(left, top, right - left, bottom - top);
  pen.globalAlpha = 1;
  pen.strokeStyle = read("--accent");
  pen.strokeRect(left + 0.5, top + 0.5, right - left - 1, bottom - top - 1);
}
