// @ts-check
// What the pointer reads off the map.

import {cellAt, centreOf, valueAt} from "./decode.js"
import {decimals, placeName, signed} from "./colour.js"

/**
 * The value at a place and the centre of its cell, or null beside the grid.
 * @param {import("./decode.js").Frame} frame @param {import("./colour.js").Display} display
 * @param {number} lon @param {number} lat
 * @returns {string | null}
 */
export function readingOf(frame, display, lon, lat) {
  const {header} = frame
  const cell = cellAt(header, lon, lat)
  if (cell === null) return null
  const [row, column] = cell
  const value = valueAt(frame, row, column) * display.scale + display.offset
  const words = wordsFor(value, header, display)
  // Of a coarser level it is no cell of the file's.
  const side = display.classes?.length ? 1 : 2 ** (header.level ?? 0)
  const wide = side > 1 ? ` · mean of ${side} × ${side} cells` : ""
  return `${words} · ${placeName(...centreOf(header, row, column))}${wide}`
}

/**
 * @param {number} value as shown @param {import("./decode.js").Header} header
 * @param {import("./colour.js").Display} display
 */
function wordsFor(value, header, display) {
  if (Number.isNaN(value)) return "no data"
  if (display.classes?.length) return display.classes[Math.round(value) - 1] ?? "no data"
  // Rounded to fewer decimals than the offset has (273.15), a value would be rounded twice.
  const fine = Math.max(decimals(header.step, display.scale), decimalsOf(display.offset))
  const digits = Math.min(fine, display.digits ?? Infinity)
  const text = signed(value.toFixed(digits))
  const plus = display.plus && Number(value.toFixed(digits)) > 0 ? "+" : ""
  return `${plus}${text} ${display.units}`.trim()
}

/** How many decimals a number is written with. @param {number} value */
function decimalsOf(value) {
  return String(value).split(".")[1]?.length ?? 0
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
