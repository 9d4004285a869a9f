/** The operators that the server offers: the one declaration that palette, ports and panel are made from. */

const MANY = /^(.*?)(\d+)$/;

export class Catalogue {
  constructor(operators) {
    this.list = operators;
    this.byName = new Map(operators.map((operator) => [operator.name, operator]));
  }

  get(name) {
    return this.byName.get(name) ?? null;
  }

  title(node) {
    return this.get(node.op)?.title ?? node.op;
  }

  category(node) {
    return this.get(node.op)?.category ?? "unknown";
  }

  /** Operators by category, in the order of the catalogue. */
  groups(list = this.list) {
    const groups = new Map();
    for (const operator of list) {
      if (!groups.has(operator.category)) groups.set(operator.category, []);
      groups.get(operator.category).push(operator);
    }
    return groups;
  }

  /** Operators that match every word, names that begin with the text first. */
  search(text) {
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    if (!words.length) return this.list;
    return this.list
      .map((operator) => ({ operator, rank: rankOf(operator, words) }))
      .filter(({ rank }) => rank < Infinity)
      .sort((a, b) => a.rank - b.rank)
      .map(({ operator }) => operator);
  }

  defaults(name) {
    const values = {};
    for (const param of this.params(name)) {
      if (!param.required) values[param.name] = structuredClone(param.default);
    }
    return values;
  }

  params(name) {
    return this.get(name)?.params ?? [];
  }

  /**
   * Input ports of a node: those of its operator and any that edges name.
   *
   * A join takes any number of inputs; it always shows one free port more than it uses.
   */
  inputs(node, edges = []) {
    const operator = this.get(node.op);
    const used = edges.map((edge) => edge.target_port);
    if (!operator) return [...new Set(used)];
    const ports = operator.inputs.map((port) => port.name);
    if (operator.variadic) {
      const numbers = [...ports, ...used].map((port) => MANY.exec(port)).filter(Boolean);
      const taken = used.map((port) => MANY.exec(port)).filter(Boolean).map((match) => Number(match[2]));
      const stem = numbers[0]?.[1] ?? "in";
      const total = Math.max(ports.length, 2, Math.max(-1, ...taken) + 2);
      for (let i = 0; i < Math.min(total, 64); i += 1) if (!ports.includes(`${stem}${i}`)) ports.push(`${stem}${i}`);
    }
    for (const port of used) if (!ports.includes(port)) ports.push(port);
    return ports;
  }

  outputs(node, edges = []) {
    const operator = this.get(node.op);
    const ports = operator ? operator.outputs.map((port) => port.name) : [];
    for (const edge of edges) if (!ports.includes(edge.source_port)) ports.push(edge.source_port);
    return ports;
  }
}

function rankOf(operator, words) {
  const name = operator.name.toLowerCase();
  const title = operator.title.toLowerCase();
  const rest = `${operator.category} ${operator.description ?? ""}`.toLowerCase();
  let rank = 0;
  for (const word of words) {
    if (name === word) rank += 0;
    else if (name.startsWith(word)) rank += 1;
    else if (title.startsWith(word)) rank += 2;
    else if (name.includes(word) || title.includes(word)) rank += 3;
    else if (rest.includes(word)) rank += 6;
    else return Infinity;
  }
  return rank;
}
