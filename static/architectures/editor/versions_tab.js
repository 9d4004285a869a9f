/** All saved versions: what changed between two of them, line by line, and a way back. */

import { ApiError, api } from "../../js/http.js";
import { html, replaceChildren } from "./elements.js";
import { count, fill } from "./text.js";

export class VersionsTab {
  constructor(editor, { list, diff, title }, url) {
    Object.assign(this, { editor, list, diff, title, url, versions: [] });
  }

  async show() {
    try {
      const answer = await api(`${this.url}?page_size=200`);
      this.versions = answer.results;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      replaceChildren(this.list, html("li", { class: "muted" }, error.message));
      return;
    }
    this.drawList();
    const [latest, before] = this.versions;
    if (!latest) return;
    // First what is not saved yet, then the newest step.
    if (this.editor.history.dirty) await this.compare(latest.number, null);
    else if (before) await this.compare(before.number, latest.number);
    else this.#say(gettext("There is one version so far; the next save shows here what it changed."));
  }

  drawList() {
    replaceChildren(this.list, ...this.versions.map((version, index) => this.#item(version, this.versions[index + 1])));
  }

  /** Show the difference from one version to another, or to the canvas (`to` null). */
  async compare(from, to) {
    try {
      const url = `${this.url}/diff`;
      const body = to === null ? { from, document: this.editor.store.toDocument() } : { from, to };
      const answer = await api(url, { method: "POST", body });
      this.title.textContent =
        to === null
          ? fill(gettext("Version %(from)s → the canvas"), { from })
          : fill(gettext("Version %(from)s → %(to)s"), { from, to });
      if (answer.diff) replaceChildren(this.diff, ...answer.diff.split("\n").map(diffLine));
      else this.#say(gettext("No difference."));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.#say(error.message);
    }
  }

  async #restore(number) {
    try {
      const version = await api(`${this.url}/${number}`);
      this.editor.load(version.document, fill(gettext("Restore version %(n)s"), { n: number }));
      this.editor.showTab("canvas");
      this.editor.toast(fill(gettext("Version %(n)s is on the canvas. Save to make it the newest."), { n: number }));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.#say(error.message);
    }
  }

  #item(version, older) {
    const facts = version.facts ?? {};
    const about = [
      version.valid ? gettext("valid") : gettext("not valid"),
      Number.isFinite(facts.params) && fill(gettext("%(n)s parameters"), { n: count(facts.params) }),
    ];
    const act = (label, onclick) => html("button", { type: "button", class: "button button-s", onclick }, label);
    return html(
      "li",
      { class: "version", data: { number: version.number } },
      html("div", { class: "cluster" }, html("strong", {}, `v${version.number}`), html("time", { class: "muted small", datetime: version.created_at }, new Date(version.created_at).toLocaleString())),
      html("p", { class: "small muted" }, about.filter(Boolean).join(" · ")),
      html(
        "div",
        { class: "cluster" },
        older && act(gettext("Changes"), () => this.compare(older.number, version.number)),
        act(gettext("Against the canvas"), () => this.compare(version.number, null)),
        act(gettext("Restore"), () => this.#restore(version.number)),
      ),
    );
  }

  #say(text) {
    replaceChildren(this.diff, html("p", { class: "muted" }, text));
  }
}

function diffLine(line) {
  const isHead = /^(---|\+\+\+|@@) /.test(line);
  const kind = isHead ? "place" : ({ "+": "new", "-": "old" }[line[0]] ?? "same");
  return html("div", { class: `version-line is-${kind}` }, line || " ");
}
