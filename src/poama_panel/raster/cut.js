// @ts-check
// Which part of a large grid a view needs, and how finely (data_layer/cuts.py has the rules).

/** @typedef {import("./coast.js").View} View */
/**
 * A whole grid: rows and columns, centre of the first cell, size of a cell in degrees.
 * @typedef {{shape: [number, number], x0: number, dx: number, y0: number, dy: number, wraps: boolean}} Grid
 */

const BLOCK = 128
const MOST_LEVELS = 8
/** Cells that are sent whole: then the map can be moved without asking again. */
const WHOLE = 1 << 20
/** A cell may be larger than a pixel by so many doublings. */
const LENIENT = 0.25

/**
 * The part of a grid for a view, as it ends a frame's address; empty for the whole grid.
 * @param {Grid} grid @param {View} view
 * @param {number} pixelX degrees to a pixel eastward @param {number} pixelY northward
 * @returns {string}
 */
export function cutFor(grid, view, pixelX, pixelY) {
  const [ny, nx] = grid.shape
  if (ny * nx <= WHOLE) return ""
  const finest = Math.log2(Math.min(pixelX / grid.dx, pixelY / grid.dy)) + LENIENT
  const level = Math.max(0, Math.min(MOST_LEVELS, Math.floor(finest)))
  const side = 2 ** level
  const rows = Math.ceil(ny / side)
  const columns = Math.ceil(nx / side)
  const parts = level ? [`level=${level}`] : []
  if (rows * columns > WHOLE) {
    const south = (view.south - grid.y0) / grid.dy + 0.5
    const north = (view.north - grid.y0) / grid.dy + 0.5
    const up = within(south / side, north / side, rows)
    if (up) parts.push(`rows=${up[0]}-${up[1]}`)
    const west = (view.west - grid.x0) / grid.dx + 0.5
    const east = (view.east - grid.x0) / grid.dx + 0.5
    // Where the last cell of a level is narrower than the others, the circle is not closed.
    const round = grid.wraps ? nx / side : 360 / grid.dx / side
    const along = around(west / side, east / side, columns, round, grid.wraps && nx % side === 0)
    if (along) parts.push(`columns=${along[0]}-${along[1]}`)
  }
  return parts.length ? `?${parts.join("&")}` : ""
}

/**
 * Blocks that hold what lies between two places, or null for all; the nearest one where
 * nothing of the grid lies there.
 * @param {number} low @param {number} high @param {number} count
 * @returns {[number, number] | null}
 */
function within(low, high, count) {
  const first = BLOCK * Math.floor(Math.max(0, Math.min(count - 1, low)) / BLOCK)
  const last = Math.min(count, BLOCK * Math.ceil(Math.max(first + 1, Math.min(count, high)) / BLOCK))
  return first === 0 && last === count ? null : [first, last]
}

/**
 * The same along a circle, at whatever turn the places are.
 * @param {number} low @param {number} high @param {number} count cells
 * @param {number} round cells to a turn @param {boolean} closed whether cell 0 comes after the last
 * @returns {[number, number] | null}
 */
function around(low, high, count, round, closed) {
  if (high - low >= round) return null
  const turned = low - round * Math.floor(low / round)
  const end = turned + high - low
  if (!closed) {
    // What is left over of a turn lies before the grid's first cell: then all of it is taken.
    return end > round ? null : within(turned, end, count)
  }
  const first = BLOCK * Math.floor(Math.min(count - 1, turned) / BLOCK)
  const past = BLOCK * Math.ceil((end - count) / BLOCK)
  const last = end > count ? count + past : Math.min(count, BLOCK * Math.ceil(end / BLOCK))
  return last - first >= count ? null : [first, last]
}

/**
 * The whole grid that a frame is a part of; the frame's own if it is none.
 * @param {import("./decode.js").Header} header @param {Grid} grid as it was taken to be
 * @returns {Grid}
 */
export function gridOf(header, grid) {
  if (!header.full || !header.at) return header
  const side = 2 ** (header.level ?? 0)
  const dx = header.dx / side
  const dy = header.dy / side
  const middle = (side - 1) / 2
  return {
    shape: header.full,
    x0: header.x0 - header.at[1] * header.dx - middle * dx,
    y0: header.y0 - header.at[0] * header.dy - middle * dy,
    ...{dx, dy, wraps: grid.wraps},
  }
}
