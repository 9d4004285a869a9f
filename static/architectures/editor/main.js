/** Starts the editor on its page: finds the elements, makes the panels, wires the buttons. */

import { openDialog } from "../../js/dialogs.js";
import { CodeTab } from "./code_tab.js";
import { CostPanel } from "./cost_panel.js";
import { Editor } from "./editor.js";
import { html, replaceChildren } from "./elements.js";
import { fileStem, readDocument, saveFile } from "./files.js";
import { FindingsPanel } from "./findings.js";
import { Keyboard, shortcuts } from "./keyboard.js";
import { Minimap } from "./minimap.js";
import { NodePanel } from "./node_panel.js";
import { Palette } from "./palette.js";
import { Saving } from "./saving.js";
import { Sheets } from "./sheets.js";
import { Status } from "./status.js";
import { Tabs } from "./tabs.js";
import { fill } from "./text.js";
import { VersionsTab } from "./versions_tab.js";

const root = document.getElementById("editor");
const part = (name) => root.querySelector(`[data-part="${name}"]`);
const boot = JSON.parse(document.getElementById("editor-data").textContent);

const editor = new Editor(boot, { frame: part("canvas"), hint: part("hint") });
editor.status = new Status(editor, {
  totals: part("totals"),
  state: part("state"),
  whatIf: part("what-if"),
  zoom: part("zoom"),
  live: part("live"),
});
editor.status.follow(editor.canvas.viewport);

const nodePanel = new NodePanel(editor, part("node-panel"));
const findings = new FindingsPanel(editor, part("findings-panel"), part("findings-count"));
const cost = new CostPanel(editor, part("cost-panel"), {
  shapeInput: part("what-if-shape"),
  shapeFault: part("what-if-fault"),
  shapeReset: part("what-if-reset"),
  measure: part("measure"),
  bars: part("cost-bars"),
  totals: part("cost-totals"),
  skipped: part("not-counted"),
});
const palette = new Palette(editor, { search: part("search"), list: part("palette-list"), status: part("palette-none") });
const minimap = new Minimap(editor, part("minimap"));
const sheets = new Sheets(root, { palette: part("palette"), panel: part("panel") });
const code = new CodeTab(
  editor,
  {
    tabs: part("code-files"),
    lines: part("code-lines"),
    notice: part("code-notice"),
    copy: part("code-copy"),
    download: part("code-download"),
    about: part("code-about"),
  },
  boot.urls.generate,
);
const versions = new VersionsTab(editor, { list: part("versions"), diff: part("diff"), title: part("diff-title") }, boot.urls.versions);
const views = new Tabs(part("views"), {
  canvas: part("canvas-view"),
  code: part("code-view"),
  versions: part("versions-view"),
});
const panels = new Tabs(part("panel-tabs"), {
  node: part("node-panel"),
  cost: part("cost-panel"),
  findings: part("findings-panel"),
});

editor.showTab = (name) => views.show(name);
editor.showPanel = (name, focus = false) => {
  panels.show(name);
  sheets.open("panel");
  if (focus && name === "node") nodePanel.focus();
};
editor.focusSearch = () => {
  views.show("canvas");
  sheets.open("palette");
  part("search").focus();
  part("search").select();
};
editor.nodeTapped = () => panels.show("node");
editor.inserted = () => {
  panels.show("node");
  sheets.close();
};
editor.panelHas = (element) => part("panel").contains(element) || part("palette").contains(element);
editor.showHelp = () => openDialog("editor-help");
editor.saving = new Saving(
  editor,
  { save: part("save"), mark: part("unsaved"), version: part("version"), notice: part("notice") },
  { url: boot.urls.self, viewUrl: boot.urls.view, id: boot.id, version: boot.version },
);
views.addEventListener("change", ({ detail }) => {
  if (detail === "code") code.show();
  if (detail === "versions") versions.show();
  if (detail === "canvas") minimap.later();
});
editor.saving.addEventListener("saved", () => views.shown === "versions" && versions.show());
new Keyboard(editor);

