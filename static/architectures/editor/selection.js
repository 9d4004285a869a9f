/** Which nodes and which edge are chosen. The last chosen node is the one that the panel shows. */

export class Selection extends EventTarget {
  constructor() {
    super();
    this.nodes = new Set();
    this.edge = null;
  }

  /** The node to act on alone: the last one chosen, or null. */
  get primary() {
    let last = null;
    for (const id of this.nodes) last = id;
    return last;
  }

  /** The one chosen node, or null when there are none or several. */
  get single() {
    return this.nodes.size === 1 ? this.primary : null;
  }

  set(ids) {
    this.#change(() => {
      this.nodes = new Set(ids);
      this.edge = null;
    });
  }

  toggle(id) {
    this.#change(() => {
      if (!this.nodes.delete(id)) this.nodes.add(id);
      this.edge = null;
    });
  }

  setEdge(key) {
    this.#change(() => {
      this.nodes = new Set();
      this.edge = key;
    });
  }

  clear() {
    if (this.nodes.size || this.edge) this.set([]);
  }

  /** Forget what is no longer in the document. */
  keep(store) {
    const alive = [...this.nodes].filter((id) => store.nodes.has(id));
    const edge = this.edge && store.edges.has(this.edge) ? this.edge : null;
    if (alive.length === this.nodes.size && edge === this.edge) return;
    this.#change(() => {
      this.nodes = new Set(alive);
      this.edge = edge;
    });
  }

  #change(act) {
    const before = { nodes: this.nodes, edge: this.edge };
    if (before.nodes.size) before.nodes = new Set(before.nodes);
    act();
    this.dispatchEvent(new CustomEvent("change", { detail: before }));
  }
}
