/** Ids of nodes become attribute names of the generated module. */

import { fill } from "./text.js";

const RULE = /^[A-Za-z][A-Za-z0-9_]{0,63}$/;

/** `Conv2d` -> `conv2d1`, `conv2d2`...; a wanted id is taken when it is free. */
export function freshId(store, op, wanted = null) {
  if (wanted && RULE.test(wanted) && !store.nodes.has(wanted)) return wanted;
  const plain = (wanted ?? op).replace(/[^A-Za-z0-9_]/g, "").replace(/^[^A-Za-z]+/, "");
  let stem = plain || "node";
  if (!wanted) stem = stem.charAt(0).toLowerCase() + stem.slice(1);
  // A number at the end counts on; "Conv2d" ends in a letter and gets one after an underscore.
  const match = wanted ? /^(.*?)_?(\d+)$/.exec(stem) : null;
  const base = (match ? match[1] : stem).slice(0, 56);
  const bare = wanted ? null : base;
  if (bare && !store.nodes.has(bare)) return bare;
  for (let number = match ? Number(match[2]) + 1 : 2; ; number += 1) {
    const id = `${base}${match ? "" : "_"}${number}`;
    if (!store.nodes.has(id)) return id;
  }
}

/** A sentence when an id cannot be used, else "". */
export function idFault(store, id) {
  if (!RULE.test(id)) {
    return gettext("An id starts with a letter and has only letters a-z, digits and underscores, at most 64.");
  }
  if (store.nodes.has(id)) return fill(gettext("There is already a node %(id)s."), { id });
  return "";
}
