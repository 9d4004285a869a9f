/** Colours for Python, as spans with text nodes. A reader's help, not a parser. */

import { html } from "./elements.js";

const TOKEN =
  /("""[\s\S]*?(?:"""|$)|'''[\s\S]*?(?:'''|$)|[rbf]*"(?:\\.|[^"\\\n])*"|[rbf]*'(?:\\.|[^'\\\n])*')|(#[^\n]*)|(\b\d[\w.]*\b)|(@[\w.]+)|\b([A-Za-z_]\w*)\b/g;
const WORDS = new Set(
  ("and as assert async await break class continue def del elif else except finally for from global if import in is " +
    "lambda None nonlocal not or pass raise return True False try while with yield self").split(" "),
);

/** Lines of a Python text, each a list of nodes. */
export function pythonLines(text) {
  const lines = [[]];
  const push = (piece, kind) => {
    piece.split("\n").forEach((part, index) => {
      if (index) lines.push([]);
      if (part) lines.at(-1).push(kind ? html("span", { class: `code-${kind}` }, part) : document.createTextNode(part));
    });
  };
  let last = 0;
  for (const match of text.matchAll(TOKEN)) {
    push(text.slice(last, match.index));
    push(match[0], kindOf(match));
    last = match.index + match[0].length;
  }
  push(text.slice(last));
  return lines;
}

export const plainLines = (text) => text.split("\n").map((line) => (line ? [document.createTextNode(line)] : []));

function kindOf([, string, comment, number, decorator, word]) {
  if (string) return "string";
  if (comment) return "comment";
  if (number) return "value";
  if (decorator) return "word";
  return word && WORDS.has(word) ? "word" : null;
}
