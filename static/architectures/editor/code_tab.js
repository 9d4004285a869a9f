/** The generated package: one tab a file, line numbers, copy and download. Lines know their nodes. */

import { ApiError, api } from "../../js/http.js";
import { html, icon, replaceChildren, write } from "./elements.js";
import { fetchFile, fileStem, saveFile } from "./files.js";
import { plainLines, pythonLines } from "./highlight.js";
import { fill } from "./text.js";

export class CodeTab {
  constructor(editor, { tabs, lines, notice, copy, download, about }, url) {
    Object.assign(this, { editor, tabs, lines, notice, copy, about, url, files: {}, sources: {}, file: "model.py", revision: -1 });
    download.addEventListener("click", () => this.#download());
    lines.addEventListener("pointerover", (event) => this.#point(event.target.closest("[data-nodes]")));
    lines.addEventListener("pointerleave", () => this.#point(null));
    lines.addEventListener("click", (event) => {
      const row = event.target.closest("[data-nodes]");
      if (row && !String(getSelection())) editor.focusNode(row.dataset.nodes.split(" ")[0]);
    });
  }

  /** Generate again when the document has changed since. */
  async show() {
    const { store } = this.editor;
    if (this.revision === store.revision) return this.draw();
    const { revision } = store;
    this.lines.classList.add("is-waiting");
    try {
      const answer = await api(this.url, { method: "POST", body: { document: store.toDocument() } });
      this.files = answer.files;
      this.sources = answer.source_map ?? {};
      this.sha256 = answer.sha256;
      this.revision = revision;
      if (!(this.file in this.files)) this.file = Object.keys(this.files)[0];
      this.#notify(null);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.files = {};
      this.revision = -1;
      this.#notify(error);
    } finally {
      this.lines.classList.remove("is-waiting");
    }
    return this.draw();
  }

  draw() {
    const names = Object.keys(this.files);
    const tab = (name) =>
      html(
        "button",
        { type: "button", class: "tab", role: "tab", "aria-selected": String(name === this.file), onclick: () => this.#open(name) },
        name,
      );
    replaceChildren(this.tabs, ...names.map(tab));
    const text = this.files[this.file] ?? "";
    this.copy.dataset.copy = text;
    const rows = !text ? [] : (this.file.endsWith(".py") ? pythonLines(text) : plainLines(text)).slice(0, text.endsWith("\n") ? -1 : undefined);
    const sources = this.sources[this.file] ?? {};
    replaceChildren(this.lines, ...rows.map((parts, index) => this.#row(index + 1, parts, sources[index + 1])));
    const total = rows.length;
    write(this.about, names.length ? fill(ngettext("%(n)s line", "%(n)s lines", total), { n: total }) : "");
  }

  /** One line; `sources` are the nodes whose calls stand on it, the innermost first. */
  #row(number, parts, sources = []) {
    const known = sources.filter((id) => this.editor.store.nodes.has(id));
    return html(
      "div",
      { class: "code-line", data: known.length ? { nodes: known.join(" ") } : {} },
      html("span", { class: "code-number", "aria-hidden": "true" }, number),
      html("code", {}, ...parts),
      known.length ? html("span", { class: "code-node" }, known.join(", ")) : null,
    );
  }

  #open(name) {
    this.file = name;
    this.draw();
  }

  /** A line of code lights up its nodes and every other line of them. */
  #point(row) {
    const nodes = row?.dataset.nodes ?? "";
    if (nodes === this.pointed) return;
    this.pointed = nodes;
    const chosen = new Set(nodes.split(" ").filter(Boolean));
    for (const line of this.lines.querySelectorAll("[data-nodes]")) {
      line.classList.toggle("is-pointed", line.dataset.nodes.split(" ").some((id) => chosen.has(id)));
    }
    this.editor.point(chosen);
  }

  async #download() {
    try {
      const blob = await fetchFile(`${this.url}?download=zip`, { document: this.editor.store.toDocument() });
      saveFile(`${fileStem(this.editor.store.name)}.zip`, blob);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.#notify(error);
    }
  }

  #showFindings() {
    this.editor.showTab("canvas");
    this.editor.showPanel("findings");
  }

  #notify(error) {
    this.notice.hidden = !error;
    if (!error) return;
    replaceChildren(
      this.notice,
      icon("error"),
      html("div", { class: "alert-body" }, html("p", {}, error.message), error.hint && html("p", { class: "muted" }, error.hint)),
      html(
        "div",
        { class: "alert-actions" },
        html("button", { type: "button", class: "button button-s", onclick: () => this.#showFindings() }, gettext("Show findings")),
      ),
    );
  }
}
