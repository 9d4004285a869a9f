/** The few words under a node's name: what tells one Conv2d from the next. */

import { shapeText } from "./text.js";

/** Always shown: what the node makes of its input. */
const MAIN = {
  shape: shapeText,
  builder: String,
  out_channels: String,
  out_features: String,
  num_classes: String,
  num_embeddings: String,
  embedding_dim: String,
  kernel_size: (value, param) => axes(value, param),
  output_size: (value, param) => axes(value, param),
};

/** Shown when they differ from the default, in short. */
const SHORT = {
  stride: (value) => `s${list(value)}`,
  padding: (value) => `p${list(value)}`,
  dilation: (value) => `d${list(value)}`,
  groups: (value) => `g${value}`,
};

export function summary(node, catalogue) {
  const words = [];
  for (const param of catalogue.params(node.op)) {
    const value = node.params?.[param.name] ?? param.default;
    if (value === null || value === undefined) continue;
    const usual = !param.required && JSON.stringify(value) === JSON.stringify(param.default);
    if (MAIN[param.name]) words.push(MAIN[param.name](value, param));
    else if (!usual) words.push((SHORT[param.name] ?? word)(value, param));
    else if (param.kind === "choice" && param.choices.length > 4) words.push(value);
  }
  return words.filter(Boolean).join(" · ");
}

function word(value, param) {
  if (typeof value === "boolean") return value ? param.name : `no ${param.name}`;
  return `${param.name} ${list(value)}`;
}

/** One number stands for all axes: 3 of a 2d window is 3×3. */
function axes(value, param) {
  const total = Array.isArray(param.axes) ? param.axes[1] : param.axes;
  return Array.isArray(value) ? list(value) : Array(total).fill(value).join("×");
}

const list = (value) => (Array.isArray(value) ? value.join("×") : String(value));
