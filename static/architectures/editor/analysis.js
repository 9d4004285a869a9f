/** What the server knows about the document: shapes, cost and faults. Asked again shortly after each change. */

import { api } from "../../js/http.js";
import { edgeKey } from "./store.js";

const WAIT_MS = 220;
const RETRY_MS = 5000;

export class Analysis extends EventTarget {
  constructor(store, url) {
    super();
    this.store = store;
    this.url = url;
    this.inputShape = null;
    this.batch = null;
    this.result = EMPTY;
    this.state = "idle";
    this.error = null;
    this.timer = 0;
    this.revision = -1;
    store.addEventListener("change", ({ detail }) => {
      if (detail.nodes.size || detail.edges.size) this.later();
    });
  }

  /** Ask soon; calls in between become one. */
  later(wait = WAIT_MS) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.ask(), wait);
  }

  /** "What if the input is...": null goes back to the document's own. */
  setInput(shape) {
    this.inputShape = shape;
    this.later(0);
  }

  async ask() {
    clearTimeout(this.timer);
    this.request?.abort();
    this.request = new AbortController();
    const { signal } = this.request;
    const { revision } = this.store;
    this.#become("asking");
    try {
      const body = { document: this.store.toDocument() };
      if (this.inputShape) body.input_shape = this.inputShape;
      if (this.batch) body.batch = this.batch;
      const result = await api(this.url, { method: "POST", body, signal });
      this.#take(result, revision);
    } catch (error) {
      if (error.name === "AbortError") return;
      if (error.status === undefined) throw error;
      this.error = error;
      this.#become("failed");
      if (!error.status) this.later(RETRY_MS);
    }
  }

  node(id) {
    return this.result.nodes[id] ?? null;
  }

  findingsAt(id) {
    return this.byNode.get(id) ?? [];
  }

  get findings() {
    return this.result.findings;
  }

  edgeShape(edge) {
    return this.shapes.get(edgeKey(edge)) ?? null;
  }

  outputShape(id, port) {
    return port ? (this.node(id)?.out_shape ?? null) : null;
  }

  /** Part of the most expensive node's MACs, 0 to 1. */
  share(id) {
    const macs = this.node(id)?.macs ?? 0;
    return this.most > 0 ? Math.min(1, macs / this.most) : 0;
  }

  /** Whether the result speaks of the document as it is now. */
  get current() {
    return this.state === "done" && this.revision === this.store.revision;
  }

  byNode = new Map();
  shapes = new Map();
  most = 0;

  #take(result, revision) {
    this.result = result;
    this.revision = revision;
    this.error = null;
    this.byNode = new Map();
    for (const finding of result.findings) {
      if (!this.byNode.has(finding.node)) this.byNode.set(finding.node, []);
      this.byNode.get(finding.node).push(finding);
    }
    this.shapes = new Map(result.edges.map((edge) => [edgeKey(edge), edge.shape]));
    this.most = Math.max(0, ...Object.values(result.nodes).map((node) => node.macs ?? 0));
    this.#become("done");
  }

  #become(state) {
    this.state = state;
    this.dispatchEvent(new CustomEvent("change"));
  }
}

const EMPTY = { valid: false, findings: [], nodes: {}, edges: [], totals: {}, not_counted: [], output_shape: null };
