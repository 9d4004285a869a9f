/** What a person can do to the graph, each as one undoable entry. Nothing here draws. */

import { alignOperations } from "./align.js";
import { COLUMN, NODE_WIDTH, ROW, snap } from "./geometry.js";
import { layered } from "./layout.js";
import { freshId, idFault } from "./names.js";
import { edgeKey } from "./store.js";
import { fill } from "./text.js";

export class Actions {
  constructor(store, history, catalogue) {
    this.store = store;
    this.history = history;
    this.catalogue = catalogue;
  }

  /** Put a new node at a place. Returns its id. */
  insert(op, place) {
    const id = freshId(this.store, op);
    this.#run(fill(gettext("Insert %(op)s"), { op }), [this.#newNode(id, op), at(id, place)]);
    return id;
  }

  /**
   * Put a new node behind another and connect it.
   *
   * When an edge is named, or the other node feeds exactly one input, the new node goes in between.
   */
  insertAfter(op, previous, edge = null) {
    const { store } = this;
    const id = freshId(store, op);
    const fresh = { id, op };
    const from = store.places.get(previous) ?? { x: 0, y: 0 };
    const operations = [this.#newNode(id, op)];
    const hasInput = this.catalogue.inputs(fresh).length > 0;
    const output = this.catalogue.outputs(store.nodes.get(previous))[0];
    const outgoing = edge ? [edge] : store.outgoing(previous);
    const between = hasInput && outgoing.length === 1 && this.catalogue.outputs(fresh).length > 0;
    if (between) {
      operations.push(...this.#makeRoom(previous, outgoing[0].target));
      operations.push(gone(outgoing[0]));
      operations.push(drawn({ ...outgoing[0], source: id, source_port: this.catalogue.outputs(fresh)[0] }));
    }
    if (hasInput && output) operations.push(drawn(this.#edge(previous, output, id, this.catalogue.inputs(fresh)[0])));
    operations.push(at(id, between ? { x: from.x, y: from.y + ROW } : this.freePlace(from.x, from.y + ROW)));
    this.#run(fill(gettext("Insert %(op)s"), { op }), operations);
    return id;
  }

  connect(source, sourcePort, target, targetPort) {
    const operations = this.store
      .incoming(target)
      .filter((edge) => edge.target_port === targetPort)
      .map(gone);
    operations.push(drawn(this.#edge(source, sourcePort, target, targetPort)));
    this.#run(gettext("Connect"), operations);
  }

  disconnect(keys) {
    const edges = [...keys].map((key) => this.store.edges.get(key)).filter(Boolean);
    this.#run(gettext("Disconnect"), edges.map(gone));
  }

  /** Delete nodes with their edges. A chain stays a chain: what fed a deleted node feeds what it fed. */
  remove(ids, { heal = false } = {}) {
    const chosen = [...ids].filter((id) => this.store.nodes.has(id));
    const operations = heal && chosen.length === 1 ? this.#heal(chosen[0]) : [];
    const keys = new Set(chosen.flatMap((id) => [...this.store.edgesAt(id)]));
    const removed = [...keys].map((key) => gone(this.store.edges.get(key)));
    const nodes = chosen.flatMap((id) => [
      { kind: "place", key: id, before: this.store.places.get(id) ?? null, after: null },
      { kind: "node", key: id, before: this.store.nodes.get(id), after: null },
    ]);
    const label = fill(ngettext("Delete %(n)s node", "Delete %(n)s nodes", chosen.length), { n: chosen.length });
    this.#run(label, [...removed, ...nodes, ...operations]);
  }

  setParam(id, name, value) {
    const before = this.store.nodes.get(id);
    const after = { ...before, params: { ...before.params, [name]: value } };
    if (value === undefined) delete after.params[name];
    const label = fill(gettext("Change %(name)s of %(id)s"), { name, id });
    this.#run(label, [{ kind: "node", key: id, before, after }], `param:${id}:${name}`);
  }

  /** Give a node another id. Returns a sentence when that is not possible. */
  rename(id, next) {
    if (next === id) return "";
    const fault = idFault(this.store, next);
    if (fault) return fault;
    const { store } = this;
    const node = store.nodes.get(id);
    const edges = [...store.edgesAt(id)].map((key) => store.edges.get(key));
    const moved = edges.map((edge) => ({
      ...edge,
      source: edge.source === id ? next : edge.source,
      target: edge.target === id ? next : edge.target,
    }));
    const place = store.places.get(id) ?? { x: 0, y: 0 };
    this.#run(fill(gettext("Rename %(id)s to %(next)s"), { id, next }), [
      ...edges.map(gone),
      { kind: "place", key: id, before: place, after: null },
      { kind: "node", key: id, before: node, after: null },
      { kind: "node", key: next, before: null, after: { ...node, id: next } },
      at(next, place),
      ...moved.map(drawn),
    ]);
    return "";
  }

  setName(name) {
    this.#run(gettext("Rename"), [{ kind: "name", key: "name", before: this.store.name, after: name }], "name");
  }

  /** Record that nodes were moved from the places in `before`. */
  moved(before) {
    const operations = [...before].map(([key, place]) => {
      const after = this.store.places.get(key);
      return { kind: "place", key, before: place, after: { ...after } };
    });
    this.#run(gettext("Move"), operations);
  }

  moveBy(ids, dx, dy) {
    const operations = [...ids].map((key) => {
      const before = this.store.places.get(key);
      return { kind: "place", key, before, after: { x: before.x + dx, y: before.y + dy } };
    });
    this.#run(gettext("Move"), operations, `move:${[...ids].join()}`);
  }

  align(ids, rule) {
    this.#run(gettext("Align"), alignOperations(this.store, ids, rule));
  }

  arrange() {
    const places = layered([...this.store.nodes.keys()], [...this.store.edges.values()]);
    const operations = [...places].map(([key, after]) => ({
      kind: "place",
      key,
      before: this.store.places.get(key) ?? null,
      after,
    }));
    this.#run(gettext("Arrange"), operations);
  }

  /** Put copies of nodes and of the edges among them into the graph. Returns the new ids. */
  paste(piece, offset = { x: GAP, y: GAP }) {
    const names = new Map();
    const taken = new Set(this.store.nodes.keys());
    const operations = [];
    for (const node of piece.nodes) {
      const id = freshId({ nodes: taken }, node.op, node.id);
      taken.add(id);
      names.set(node.id, id);
      operations.push({ kind: "node", key: id, before: null, after: { ...structuredClone(node), id } });
      const place = piece.places?.[node.id] ?? { x: 0, y: 0 };
      operations.push(at(id, { x: place.x + offset.x, y: place.y + offset.y }));
    }
    for (const edge of piece.edges) {
      const inside = { ...edge, source: names.get(edge.source), target: names.get(edge.target) };
      if (inside.source && inside.target) operations.push(drawn(inside));
    }
    const label = fill(ngettext("Paste %(n)s node", "Paste %(n)s nodes", names.size), { n: names.size });
    this.#run(label, operations);
    return [...names.values()];
  }

  /** Nodes with the edges among them, as plain data. */
  copy(ids) {
    const chosen = new Set([...ids].filter((id) => this.store.nodes.has(id)));
    const edges = [...this.store.edges.values()].filter((edge) => chosen.has(edge.source) && chosen.has(edge.target));
    const places = Object.fromEntries([...chosen].map((id) => [id, { ...this.store.places.get(id) }]));
    return structuredClone({ nodes: [...chosen].map((id) => this.store.nodes.get(id)), edges, places });
  }

  /** Replace the whole document, as import and restore do. Undo brings the old one back. */
  replace(graph, label) {
    const { store } = this;
    const places = layered(
      graph.nodes.map((node) => node.id),
      graph.edges,
    );
    const operations = [
      ...[...store.edges.values()].map(gone),
      ...[...store.nodes.values()].flatMap((node) => [
        { kind: "place", key: node.id, before: store.places.get(node.id) ?? null, after: null },
        { kind: "node", key: node.id, before: node, after: null },
      ]),
      ...graph.nodes.map((node) => ({ kind: "node", key: node.id, before: null, after: node })),
      ...graph.nodes.map((node) => at(node.id, places.get(node.id))),
      ...graph.edges.map(drawn),
      { kind: "name", key: "name", before: store.name, after: graph.name ?? store.name },
    ];
    this.#run(label, operations);
  }

  /** The nearest place at or below (x, y) that no node covers. */
  freePlace(x, y) {
    const places = [...this.store.places.values()];
    for (let column = 0; column < 12; column += 1) {
      const side = snap(x + Math.ceil(column / 2) * COLUMN * (column % 2 ? 1 : -1));
      const covered = places.some((place) => Math.abs(place.x - side) < NODE_WIDTH && Math.abs(place.y - y) < ROW / 2);
      if (!covered) return { x: side, y: snap(y) };
    }
    return this.freePlace(x, y + ROW);
  }

  #newNode(id, op) {
    return { kind: "node", key: id, before: null, after: { id, op, params: this.catalogue.defaults(op) } };
  }

  #edge(source, source_port, target, target_port) {
    return { source, source_port, target, target_port };
  }

  /** Move everything behind a node down by a row when the next node sits directly below. */
  #makeRoom(previous, next) {
    const { places } = this.store;
    if (places.get(next).y - places.get(previous).y >= 2 * ROW) return [];
    return [...this.store.reachable(next)].map((key) => {
      const before = places.get(key);
      return { kind: "place", key, before: { ...before }, after: { x: before.x, y: before.y + ROW } };
    });
  }

  #heal(id) {
    const incoming = this.store.incoming(id);
    if (incoming.length !== 1) return [];
    return this.store.outgoing(id).map((edge) => drawn({ ...edge, source: incoming[0].source, source_port: incoming[0].source_port }));
  }

  #run(label, operations, merge = null) {
    this.history.run(label, operations, merge);
  }
}

const GAP = 32;
const at = (key, place) => ({ kind: "place", key, before: null, after: { x: snap(place.x), y: snap(place.y) } });
const gone = (edge) => ({ kind: "edge", key: edgeKey(edge), before: edge, after: null });
const drawn = (edge) => ({ kind: "edge", key: edgeKey(edge), before: null, after: edge });
