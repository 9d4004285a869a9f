/** Undo and redo. One entry is one thing that a person did, with a label that says what. */

const LIMIT = 500;
const MERGE_MS = 1500;

export class History extends EventTarget {
  constructor(store) {
    super();
    this.store = store;
    this.done = [];
    this.undone = [];
    this.saved = store.signature();
    this.dirty = false;
    store.addEventListener("change", () => this.#compare());
  }

  /**
   * Carry out operations as one entry.
   *
   * Entries in a row with the same `merge` key become one: typing a number or nudging a node is one undo.
   */
  run(label, operations, merge = null) {
    const list = operations.filter((operation) => !same(operation.before, operation.after));
    if (!list.length) return false;
    this.store.apply(list);
    const last = this.done.at(-1);
    if (merge && last?.merge === merge && Date.now() - last.time < MERGE_MS) {
      last.operations.push(...list);
      last.time = Date.now();
    } else {
      this.done.push({ label, operations: [...list], merge, time: Date.now() });
      if (this.done.length > LIMIT) this.done.shift();
    }
    this.undone = [];
    this.#tell();
    return true;
  }

  undo() {
    const entry = this.done.pop();
    if (!entry) return null;
    this.store.apply(entry.operations, false);
    this.undone.push(entry);
    this.#tell();
    return entry.label;
  }

  redo() {
    const entry = this.undone.pop();
    if (!entry) return null;
    this.store.apply(entry.operations, true);
    this.done.push({ ...entry, merge: null });
    this.#tell();
    return entry.label;
  }

  /** The next change starts a new entry, even with the same merge key. */
  seal() {
    const last = this.done.at(-1);
    if (last) last.merge = null;
  }

  /** What is on the server now; the rest is measured against it. */
  markSaved(signature) {
    this.saved = signature;
    this.#compare();
    this.#tell();
  }

  #compare() {
    const dirty = this.store.signature() !== this.saved;
    if (dirty === this.dirty) return;
    this.dirty = dirty;
    this.#tell();
  }

  #tell() {
    this.dispatchEvent(new CustomEvent("change"));
  }
}

function same(before, after) {
  return JSON.stringify(before ?? null) === JSON.stringify(after ?? null);
}
