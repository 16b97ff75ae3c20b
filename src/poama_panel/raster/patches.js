// @ts-check
// Which cells a view needs, and no more of them than it has pixels.

/** @typedef {import("./coast.js").View} View */
/**
 * A rectangle of the map, and the rows and columns of the grid that fill it: `whole`
 * if that is every one within it.
 * @typedef {object} Patch
 * @property {number} x @property {number} dw @property {Int32Array} columns
 * @property {number} y @property {number} dh @property {Int32Array} rows
 * @property {boolean} whole
 */

const TURNS = 3

/** A view without what is more than three turns wide. @param {View} view @returns {View} */
export function withinReach(view) {
  const middle = (view.west + view.east) / 2
  const reach = 180 * TURNS
  return {...view, west: Math.max(view.west, middle - reach), east: Math.min(view.east, middle + reach)}
}

/** A view and `part` of its size around it. @param {View} view @param {number} part @returns {View} */
export function widened({west, east, south, north}, part) {
  const x = part * (east - west)
  const y = part * (north - south)
  return {west: west - x, east: east + x, south: south - y, north: north + y}
}

/** @param {View} outer @param {View} inner */
export function covers(outer, inner) {
  return outer.west <= inner.west && outer.east >= inner.east && outer.south <= inner.south && outer.north >= inner.north
}

/**
 * What shows a view: one patch of a grid that goes round the globe, its columns
 * repeated as often as the view comes round; else one at each turn that shows the grid.
 * @param {import("./decode.js").Header} header @param {View} view
 * @param {number} pixelX degrees to a pixel eastward @param {number} pixelY northward
 * @returns {Patch[]}
 */
export function patches(header, view, pixelX, pixelY) {
  const {west, east, south, north} = withinReach(view)
  const [ny, nx] = header.shape
  const rows = along(south, north, header.y0 - header.dy / 2, header.dy, ny, false, pixelY)
  if (rows === null) return []
  const edge = header.x0 - header.dx / 2
  const found = []
  const first = header.wraps ? 0 : Math.ceil((west - edge - nx * header.dx) / 360)
  const last = header.wraps ? 0 : Math.floor((east - edge) / 360)
  for (let turn = first; turn <= last; turn++) {
    const columns = along(west, east, edge + 360 * turn, header.dx, nx, header.wraps, pixelX)
    if (columns === null) continue
    found.push({
      ...{x: columns.at, dw: columns.length, columns: columns.cells},
      ...{y: rows.at, dh: rows.length, rows: rows.cells},
      whole: columns.whole && rows.whole,
    })
  }
  return found
}

/**
 * Cells along an axis: all of them, or, where they are smaller than a pixel, the one
 * in the middle of each pixel, and of one more at either end.
 * @param {number} low @param {number} high what to cover
 * @param {number} edge where cell 0 begins @param {number} step size of a cell
 * @param {number} count @param {boolean} wraps whether cell 0 comes again after the last
 * @param {number} pixel
 * @returns {{at: number, length: number, cells: Int32Array, whole: boolean} | null}
 */
function along(low, high, edge, step, count, wraps, pixel) {
  const whole = step >= pixel
  if (!whole) {
    // A canvas rounds: nothing may be missing at the view's edge.
    low -= pixel
    high += pixel
  }
  if (!wraps) {
    low = Math.max(low, edge)
    high = Math.min(high, edge + count * step)
  }
  if (!(high > low)) return null
  const first = Math.floor((low - edge) / step + 1e-9)
  const at = whole ? edge + first * step : low
  const n = whole ? Math.ceil((high - edge) / step - 1e-9) - first : Math.ceil((high - low) / pixel - 1e-9)
  const size = whole ? step : (high - low) / n
  const cells = new Int32Array(n)
  for (let i = 0; i < n; i++) {
    const cell = Math.floor((at + (i + 0.5) * size - edge) / step)
    cells[i] = wraps ? ((cell % count) + count) % count : Math.max(0, Math.min(count - 1, cell))
  }
  return {at, length: n * size, cells, whole}
}
