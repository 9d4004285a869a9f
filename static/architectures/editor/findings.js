/** The list of faults and warnings, each with its cure; a click goes to the node. */

import { html, icon, replaceChildren } from "./elements.js";
import { fill } from "./text.js";

const UNFOLDED = 3;

/** One finding as a card. In the panel of its own node (`compact`) it needs no link to it. */
export function findingCard(finding, editor, { compact = false } = {}) {
  const isError = finding.severity === "error";
  const place = [finding.node, finding.port].filter(Boolean).join(" · ");
  const body = html(
    "span",
    { class: "finding-body" },
    !compact && place ? html("span", { class: "finding-place mono" }, place) : null,
    html("span", { class: "finding-message" }, finding.message),
    finding.hint && html("span", { class: "finding-cure" }, finding.hint),
  );
  const sign = html("span", { class: "visually-hidden" }, isError ? gettext("Fault:") : gettext("Warning:"));
  const attributes = { class: `finding ${isError ? "is-error" : "is-warning"}`, data: { code: finding.code } };
  const content = [icon(isError ? "error" : "warning"), sign, body];
  if (compact || !editor.store.nodes.has(finding.node)) return html("div", attributes, ...content);
  return html("button", { ...attributes, type: "button", onclick: () => editor.focusNode(finding.node) }, ...content);
}

export class FindingsPanel {
  constructor(editor, root, badge) {
    this.editor = editor;
    this.root = root;
    this.badge = badge;
    editor.analysis.addEventListener("change", () => this.draw());
    this.draw();
  }

  draw() {
    const { analysis } = this.editor;
    const findings = [...analysis.findings].sort((a, b) => Number(b.severity === "error") - Number(a.severity === "error"));
    const errors = findings.filter((finding) => finding.severity === "error").length;
    this.badge.textContent = findings.length || "";
    this.badge.hidden = !findings.length;
    this.badge.classList.toggle("is-error", errors > 0);
    const key = JSON.stringify([findings, analysis.state === "failed" && analysis.error?.message]);
    if (key === this.key) return;
    this.key = key;
    if (analysis.state === "failed") return this.#showFailure(analysis.error);
    if (!findings.length) return this.#showNone();
    const title = fill(ngettext("%(n)s finding", "%(n)s findings", findings.length), { n: findings.length });
    const groups = Object.values(Object.groupBy(findings, (finding) => finding.code));
    return replaceChildren(this.root, html("h2", {}, title), ...groups.map((group) => this.#group(group)));
  }

  /** Many of one kind are mostly one thing to correct: the first stand open, the rest is folded. */
  #group(group) {
    const list = (part) =>
      html("ul", { class: "finding-list", role: "list" }, ...part.map((finding) => html("li", {}, findingCard(finding, this.editor))));
    if (group.length <= UNFOLDED + 1) return list(group);
    const rest = group.slice(UNFOLDED);
    const more = fill(gettext("%(n)s more of this kind"), { n: rest.length });
    return html(
      "div",
      { class: "finding-list" },
      list(group.slice(0, UNFOLDED)),
      html("details", { class: "fold" }, html("summary", {}, icon("chevron-right", "s"), more), html("div", { class: "fold-body" }, list(rest))),
    );
  }

  #showNone() {
    const known = this.editor.analysis.state === "done";
    replaceChildren(
      this.root,
      html("h2", {}, known ? gettext("No faults") : gettext("Checking…")),
      known && html("p", { class: "muted" }, gettext("The graph can be generated and trained.")),
    );
  }

  #showFailure(error) {
    const retry = html("button", { type: "button", class: "button button-s", onclick: () => this.editor.analysis.ask() }, icon("retry"), gettext("Try again"));
    replaceChildren(
      this.root,
      html("h2", {}, gettext("Could not check")),
      html("p", {}, error.message),
      error.hint && html("p", { class: "muted" }, error.hint),
      retry,
    );
  }
}
