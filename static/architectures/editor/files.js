/** Import and export of the document as a JSON file. What comes in is checked before it touches anything. */

import { ApiError, csrfToken } from "../../js/http.js";
import { FORMAT, wholeEdge } from "./store.js";
import { fill } from "./text.js";

const MAX_BYTES = 2_000_000;

/** Give a text to the person as a file. */
export function saveFile(name, content, type) {
  const blob = content instanceof Blob ? content : new Blob([content], { type });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** Ask the API for a file. Faults are ApiErrors, as everywhere. */
export async function fetchFile(url, body) {
  const headers = { "Content-Type": "application/json", "X-CSRFToken": csrfToken() };
  const answer = await fetch(url, { method: "POST", headers, credentials: "same-origin", body: JSON.stringify(body) });
  if (!answer.ok) throw new ApiError(answer.status, await answer.json());
  return answer.blob();
}

/** A name that every file system takes. */
export const fileStem = (name) => name.replace(/[^\p{L}\p{N}_-]+/gu, "-").replace(/^-+|-+$/g, "").slice(0, 80) || "architecture";

/**
 * Read a document from a file.
 *
 * @throws {TypeError} with a sentence for the person when the file is no graph document
 */
export async function readDocument(file) {
  if (file.size > MAX_BYTES) throw new TypeError(gettext("This file is larger than a graph document can be (2 MB)."));
  return checkDocument(await file.text());
}

export function checkDocument(text) {
  const graph = parse(text);
  if (graph === null || typeof graph !== "object" || !Array.isArray(graph.nodes) || !Array.isArray(graph.edges)) {
    throw new TypeError(fill(gettext("This is no graph document: it needs format “%(format)s”, nodes and edges."), { format: FORMAT }));
  }
  if (graph.format !== FORMAT) {
    throw new TypeError(fill(gettext("The format of this file is “%(found)s”; needed is “%(format)s”."), { found: String(graph.format), format: FORMAT }));
  }
  const ids = new Set();
  for (const node of graph.nodes) {
    if (typeof node?.id !== "string" || typeof node.op !== "string") throw new TypeError(gettext("Every node needs an id and an operator."));
    if (ids.has(node.id)) throw new TypeError(fill(gettext("Two nodes have the id “%(id)s”."), { id: node.id }));
    if (node.params !== undefined && (node.params === null || typeof node.params !== "object")) {
      throw new TypeError(fill(gettext("The parameters of “%(id)s” are no object."), { id: node.id }));
    }
    ids.add(node.id);
  }
  for (const edge of graph.edges) {
    if (!ids.has(edge?.source) || !ids.has(edge?.target)) throw new TypeError(gettext("An edge names a node that is not there."));
  }
  return {
    format: FORMAT,
    name: typeof graph.name === "string" ? graph.name.slice(0, 200) : "",
    nodes: graph.nodes.map(({ id, op, params }) => ({ id, op, params: params ?? {} })),
    edges: graph.edges.map(wholeEdge),
  };
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) throw new TypeError(gettext("This file is not JSON."));
    throw error;
  }
}
