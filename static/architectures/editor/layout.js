/**
 * Automatic layout in layers (after Sugiyama, Tagawa and Toda, 1981, in small).
 *
 * 1. Edges that close a cycle are left out. 2. Each node gets the layer of its longest way from a start.
 * 3. Long edges get a bend in every layer they cross. 4. Layers are ordered by the mean place of their
 * neighbours, several times up and down. 5. Columns are pulled towards their neighbours without overlap.
 */

import { COLUMN, ROW, snap } from "./geometry.js";

const SWEEPS = 8;
const BEND_WIDTH = 64;

/**
 * @param {string[]} ids nodes to place
 * @param {{source: string, target: string}[]} edges
 * @returns {Map<string, {x: number, y: number}>} top left corners, the first row at y = 0
 */
export function layered(ids, edges) {
  const graph = withoutCycles(ids, edges);
  const layers = withBends(graph, layersOf(graph));
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) order(layers, sweep % 2 === 0);
  straighten(layers);
  const places = new Map();
  layers.forEach((layer, depth) => {
    for (const cell of layer) if (!cell.bend) places.set(cell.id, { x: snap(cell.x), y: depth * ROW });
  });
  return places;
}

function withoutCycles(ids, edges) {
  const next = new Map(ids.map((id) => [id, []]));
  for (const { source, target } of edges) if (next.has(source) && next.has(target)) next.get(source).push(target);
  const state = new Map();
  const kept = new Map(ids.map((id) => [id, []]));
  for (const start of ids) {
    if (state.has(start)) continue;
    const stack = [[start, 0]];
    state.set(start, "open");
    while (stack.length) {
      const frame = stack.at(-1);
      const [id, position] = frame;
      if (position >= next.get(id).length) {
        state.set(id, "done");
        stack.pop();
        continue;
      }
      frame[1] += 1;
      const target = next.get(id)[position];
      if (state.get(target) === "open") continue;
      kept.get(id).push(target);
      if (!state.has(target)) {
        state.set(target, "open");
        stack.push([target, 0]);
      }
    }
  }
  return kept;
}

function layersOf(graph) {
  const waiting = new Map([...graph.keys()].map((id) => [id, 0]));
  for (const targets of graph.values()) for (const target of targets) waiting.set(target, waiting.get(target) + 1);
  const depth = new Map();
  const queue = [...graph.keys()].filter((id) => waiting.get(id) === 0);
  for (const id of queue) depth.set(id, 0);
  while (queue.length) {
    const id = queue.shift();
    for (const target of graph.get(id)) {
      depth.set(target, Math.max(depth.get(target) ?? 0, depth.get(id) + 1));
      waiting.set(target, waiting.get(target) - 1);
      if (waiting.get(target) === 0) queue.push(target);
    }
  }
  return depth;
}

function withBends(graph, depth) {
  const layers = Array.from({ length: Math.max(-1, ...depth.values()) + 1 }, () => []);
  const cells = new Map();
  for (const [id, layer] of depth) {
    const cell = { id, bend: false, up: [], down: [], x: 0 };
    cells.set(id, cell);
    layers[layer].push(cell);
  }
  for (const [id, targets] of graph) {
    for (const target of targets) {
      let above = cells.get(id);
      for (let layer = depth.get(id) + 1; layer < depth.get(target); layer += 1) {
        const bend = { id: null, bend: true, up: [], down: [], x: 0 };
        join(above, bend);
        layers[layer].push(bend);
        above = bend;
      }
      join(above, cells.get(target));
    }
  }
  for (const layer of layers) layer.forEach((cell, index) => (cell.rank = index));
  return layers;
}

function join(above, below) {
  above.down.push(below);
  below.up.push(above);
}

function order(layers, downwards) {
  const walk = downwards ? layers : [...layers].reverse();
  for (const layer of walk) {
    for (const cell of layer) {
      const near = downwards ? cell.up : cell.down;
      cell.weight = near.length ? mean(near.map((other) => other.rank)) : cell.rank;
    }
    // On a tie a node goes before a bend: the main path stays in the middle column.
    layer.sort((a, b) => a.weight - b.weight || Number(a.bend) - Number(b.bend));
    layer.forEach((cell, index) => (cell.rank = index));
  }
}

const width = (cell) => (cell.bend ? BEND_WIDTH : COLUMN);

function straighten(layers) {
  for (const layer of layers) {
    let x = 0;
    for (const cell of layer) {
      cell.x = x;
      x += width(cell);
    }
    for (const cell of layer) cell.x -= x / 2;
  }
  for (let sweep = 0; sweep < SWEEPS * 2; sweep += 1) {
    const downwards = sweep % 2 === 0;
    for (const layer of downwards ? layers : [...layers].reverse()) pull(layer, downwards);
  }
}

/** Move the cells of one layer towards their neighbours, keeping order and distance. Nodes go first. */
function pull(layer, downwards) {
  for (const cell of layer) {
    const near = downwards ? cell.up : cell.down;
    // A node follows nodes rather than bends, so that chains stay straight.
    const main = cell.bend ? near : near.filter((other) => !other.bend);
    const used = main.length ? main : near;
    cell.wanted = used.length ? mean(used.map(middle)) - width(cell) / 2 : cell.x;
  }
  placeNodes(layer);
  placeBends(layer);
}

/** Halfway between pushing conflicts to the right and to the left; bends only claim their room. */
function placeNodes(layer) {
  const nodes = [];
  let room = 0;
  for (const cell of layer) {
    if (!cell.bend) nodes.push({ cell, room });
    room = cell.bend ? room + BEND_WIDTH : COLUMN;
  }
  const fromLeft = [];
  nodes.forEach(({ cell, room: before }, i) => {
    fromLeft[i] = i ? Math.max(cell.wanted, fromLeft[i - 1] + before) : cell.wanted;
  });
  let limit = Infinity;
  for (let i = nodes.length - 1; i >= 0; i -= 1) {
    const right = Math.min(nodes[i].cell.wanted, limit);
    limit = right - nodes[i].room;
    nodes[i].cell.x = (fromLeft[i] + right) / 2;
  }
}

function placeBends(layer) {
  let low = -Infinity;
  layer.forEach((cell, index) => {
    if (cell.bend) {
      const next = layer.findIndex((other, place) => place > index && !other.bend);
      const high = next < 0 ? Infinity : layer[next].x - (next - index) * BEND_WIDTH;
      cell.x = Math.max(low, Math.min(cell.wanted, high));
    }
    low = cell.x + width(cell);
  });
}

const middle = (cell) => cell.x + width(cell) / 2;
const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
