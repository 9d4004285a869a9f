/** The few words under a node's title: what tells one Conv2d from the next. */

import { shapeText } from "./text.js";

const SHORT = {
  kernel_size: (value) => list(value),
  stride: (value) => (plain(value) === 1 ? "" : `s${list(value)}`),
  padding: (value) => (plain(value) === 0 ? "" : `p${list(value)}`),
  dilation: (value) => (plain(value) === 1 ? "" : `d${list(value)}`),
  groups: (value) => (value === 1 ? "" : `g${value}`),
  bias: (value) => (value ? "" : "no bias"),
  shape: (value) => shapeText(value),
};

export function summary(node, catalogue) {
  const words = [];
  for (const param of catalogue.params(node.op)) {
    const value = node.params?.[param.name] ?? param.default;
    if (value === null || value === undefined) continue;
    const short = SHORT[param.name];
    if (short) words.push(short(value));
    else if (param.required || JSON.stringify(value) !== JSON.stringify(param.default)) words.push(word(param, value));
  }
  return words.filter(Boolean).join(" ");
}

function word(param, value) {
  if (typeof value === "boolean") return value ? param.name : `no ${param.name}`;
  if (typeof value === "number" && !param.required) return `${param.name} ${value}`;
  return Array.isArray(value) ? list(value) : String(value);
}

const plain = (value) => (Array.isArray(value) && new Set(value).size === 1 ? value[0] : value);
const list = (value) => (Array.isArray(value) ? value.join("×") : String(value));
