// @ts-check
// What lies over the map where past forecasts of the same kind were no good.

import {MISSING} from "./colour.js"
import {NONE} from "./sample.js"

/**
 * What can be laid over a selection: where a score is below `threshold` (any class below it,
 * where it is of classes). `path` is that of the score's frames.
 * @typedef {object} Kind
 * @property {string} key @property {string} title @property {string} path
 * @property {number} threshold @property {number} low @property {number} high @property {number} step
 * @property {boolean} adjustable
 */
/** @typedef {"off" | "fade" | "dots" | "hide"} Style */
/** @typedef {{frame: import("./decode.js").Frame, threshold: number, style: Style}} Veil */

/** How much of a colour a faded pixel keeps. */
const KEPT = 0.3
const PAPER = 0xe4
/** Pixels from dot to dot, and from line to line. */
const APART = 6
const DARK = 0xff5b4a3f
const LINE = 0xffc4bdb6
const WHITE = 0xffffffff

/**
 * Lay it over painted pixels. Where the score is not known the map is veiled, too; where the
 * map has no value it stays as it is.
 * @param {Veil} veil
 * @param {Int32Array} rows the score's row of cells at each row of pixels
 * @param {Int32Array} columns
 * @param {Uint32Array} out pixels, row by row
 * @param {number} [ratio] pixels of the canvas to one of the screen
 */
export function lay({frame, threshold, style}, rows, columns, out, ratio = 1) {
  if (style === "off") return
  const {header, cells} = frame
  // A score that stands at the threshold is good enough.
  const least = Math.ceil(threshold / header.step - header.base - 1e-6)
  const cover = COVERS[style](Math.max(1, Math.round(ratio)))
  const width = columns.length
  for (let y = 0, k = 0; y < rows.length; y++) {
    const start = rows[y] * header.shape[1]
    for (let x = 0; x < width; x++, k++) {
      if (out[k] === MISSING) continue
      const known = rows[y] !== NONE && columns[x] !== NONE ? cells[start + columns[x]] : 0
      if (known === 0 || known < least) out[k] = cover(out[k], x, y)
    }
  }
}

/** @typedef {(pixel: number, x: number, y: number) => number} Cover */
/** @type {Record<string, (unit: number) => Cover>} */
const COVERS = {
  fade: () => faded,
  dots: (unit) => (pixel, x, y) => {
    const row = Math.floor(y / unit) % APART
    // Every other line of dots stands between those of the last.
    const shift = Math.floor(y / unit / APART) % 2 ? APART / 2 : 0
    const column = (Math.floor(x / unit) + shift) % APART
    return row < 2 && column < 2 ? DARK : pixel
  },
  hide: (unit) => (_, x, y) => (Math.floor((x + y) / unit) % (APART + 2) === 0 ? LINE : WHITE),
}

/** @param {number} pixel */
function faded(pixel) {
  const mix = (/** @type {number} */ shift) => Math.round(((pixel >>> shift) & 255) * KEPT + PAPER * (1 - KEPT)) << shift
  return (0xff000000 | mix(16) | mix(8) | mix(0)) >>> 0
}

/** @type {Record<Style, string>} */
const SAID = {off: "", fade: "faded", dots: "dotted", hide: "hatched"}

/**
 * What the map says of it below its title.
 * @param {Kind} kind @param {number} threshold @param {Style} style
 */
export function veilWords(kind, threshold, style) {
  if (style === "off") return ""
  const below = kind.adjustable ? `${kind.title} is below ${String(threshold).replace("-", "−")}` : `${kind.title} is not`
  return `${SAID[style]} where ${below}`
}
