// @ts-check
// What the pointer reads off the map.

import {cellAt, centreOf, valueOf} from "./decode.js"
import {decimals, placeName, signed} from "./colour.js"

/**
 * The value at a place and the centre of its cell, or null beside the grid.
 * @param {import("./decode.js").Frame} frame @param {import("./colour.js").Display} display
 * @param {number} lon @param {number} lat
 * @returns {string | null}
 */
export function readingOf({header, cells}, display, lon, lat) {
  const cell = cellAt(header, lon, lat)
  if (cell === null) return null
  const [row, column] = cell
  const value = valueOf(header, cells[row * header.shape[1] + column]) * display.scale + display.offset
  const digits = decimals(header.step, display.scale)
  const text = Number.isNaN(value) ? "no data" : `${signed(value.toFixed(digits))} ${display.units}`
  return `${text} · ${placeName(...centreOf(header, row, column))}`
}

/**
 * Beside the pointer, on the side where there is room.
 * @param {{left: string, right: string, top: string}} style
 * @param {number} x pixels from the left @param {number} y from the top @param {number} width
 */
export function standBeside(style, x, y, width) {
  const right = x > width * 0.7
  style.left = right ? "auto" : `${x + 14}px`
  style.right = right ? `${width - x + 14}px` : "auto"
  style.top = `${y + 12}px`
}
