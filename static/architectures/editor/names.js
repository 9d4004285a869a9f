/** Ids of nodes become attribute names of the generated module. */

import { fill } from "./text.js";

const RULE = /^[A-Za-z][A-Za-z0-9_]{0,63}$/;

/** What people call their layers; everything else is called by its operator. */
const STEMS = {
  Conv: "conv",
  ConvTranspose: "deconv",
  DepthwiseConv: "dwconv",
  Linear: "fc",
  BatchNorm: "bn",
  LayerNorm: "ln",
  GroupNorm: "gn",
  MaxPool: "pool",
  AvgPool: "pool",
  AdaptiveAvgPool: "pool",
  AdaptiveMaxPool: "pool",
  MultiheadAttention: "attention",
  TransformerEncoder: "encoder",
  ResidualBlock: "block",
  SqueezeExcite: "se",
};

/** `Conv2d` -> `conv1`, `conv2`...; a wanted id counts on from its own number when it is taken. */
export function freshId(store, op, wanted = null) {
  if (wanted && RULE.test(wanted) && !store.nodes.has(wanted)) return wanted;
  const kind = op.replace(/\d+d$/, "");
  const stem = (wanted ?? STEMS[kind] ?? kind.toLowerCase()).replace(/\d+$/, "").replace(/[^A-Za-z0-9_]/g, "");
  const base = RULE.test(stem) ? stem.slice(0, 56) : "node";
  let number = Number(/\d{1,6}$/.exec(wanted ?? "")?.[0] ?? 0) + 1;
  while (store.nodes.has(`${base}${number}`)) number += 1;
  return `${base}${number}`;
}

/** A sentence when an id cannot be used, else "". */
export function idFault(store, id) {
  if (!RULE.test(id)) {
    return gettext("An id starts with a letter and has only letters a-z, digits and underscores, at most 64.");
  }
  if (store.nodes.has(id)) return fill(gettext("There is already a node %(id)s."), { id });
  return "";
}
