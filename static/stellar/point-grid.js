/** Points in the cells of a grid, so that the one next to the pointer is found without looking at all of them. */

const POINTS_IN_A_CELL = 6;

export class PointGrid {
  /** @param {Float32Array} x @param {Float32Array} y @param {{left: number, right: number, low: number, high: number}} bounds */
  constructor(x, y, bounds) {
    Object.assign(this, { x, y, bounds });
    this.side = Math.max(1, Math.ceil(Math.sqrt(x.length / POINTS_IN_A_CELL)));
    this.starts = new Uint32Array(this.side ** 2 + 1);
    const cells = new Uint32Array(x.length);
    for (let at = 0; at < x.length; at += 1) {
      cells[at] = this.row(y[at]) * this.side + this.column(x[at]);
      this.starts[cells[at] + 1] += 1;
    }
    for (let cell = 0; cell < this.side ** 2; cell += 1) this.starts[cell + 1] += this.starts[cell];
    const next = this.starts.slice();
    this.members = new Uint32Array(x.length);
    for (let at = 0; at < x.length; at += 1) this.members[next[cells[at]]++] = at;
  }

  column(x) {
    return this.bound(((x - this.bounds.left) / (this.bounds.right - this.bounds.left)) * this.side);
  }

  row(y) {
    return this.bound(((y - this.bounds.low) / (this.bounds.high - this.bounds.low)) * this.side);
  }

  bound(value) {
    return Math.min(this.side - 1, Math.max(0, Math.floor(value)));
  }

  /** @returns {number} the shown point nearest to a place, counted in reaches, or -1 if none is within one reach */
  nearest({ x, y }, reach, shown) {
    let best = 1;
    let found = -1;
    const [first, last] = [this.column(x - reach.x), this.column(x + reach.x)];
    const top = this.row(y + reach.y);
    for (let row = this.row(y - reach.y); row <= top; row += 1) {
      const end = this.starts[row * this.side + last + 1];
      for (let at = this.starts[row * this.side + first]; at < end; at += 1) {
        const index = this.members[at];
        const far = Math.hypot((this.x[index] - x) / reach.x, (this.y[index] - y) / reach.y);
        if (far <= best && shown[index]) {
          best = far;
          found = index;
        }
      }
    }
    return found;
  }

  /** @returns {number} the next shown point in a direction, what lies straight ahead before what lies aside; or -1 */
  beyond(from, { right, up }, scale, shown) {
    let best = Infinity;
    let found = -1;
    for (let at = 0; at < this.x.length; at += 1) {
      if (!shown[at] || at === from) continue;
      const across = (this.x[at] - this.x[from]) * scale.x;
      const along = (this.y[at] - this.y[from]) * scale.y;
      const ahead = across * right + along * up;
      const aside = Math.abs(across * up) + Math.abs(along * right);
      if (ahead <= 0 || aside > ahead) continue;
      const far = ahead + 2 * aside;
      if (far < best) {
        best = far;
        found = at;
      }
    }
    return found;
  }
}

/** @returns {boolean} whether a place lies in a polygon (even-odd rule) */
export function isInside(polygon, left, top) {
  let inside = false;
  for (let at = 0, before = polygon.length - 1; at < polygon.length; before = at, at += 1) {
    const [x, y] = polygon[at];
    const [lastX, lastY] = polygon[before];
    if (y > top !== lastY > top && left < ((lastX - x) * (top - y)) / (lastY - y) + x) inside = !inside;
  }
  return inside;
}
