/** The editor as a whole: joins document, drawing and panels, and offers what more than one of them needs. */

import { toast } from "../../js/toast.js";
import { Actions } from "./actions.js";
import { Analysis } from "./analysis.js";
import { Canvas } from "./canvas.js";
import { Catalogue } from "./catalogue.js";
import { ConnectMode } from "./connect.js";
import { checkDocument } from "./files.js";
import { finite } from "./geometry.js";
import { Gestures } from "./gestures.js";
import { History } from "./history.js";
import { layered } from "./layout.js";
import { Selection } from "./selection.js";
import { edgeKey, Store } from "./store.js";
import { fill } from "./text.js";

const CLIP = "cvstudio.graph-piece/1";
const PASTE_STEP = 32;

export class Editor {
  constructor({ graph, view, operators, urls, description }, elements) {
    this.elements = elements;
    this.description = description;
    this.catalogue = new Catalogue(operators);
    this.store = new Store(graph, placesOf(graph, view));
    this.history = new History(this.store);
    this.selection = new Selection();
    this.analysis = new Analysis(this.store, urls.analyze);
    this.actions = new Actions(this.store, this.history, this.catalogue);
    this.canvas = new Canvas(this, elements.frame, view?.viewport);
    this.gestures = new Gestures(this);
    this.connectMode = new ConnectMode(this);
    this.store.addEventListener("change", () => this.selection.keep(this.store));
    this.pasted = 0;
    this.canvas.flush();
    if (!this.canvas.viewport.known) this.canvas.viewport.open(this.canvas.bounds());
  }

  // --- what is said and shown ---------------------------------------------------------------

  announce(text) {
    this.status.announce(text);
  }

  toast(text, tone = "ok") {
    toast(text, { tone });
  }

  /** A few words beside the pointer; empty takes them away. */
  hint(text, clientX = 0, clientY = 0) {
    const { hint } = this.elements;
    hint.hidden = !text;
    hint.textContent = text;
    hint.style.translate = `${clientX + 14}px ${clientY + 18}px`;
  }

  /** Choose a node and bring it into sight. */
  focusNode(id, { panel = true } = {}) {
    if (!this.store.nodes.has(id)) return;
    this.showTab("canvas");
    this.selection.set([id]);
    this.canvas.flush();
    this.canvas.reveal(id);
    if (panel) this.showPanel("node");
    this.canvas.frame.focus({ preventScroll: true });
    this.announce(this.canvas.nodes.elementOf(id)?.getAttribute("aria-label") ?? id);
  }

  /** Light up nodes while their line of code is pointed at. */
  point(ids) {
    for (const id of this.pointed ?? []) this.canvas.nodes.flash(id, false);
    this.pointed = ids;
    for (const id of ids) this.canvas.nodes.flash(id, true);
  }

  get canvasShown() {
    return this.elements.frame.getClientRects().length > 0;
  }

  // --- what keys and buttons do ---------------------------------------------------------------

  undo() {
    const label = this.history.undo();
    if (label) this.announce(fill(gettext("Undone: %(label)s"), { label }));
    this.canvas.settle();
  }

  redo() {
    const label = this.history.redo();
    if (label) this.announce(fill(gettext("Done again: %(label)s"), { label }));
    this.canvas.settle();
  }

  removeChosen({ heal = false } = {}) {
    const { selection } = this;
    if (selection.edge) this.actions.disconnect([selection.edge]);
    else if (selection.nodes.size) this.actions.remove(selection.nodes, { heal });
  }

  disconnect(edge) {
    this.actions.disconnect([edgeKey(edge)]);
  }

  align(rule) {
    this.actions.align(this.selection.nodes, rule);
    this.canvas.settle();
  }

  arrange() {
    this.actions.arrange();
    this.canvas.settle();
    this.canvas.flush();
    this.canvas.viewport.open(this.canvas.bounds());
  }

  duplicate() {
    const box = this.canvas.bounds(this.selection.nodes);
    if (!box) return;
    // Beside the originals, so that nothing lies on anything.
    const offset = { x: box.right - box.left + PASTE_STEP, y: 0 };
    this.selection.set(this.actions.paste(this.actions.copy(this.selection.nodes), offset));
    this.canvas.flush();
    this.canvas.reveal(this.selection.primary);
  }

  /** The chosen nodes as text: valid for paste here, in another architecture, or in a text editor. */
  copyText() {
    this.pasted = 0;
    return JSON.stringify({ format: CLIP, ...this.actions.copy(this.selection.nodes) }, null, 2);
  }

  /** Take nodes from the clipboard. Returns whether the text was ours. */
  paste(text) {
    const piece = readPiece(text);
    if (!piece) return false;
    this.pasted += 1;
    const shift = this.pasted * PASTE_STEP;
    const ids = this.actions.paste(piece, { x: shift, y: shift });
    this.selection.set(ids);
    this.canvas.flush();
    if (ids.length) this.canvas.reveal(ids[0]);
    return true;
  }

  /** Put a whole document on the canvas, as an entry that can be undone. */
  load(graph, label) {
    this.selection.clear();
    this.actions.replace(graph, label);
    this.canvas.flush();
    this.canvas.viewport.open(this.canvas.bounds());
  }
}

/** Places from the saved view; what is missing or damaged there is laid out anew. */
function placesOf(graph, view) {
  const saved = view?.places ?? {};
  const places = {};
  const missing = [];
  for (const { id } of graph.nodes) {
    const [x, y] = Array.isArray(saved[id]) ? saved[id] : [];
    if (Number.isFinite(x) && Number.isFinite(y)) places[id] = { x: finite(x, 0), y: finite(y, 0) };
    else missing.push(id);
  }
  if (!missing.length) return places;
  const fresh = layered(
    graph.nodes.map((node) => node.id),
    graph.edges,
  );
  // One node without a place among many: everything else stays where the person put it.
  const wanted = missing.length * 2 > graph.nodes.length ? graph.nodes.map((node) => node.id) : missing;
  for (const id of wanted) places[id] = fresh.get(id) ?? { x: 0, y: 0 };
  return places;
}

function readPiece(text) {
  if (!text.includes(CLIP)) return null;
  try {
    const piece = JSON.parse(text);
    const checked = checkDocument(JSON.stringify({ ...piece, format: "cvstudio.graph/1" }));
    return piece.format === CLIP ? { ...checked, places: goodPlaces(piece.places) } : null;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return null;
    throw error;
  }
}

function goodPlaces(raw) {
  const places = {};
  for (const [id, place] of Object.entries(raw ?? {})) places[id] = { x: finite(place?.x, 0), y: finite(place?.y, 0) };
  return places;
}