const buttons = {
  undo: () => editor.undo(),
  redo: () => editor.redo(),
  fit: () => editor.canvas.fit(),
  "zoom-in": () => editor.canvas.viewport.zoomBy(1.25),
  "zoom-out": () => editor.canvas.viewport.zoomBy(0.8),
  zoom: () => editor.canvas.viewport.zoomTo(1),
  arrange: () => editor.arrange(),
  remove: () => editor.removeChosen(),
  state: () => editor.showPanel(editor.analysis.findings.length ? "findings" : "cost"),
  totals: () => editor.showPanel("cost"),
  "what-if": () => editor.showPanel("cost"),
  export: () => saveFile(`${fileStem(editor.store.name)}.json`, `${JSON.stringify(editor.store.toDocument(), null, 2)}\n`, "application/json"),
  import: () => part("import-file").click(),
};
for (const [name, act] of Object.entries(buttons)) part(name).addEventListener("click", act);

part("import-file").addEventListener("change", async ({ target }) => {
  const [file] = target.files;
  target.value = "";
  if (!file) return;
  try {
    editor.load(await readDocument(file), gettext("Import"));
    editor.toast(gettext("Imported. Undo brings the former graph back."));
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    editor.toast(error.message, "failed");
  }
});

/** Training starts from what is on the canvas: it is saved first, and has to be valid. */
part("train").addEventListener("click", async (event) => {
  const faults = editor.analysis.findings.filter((finding) => finding.severity === "error").length;
  if (editor.analysis.state === "done" && faults) {
    event.preventDefault();
    editor.showPanel("findings");
    editor.toast(gettext("Correct the faults first; then it can be trained."), "warning");
  } else if (editor.history.dirty) {
    event.preventDefault();
    if (await editor.saving.save()) location.assign(part("train").href);
  }
});
editor.saving.addEventListener("saved", ({ detail }) => {
  const address = new URL(part("train").href);
  address.searchParams.set("architecture_version", detail.version_id);
  part("train").href = address.href;
});

const name = part("name");
const showName = () => {
  if (document.activeElement !== name) name.value = editor.store.name;
};
name.addEventListener("input", () => editor.actions.setName(name.value));
name.addEventListener("blur", () => {
  editor.history.seal();
  if (!name.value.trim()) editor.actions.setName(boot.graph.name || gettext("Untitled"));
  showName();
});
name.addEventListener("keydown", (event) => event.key === "Enter" && name.blur());
editor.store.addEventListener("change", showName);

function showHistory() {
  const { done, undone } = editor.history;
  part("undo").disabled = !done.length;
  part("redo").disabled = !undone.length;
  part("undo").title = [gettext("Undo"), done.at(-1)?.label].filter(Boolean).join(": ");
  part("redo").title = [gettext("Redo"), undone.at(-1)?.label].filter(Boolean).join(": ");
}
editor.history.addEventListener("change", showHistory);
editor.selection.addEventListener("change", () => {
  part("remove").disabled = !editor.selection.nodes.size && !editor.selection.edge;
});

replaceChildren(
  part("shortcuts"),
  ...shortcuts().map(([title, rows]) =>
    html(
      "section",
      {},
      html("h3", {}, title),
      html(
        "dl",
        { class: "shortcuts" },
        ...rows.map(([keys, text]) => html("div", {}, html("dt", {}, ...keys.map((key) => html("kbd", {}, key))), html("dd", {}, text))),
      ),
    ),
  ),
);

showName();
showHistory();
editor.saving.offerDraft();
editor.analysis.ask();
showAsked(new URLSearchParams(location.search));
root.dataset.ready = "true";
// What the panels are kept for: they redraw themselves by the events they listen to.
root.editor = { editor, nodePanel, findings, cost, palette };

/** `?node=ID` shows a node; one that is gone is in the version that `version` names. */
function showAsked(query) {
  const id = query.get("node");
  if (!id) return;
  if (editor.store.nodes.has(id)) return editor.focusNode(id);
  const number = Number(query.get("version"));
  const text = number ? gettext("The node %(node)s is not in this version. It was in version %(n)s.") : gettext("The node %(node)s is not in this graph.");
  editor.toast(fill(text, { node: id, n: number }), "warning");
  if (number) editor.showTab("versions");
}
