// @ts-check
// A region of the globe as a view.

/**
 * The view that holds a region, with degrees as long upward as eastward.
 * @param {number[]} region west, east, south, north
 * @param {number} width of the plot in pixels @param {number} height
 * @returns {import("./coast.js").View}
 */
export function viewOf([west, east, south, north], width, height) {
  const scale = Math.max((east - west) / width, (north - south) / height)
  const [x, y] = [(west + east) / 2, (south + north) / 2]
  return {
    west: x - (scale * width) / 2,
    east: x + (scale * width) / 2,
    south: y - (scale * height) / 2,
    north: y + (scale * height) / 2,
  }
}

/**
 * Whether the middle of a cell is in view.
 * @param {import("./decode.js").Header} header @param {any} figure Bokeh figure
 * @returns {(row: number, column: number) => boolean}
 */
export function seenIn(header, {x_range, y_range}) {
  return (row, column) => {
    const lat = header.y0 + row * header.dy
    const lon = header.x0 + column * header.dx
    const across = [0, -360, 360].some((turn) => lon + turn >= x_range.start && lon + turn <= x_range.end)
    return across && lat >= y_range.start && lat <= y_range.end
  }
}
