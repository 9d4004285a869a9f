/**
 * The document under edit, apart from how it is looked at.
 *
 * Every change is a list of operations `{kind, key, before, after}`; undo is the same list backwards. Places
 * of nodes are kept beside the document (kind "place") so that moving can be undone, and never enter it.
 */

export const FORMAT = "cvstudio.graph/1";

export const edgeKey = (edge) => JSON.stringify([edge.source, edge.source_port, edge.target, edge.target_port]);

/** Ports may be left out of a document: nearly every operator has one input `in` and one output `out`. */
export const wholeEdge = (edge) => ({
  source: edge.source,
  source_port: edge.source_port ?? "out",
  target: edge.target,
  target_port: edge.target_port ?? "in",
});

export class Store extends EventTarget {
  constructor(graph, places = {}) {
    super();
    this.name = graph.name ?? "";
    this.extra = extraFields(graph);
    this.nodes = new Map();
    this.edges = new Map();
    this.places = new Map(Object.entries(places));
    this.touching = new Map();
    this.revision = 0;
    for (const node of graph.nodes ?? []) this.#setNode(node.id, structuredClone(node));
    for (const edge of graph.edges ?? []) {
      const full = wholeEdge(edge);
      this.#setEdge(edgeKey(full), full);
    }
  }

  /** Do (`forward`) or take back a list of operations, then tell what was touched. */
  apply(operations, forward = true) {
    const change = { nodes: new Set(), edges: new Set(), places: new Set(), name: false };
    const order = forward ? operations : [...operations].reverse();
    for (const operation of order) this.#set(operation, forward ? operation.after : operation.before, change);
    if (change.nodes.size || change.edges.size || change.name) this.revision += 1;
    this.dispatchEvent(new CustomEvent("change", { detail: change }));
  }

  incoming(id) {
    return this.#around(id, (edge) => edge.target === id);
  }

  outgoing(id) {
    return this.#around(id, (edge) => edge.source === id);
  }

  /** Keys of the edges at a node. */
  edgesAt(id) {
    return this.touching.get(id) ?? new Set();
  }

  /** Nodes that can be reached from `id` along the edges, `id` included. */
  reachable(id) {
    const seen = new Set([id]);
    const queue = [id];
    while (queue.length) {
      for (const edge of this.outgoing(queue.pop())) {
        if (!seen.has(edge.target)) {
          seen.add(edge.target);
          queue.push(edge.target);
        }
      }
    }
    return seen;
  }

  /** The document as it is stored. */
  toDocument() {
    return {
      ...this.extra,
      format: FORMAT,
      name: this.name,
      nodes: [...this.nodes.values()].map((node) => structuredClone(node)),
      edges: [...this.edges.values()].map((edge) => ({ ...edge })),
    };
  }

  /** A text that is equal for equal documents, whatever the order in which they were drawn. */
  signature() {
    const graph = this.toDocument();
    graph.nodes.sort((a, b) => (a.id < b.id ? -1 : 1));
    graph.edges = graph.edges.map(edgeKey).sort();
    return JSON.stringify(sorted(graph));
  }

  #set({ kind, key }, value, change) {
    if (kind === "node") {
      this.#setNode(key, value && structuredClone(value));
      change.nodes.add(key);
    } else if (kind === "edge") {
      this.#setEdge(key, value);
      change.edges.add(key);
    } else if (kind === "place") {
      if (value) this.places.set(key, { ...value });
      else this.places.delete(key);
      change.places.add(key);
    } else if (kind === "name") {
      this.name = value;
      change.name = true;
    } else {
      throw new Error(`Unknown operation ${kind}.`);
    }
  }

  #setNode(id, node) {
    if (node) this.nodes.set(id, node);
    else this.nodes.delete(id);
  }

  #setEdge(key, edge) {
    const known = edge ?? this.edges.get(key);
    if (!known) return;
    for (const id of [known.source, known.target]) {
      if (!this.touching.has(id)) this.touching.set(id, new Set());
      if (edge) this.touching.get(id).add(key);
      else this.touching.get(id).delete(key);
    }
    if (edge) this.edges.set(key, { ...edge });
    else this.edges.delete(key);
  }

  #around(id, wanted) {
    return [...this.edgesAt(id)].map((key) => this.edges.get(key)).filter((edge) => edge && wanted(edge));
  }
}

/** Fields of the document that this editor does not know are carried along unharmed. */
function extraFields({ format: _format, name: _name, nodes: _nodes, edges: _edges, ...rest }) {
  return rest;
}

function sorted(value) {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, sorted(value[key])]),
  );
}
