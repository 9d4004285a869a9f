/** May this output go into that input? Says why not, before the connection is made. */

import { fill, shapeText } from "./text.js";

/**
 * @returns {{ok: boolean, reason: string, replaces: object | null, doubtful: boolean}} `reason` also explains a
 *   legal but noteworthy connection: one that replaces another, or whose shape will not fit.
 */
export function judge(editor, source, sourcePort, target, targetPort) {
  const { store, analysis } = editor;
  if (source === target) return refuse(gettext("A node cannot feed itself."));
  if (store.reachable(target).has(source)) {
    return refuse(fill(gettext("This would close a cycle: %(target)s already leads to %(source)s."), { source, target }));
  }
  const edges = store.incoming(target);
  if (edges.some((edge) => edge.source === source && edge.source_port === sourcePort && edge.target_port === targetPort)) {
    return refuse(gettext("These two are already connected."));
  }
  // Not refused: whoever connects may be about to insert a Flatten in between.
  const doubt = wrongRank(editor, source, sourcePort, target, analysis);
  const replaces = edges.find((edge) => edge.target_port === targetPort) ?? null;
  const reason = replaces
    ? fill(gettext("Takes the place of %(node)s on port %(port)s."), { node: replaces.source, port: targetPort })
    : "";
  return { ok: true, reason: [doubt, reason].filter(Boolean).join(" "), replaces, doubtful: doubt !== "" };
}

const refuse = (reason) => ({ ok: false, reason, replaces: null, doubtful: false });

/** The shape that flows is known from the last analysis; the ranks that an operator takes from the catalogue. */
function wrongRank(editor, source, sourcePort, target, analysis) {
  const shape = analysis.outputShape(source, sourcePort);
  const node = editor.store.nodes.get(target);
  const operator = editor.catalogue.get(node.op);
  const ranks = operator?.ranks;
  if (!shape || !Array.isArray(ranks) || !ranks.length || ranks.includes(shape.length)) return "";
  return fill(gettext("%(title)s takes %(ranks)s dimensions; %(source)s gives %(shape)s."), {
    title: operator.title,
    ranks: ranks.join(` ${gettext("or")} `),
    source,
    shape: shapeText(shape),
  });
}
