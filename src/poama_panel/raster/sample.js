// @ts-check
// Which cell of a grid stands at each pixel of the map.

/**
 * A row or column of pixels: where the middle of the first is, how far it is from one to the
 * next (both in degrees), and how many there are.
 * @typedef {{at: number, step: number, count: number}} Pixels
 */
/** @typedef {import("./decode.js").Header} Header */

/** Of a pixel beside the grid. */
export const NONE = -1

/** So far to either side of the middle a view shows the globe, however far out it is. */
const REACH = 3 * 180

/** A middle on the edge between two cells belongs to the second, whatever the rounding. */
const EDGE = 1e-6

/**
 * The column of cells at each pixel, at whatever turn round the globe the pixel is.
 * @param {Pixels} pixels eastward @param {Header} header
 * @returns {Int32Array}
 */
export function columnsAt({at, step, count}, {x0, dx, shape, wraps}) {
  const edge = x0 - dx / 2
  const middle = at + (step * (count - 1)) / 2
  return Int32Array.from({length: count}, (_, i) => {
    const lon = at + i * step
    if (Math.abs(lon - middle) > REACH) return NONE
    const turned = lon - edge - 360 * Math.floor((lon - edge) / 360)
    const cell = Math.floor(turned / dx + EDGE)
    if (cell < shape[1]) return cell
    return wraps ? 0 : NONE
  })
}

/**
 * The row of cells at each pixel.
 * @param {Pixels} pixels from the first row of them to the last @param {Header} header
 * @returns {Int32Array}
 */
export function rowsAt({at, step, count}, {y0, dy, shape}) {
  return Int32Array.from({length: count}, (_, i) => {
    const cell = Math.floor((at + i * step - y0) / dy + 0.5 + EDGE)
    return cell >= 0 && cell < shape[0] ? cell : NONE
  })
}
