/**
 * Saving: the document by hand as a new version, the view (places, zoom) by itself.
 *
 * Unsaved work also stays in the browser, so that a closed tab or a crash loses nothing.
 */

import { ApiError, api } from "../../js/http.js";
import { html, replaceChildren, write } from "./elements.js";
import { fill } from "./text.js";

const VIEW_WAIT_MS = 1500;
const DRAFT_WAIT_MS = 800;

export class Saving extends EventTarget {
  constructor(editor, elements, { url, viewUrl, id, version }) {
    super();
    Object.assign(this, { editor, elements, url, viewUrl, version, busy: false });
    this.draftKey = `cvstudio.architecture.${id}`;
    elements.save.addEventListener("click", () => this.save());
    editor.history.addEventListener("change", () => this.#changed());
    editor.store.addEventListener("change", ({ detail }) => detail.places.size && this.viewLater());
    editor.canvas.viewport.addEventListener("change", () => this.viewLater());
    addEventListener("beforeunload", (event) => {
      if (editor.history.dirty) event.preventDefault();
    });
    addEventListener("pagehide", () => this.#saveView());
    this.#changed();
  }

  /** Store the document. Returns whether it is stored now. */
  async save({ overwrite = false } = {}) {
    const { editor } = this;
    if (this.busy) return false;
    this.busy = true;
    this.#changed();
    const graph = editor.store.toDocument();
    const signature = editor.store.signature();
    const body = { name: graph.name, document: graph, view: this.#view() };
    if (!overwrite) body.base_version = this.version;
    try {
      const answer = await api(this.url, { method: "PUT", body });
      const isNew = answer.version !== this.version;
      this.version = answer.version;
      editor.history.markSaved(signature);
      this.#dropDraft();
      this.#report(isNew ? fill(gettext("Saved as version %(n)s."), { n: answer.version }) : gettext("Saved. The graph is as before: no new version."));
      this.dispatchEvent(new CustomEvent("saved", { detail: answer }));
      return true;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.status === 409) this.#conflict(error);
      else this.#fail(error);
      return false;
    } finally {
      this.busy = false;
      this.#changed();
    }
  }

  /** Offer work that an earlier visit left unsaved. */
  offerDraft() {
    const draft = this.#readDraft();
    if (!draft) return;
    const when = new Date(draft.time).toLocaleString();
    this.#notice(
      fill(gettext("This browser holds unsaved changes from %(when)s."), { when }),
      [
        gettext("Restore them"),
        () => {
          this.editor.load(draft.document, gettext("Restore unsaved changes"));
          this.#closeNotice();
        },
      ],
      [
        gettext("Discard"),
        () => {
          this.#dropDraft();
          this.#closeNotice();
        },
      ],
    );
  }

  /** The notes are kept at once: they are no part of the graph and make no version. */
  async saveDescription(description) {
    this.editor.description = description;
    try {
      await api(this.url, { method: "PUT", body: { description } });
      this.#report(gettext("Notes saved."));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.#notice(`${error.message} ${error.hint}`, [gettext("Try again"), () => this.saveDescription(description)]);
    }
  }

  viewLater() {
    clearTimeout(this.viewTimer);
    this.viewTimer = setTimeout(() => this.#saveView(), VIEW_WAIT_MS);
  }

  async #saveView() {
    clearTimeout(this.viewTimer);
    // Places belong to the graph that is stored; those of an unsaved one go along when it is saved.
    if (this.editor.history.dirty) return;
    const view = this.#view();
    const text = JSON.stringify(view);
    if (text === this.savedView) return;
    try {
      await api(this.viewUrl, { method: "PUT", body: { view } });
      this.savedView = text;
    } catch (error) {
      // Where nodes stand is a comfort: it is tried again with the next change, and never stops the work.
      if (!(error instanceof ApiError) && error.name !== "AbortError") throw error;
    }
  }

  #view() {
    const { store, canvas } = this.editor;
    const places = {};
    for (const [id, { x, y }] of store.places) if (store.nodes.has(id)) places[id] = [Math.round(x), Math.round(y)];
    return { places, viewport: canvas.viewport };
  }

  #changed() {
    const { editor, elements } = this;
    const { dirty } = editor.history;
    elements.save.disabled = this.busy || !dirty;
    elements.mark.hidden = !dirty;
    write(elements.version, `v${this.version}`);
    document.title = document.title.replace(/^(• )?/, dirty ? "• " : "");
    clearTimeout(this.draftTimer);
    if (dirty) this.draftTimer = setTimeout(() => this.#keepDraft(), DRAFT_WAIT_MS);
    else if (editor.history.done.length) this.#dropDraft();
  }

  #conflict(error) {
    this.#notice(
      `${error.message} ${error.hint}`,
      [gettext("Show the newer version"), () => this.editor.showTab("versions")],
      [
        gettext("Save mine on top"),
        () => {
          this.#closeNotice();
          this.save({ overwrite: true });
        },
      ],
    );
  }

  #fail(error) {
    this.#notice(`${error.message} ${error.hint ?? ""}`, [
      gettext("Try again"),
      () => {
        this.#closeNotice();
        this.save();
      },
    ]);
  }

  #report(text) {
    this.#closeNotice();
    this.editor.toast(text);
  }

  #notice(text, ...choices) {
    const { notice } = this.elements;
    const buttons = choices.map(([label, onclick]) => html("button", { type: "button", class: "button button-s", onclick }, label));
    replaceChildren(notice, html("p", {}, text), html("span", { class: "cluster" }, ...buttons));
    notice.hidden = false;
  }

  #closeNotice() {
    this.elements.notice.hidden = true;
  }

  // A private window or a full disk may refuse storage; the editor then goes on without drafts.
  #keepDraft() {
    try {
      localStorage.setItem(this.draftKey, JSON.stringify({ time: Date.now(), document: this.editor.store.toDocument() }));
    } catch (error) {
      if (!(error instanceof DOMException)) throw error;
    }
  }

  #readDraft() {
    try {
      const draft = JSON.parse(localStorage.getItem(this.draftKey) ?? "null");
      return Array.isArray(draft?.document?.nodes) ? draft : null;
    } catch (error) {
      if (error instanceof DOMException || error instanceof SyntaxError) return null;
      throw error;
    }
  }

  #dropDraft() {
    clearTimeout(this.draftTimer);
    try {
      localStorage.removeItem(this.draftKey);
    } catch (error) {
      if (!(error instanceof DOMException)) throw error;
    }
  }
}
