/** The list of operators: search, insert with Enter or a click, or drag onto the canvas. */

import { categoryTitle } from "./categories.js";
import { html, replaceChildren } from "./elements.js";
import { NODE_HEIGHT, NODE_WIDTH } from "./geometry.js";
import { fill } from "./text.js";

const DRAG_THRESHOLD = 6;

export class Palette {
  constructor(editor, { search, list, status }) {
    Object.assign(this, { editor, search, list, status, active: 0 });
    search.addEventListener("input", () => {
      this.active = 0;
      this.draw();
    });
    search.addEventListener("keydown", (event) => this.#key(event));
    list.addEventListener("click", (event) => {
      const item = event.target.closest("[data-op]");
      if (item && !this.dragged) this.insert(item.dataset.op);
    });
    list.addEventListener("pointerdown", (event) => this.#startDrag(event));
    this.draw();
  }

  draw() {
    const { catalogue } = this.editor;
    const text = this.search.value.trim();
    this.found = catalogue.search(text);
    const sections = [];
    // A search shows the best match first; without one the list is ordered by category.
    const groups = text ? new Map([["", this.found]]) : catalogue.groups();
    const order = [...groups.values()].flat();
    this.found = order;
    for (const [category, operators] of groups) {
      sections.push(
        html(
          "section",
          { class: "palette-group" },
          category && html("h3", {}, categoryTitle(category)),
          html("ul", { role: "list" }, ...operators.map((operator) => this.#item(operator, order.indexOf(operator), text))),
        ),
      );
    }
    replaceChildren(this.list, ...sections);
    this.status.hidden = order.length > 0;
    this.status.textContent = fill(gettext("No operator matches “%(text)s”."), { text });
    this.#mark();
  }

  /** Insert behind the chosen node; with none chosen, before the output; else where there is room. */
  insert(op) {
    const { editor } = this;
    const previous = editor.selection.single;
    const chains = previous && editor.catalogue.outputs(editor.store.nodes.get(previous)).length > 0;
    const last = editor.selection.nodes.size ? null : this.#edgeToOutput();
    let id;
    if (chains) id = editor.actions.insertAfter(op, previous);
    else if (last) id = editor.actions.insertAfter(op, last.source, last);
    else id = editor.actions.insert(op, this.#visiblePlace());
    editor.selection.set([id]);
    editor.canvas.flush();
    editor.canvas.reveal(id);
    const feeding = editor.store.incoming(id)[0]?.source;
    const sentence = feeding ? gettext("Inserted %(id)s after %(previous)s.") : gettext("Inserted %(id)s.");
    editor.announce(fill(sentence, { id, previous: feeding }));
    editor.inserted?.(id);
  }

  #edgeToOutput() {
    const { store } = this.editor;
    const output = [...store.nodes.values()].find((node) => node.op === "Output");
    return output ? (store.incoming(output.id)[0] ?? null) : null;
  }

  #visiblePlace() {
    const { canvas, actions } = this.editor;
    const seen = canvas.viewport.seen();
    return actions.freePlace(seen.left + (seen.width - NODE_WIDTH) / 2, seen.top + seen.height / 3 - NODE_HEIGHT / 2);
  }

  #item(operator, index, text) {
    return html(
      "li",
      {},
      html(
        "button",
        {
          type: "button",
          class: "palette-item",
          tabindex: text ? -1 : 0,
          title: operator.description,
          data: { op: operator.name, index, category: operator.category },
        },
        html("span", { class: "palette-dot", "aria-hidden": "true" }),
        html("span", { class: "palette-name" }, operator.title),
        operator.title === operator.name ? null : html("span", { class: "palette-op mono" }, operator.name),
      ),
    );
  }

  #mark() {
    const searching = this.search.value.trim() !== "";
    for (const item of this.list.querySelectorAll("[data-op]")) {
      const on = searching && Number(item.dataset.index) === this.active;
      item.classList.toggle("is-active", on);
      if (on) item.scrollIntoView({ block: "nearest" });
    }
  }

  #key(event) {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      const step = event.key === "ArrowDown" ? 1 : -1;
      this.active = (this.active + step + this.found.length) % Math.max(1, this.found.length);
      this.#mark();
    } else if (event.key === "Enter" && !event.isComposing) {
      event.preventDefault();
      const operator = this.search.value.trim() ? this.found[this.active] : null;
      if (operator) {
        this.insert(operator.name);
        this.search.select();
      }
    } else if (event.key === "Escape") {
      this.search.value = "";
      this.draw();
    }
  }

  #startDrag(event) {
    const item = event.target.closest("[data-op]");
    this.dragged = false;
    // Fingers scroll the list; they insert with a tap.
    if (!item || event.pointerType === "touch" || event.button !== 0) return;
    const start = { x: event.clientX, y: event.clientY };
    let ghost = null;
    const move = (next) => {
      if (!ghost && Math.hypot(next.clientX - start.x, next.clientY - start.y) < DRAG_THRESHOLD) return;
      if (!ghost) {
        this.dragged = true;
        ghost = html("div", { class: "palette-ghost", data: { category: item.dataset.category } }, item.querySelector(".palette-name").textContent);
        document.body.append(ghost);
      }
      ghost.style.translate = `${next.clientX}px ${next.clientY}px`;
    };
    const finish = (next) => {
      removeEventListener("pointermove", move);
      removeEventListener("pointerup", finish);
      removeEventListener("pointercancel", finish);
      ghost?.remove();
      if (ghost && next.type === "pointerup") this.#drop(item.dataset.op, next);
    };
    addEventListener("pointermove", move);
    addEventListener("pointerup", finish);
    addEventListener("pointercancel", finish);
  }

  #drop(op, event) {
    const { editor } = this;
    const under = document.elementFromPoint(event.clientX, event.clientY);
    if (!under || !editor.canvas.frame.contains(under)) return;
    const node = under.closest(".node")?.dataset.node;
    const edge = editor.store.edges.get(under.closest(".edge")?.dataset.edge);
    const { x, y } = editor.canvas.viewport.toWorld(event.clientX, event.clientY);
    let id;
    if (edge) id = editor.actions.insertAfter(op, edge.source, edge);
    else if (node && editor.catalogue.outputs(editor.store.nodes.get(node)).length) id = editor.actions.insertAfter(op, node);
    else id = editor.actions.insert(op, { x: x - NODE_WIDTH / 2, y: y - NODE_HEIGHT / 2 });
    editor.selection.set([id]);
    editor.canvas.frame.focus({ preventScroll: true });
  }
}
