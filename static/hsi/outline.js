/** Outlines of marked pixels, as paths in pixel coordinates (x = column, y = row). */

/**
 * The edges between marked and other pixels; neighbouring edges of a line are joined.
 * @param {ArrayLike<number>} marked truthy where marked @param {number} width @returns {Path2D}
 */
export function outlineOf(marked, width) {
  const height = marked.length / width;
  const path = new Path2D();
  const at = (row, column) => (row >= 0 && column >= 0 && row < height && column < width && marked[row * width + column] ? 1 : 0);
  for (let row = 0; row <= height; row += 1) {
    let began = -1;
    for (let column = 0; column <= width; column += 1) {
      const edge = column < width && at(row - 1, column) !== at(row, column);
      if (edge && began < 0) began = column;
      if (!edge && began >= 0) {
        path.moveTo(began, row);
        path.lineTo(column, row);
        began = -1;
      }
    }
  }
  for (let column = 0; column <= width; column += 1) {
    let began = -1;
    for (let row = 0; row <= height; row += 1) {
      const edge = row < height && at(row, column - 1) !== at(row, column);
      if (edge && began < 0) began = row;
      if (!edge && began >= 0) {
        path.moveTo(column, began);
        path.lineTo(column, row);
        began = -1;
      }
    }
  }
  return path;
}
