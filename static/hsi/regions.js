/** Connected groups of pixels above a threshold (corners touch), strongest first. */

/**
 * @param {Float32Array} scores @param {number} width @param {number} threshold pixels at or above it count
 * @returns {{row: number, column: number, size: number, peak: number, mean: number, top: number, left: number,
 *   bottom: number, right: number, first: number}[]} row and column are those of the peak; `first` is its index
 */
export function regionsAbove(scores, width, threshold) {
  const height = scores.length / width;
  const seen = new Uint8Array(scores.length);
  const stack = [];
  const found = [];
  for (let start = 0; start < scores.length; start += 1) {
    if (seen[start] || !(scores[start] >= threshold)) continue;
    const region = { size: 0, peak: -Infinity, sum: 0, top: height, left: width, bottom: 0, right: 0, first: start };
    seen[start] = 1;
    stack.push(start);
    while (stack.length) {
      const at = stack.pop();
      const row = Math.floor(at / width);
      const column = at - row * width;
      add(region, row, column, scores[at], at);
      for (let y = Math.max(0, row - 1); y <= Math.min(height - 1, row + 1); y += 1) {
        for (let x = Math.max(0, column - 1); x <= Math.min(width - 1, column + 1); x += 1) {
          const next = y * width + x;
          if (seen[next] || !(scores[next] >= threshold)) continue;
          seen[next] = 1;
          stack.push(next);
        }
      }
    }
    found.push({ ...region, mean: region.sum / region.size });
  }
  return found.sort((a, b) => b.peak - a.peak || a.first - b.first);
}

function add(region, row, column, score, at) {
  region.size += 1;
  region.sum += score;
  region.top = Math.min(region.top, row);
  region.bottom = Math.max(region.bottom, row);
  region.left = Math.min(region.left, column);
  region.right = Math.max(region.right, column);
  if (score > region.peak) Object.assign(region, { peak: score, row, column, first: at });
}
