// @ts-check
// From 16-bit cells to pixels, through a table of colours.

/**
 * Shown value = value * scale + offset, with at most `digits` decimals, a sign if `plus`; or
 * the words of the number, from 1.
 * @typedef {{scale: number, offset: number, units: string, digits?: number | null, plus?: boolean, classes?: string[]}} Display
 */

/** @param {string} hex `#rrggbb` @returns {number} as a little-endian RGBA pixel */
export function pixel(hex) {
  const n = parseInt(hex.slice(1), 16)
  return ((255 << 24) | ((n & 255) << 16) | (n & 0xff00) | (n >> 16)) >>> 0
}

/** The map where there is no value. */
export const MISSING = pixel("#c9ced3")

/**
 * The colour of every possible cell, first that of a missing one. Values beyond the range take
 * the colour at its end.
 * @param {import("./decode.js").Header} header
 * @param {Display} display
 * @param {Uint32Array} palette pixels, low to high
 * @param {number} low in shown units @param {number} high
 * @returns {Uint32Array}
 */
export function colourTable(header, display, palette, low, high) {
  const top = header.max === null ? 0 : Math.round(header.max / header.step) - header.base
  const table = new Uint32Array(Math.max(top, 0) + 2)
  table[0] = MISSING
  const n = palette.length
  const scale = n / (high - low || 1)
  for (let cell = 1; cell < table.length; cell++) {
    const shown = (header.base + cell) * header.step * display.scale + display.offset
    const i = Math.floor((shown - low) * scale)
    table[cell] = palette[i < 0 ? 0 : i >= n ? n - 1 : i]
  }
  return table
}

/**
 * The pixels of some rows and columns of cells, row by row; where there is no cell (-1), of
 * a missing one.
 * @param {import("./decode.js").Frame} frame
 * @param {Int32Array} rows @param {Int32Array} columns
 * @param {Uint32Array} table @param {Uint32Array} out
 */
export function paint({header, cells}, rows, columns, table, out) {
  const nx = header.shape[1]
  const width = columns.length
  const missing = table[0]
  for (let y = 0, k = 0; y < rows.length; y++, k += width) {
    const row = rows[y]
    if (y > 0 && row === rows[y - 1]) out.copyWithin(k, k - width, k)
    else if (row < 0) out.fill(missing, k, k + width)
    else {
      // The innermost loop of the map: all it reads lies in local names.
      const start = row * nx
      for (let x = 0; x < width; x++) {
        const column = columns[x]
        out[k + x] = column < 0 ? missing : table[cells[start + column]]
      }
    }
  }
}

/**
 * The range of the cells that lie within a view, in shown units.
 * @param {import("./decode.js").Frame} frame @param {Display} display
 * @param {(row: number, column: number) => boolean} seen
 * @returns {[number, number] | null}
 */
export function rangeWithin(frame, display, seen) {
  const [ny, nx] = frame.header.shape
  let low = 65536
  let high = 0
  for (let y = 0; y < ny; y++) {
    for (let x = 0; x < nx; x++) {
      const cell = frame.cells[y * nx + x]
      if (cell !== 0 && seen(y, x)) {
        if (cell < low) low = cell
        if (cell > high) high = cell
      }
    }
  }
  if (high === 0) return null
  const show = (/** @type {number} */ cell) =>
    (frame.header.base + cell) * frame.header.step * display.scale + display.offset
  return [show(low), show(high)]
}

/**
 * A range widened to round numbers: its ends are multiples of 1, 2 or 5 × 10ⁿ.
 * A range that begins at or above `floor` begins there; one that is not finite is 0 to 1.
 * @param {number} low @param {number} high @param {number | null} floor
 * @returns {[number, number]}
 */
export function roundRange(low, high, floor = null) {
  if (floor !== null && low >= floor) low = floor
  if (!Number.isFinite(low) || !Number.isFinite(high)) return [0, 1]
  const spread = high - low || Math.abs(high) || 1
  const decade = 10 ** Math.floor(Math.log10(spread / 8))
  const step = [1, 2, 5, 10].map((m) => m * decade).find((s) => spread / s <= 12) ?? spread
  const clean = (/** @type {number} */ v) => Number(v.toPrecision(10))
  const a = clean(Math.floor(low / step + 1e-9) * step)
  const b = clean(Math.ceil(high / step - 1e-9) * step)
  return [a, b > a ? b : clean(a + step)]
}

/**
 * How many decimals tell two neighbouring values apart.
 * @param {number} step @param {number} scale
 */
export function decimals(step, scale) {
  return Math.max(0, Math.ceil(-Math.log10(step * Math.abs(scale)) - 1e-9))
}

/** A number as it is printed: with a minus sign, not a hyphen. @param {string} digits */
export function signed(digits) {
  return digits.replace("-", "−")
}

/** @param {number} lon @param {number} lat */
export function placeName(lon, lat) {
  const east = ((((lon + 180) % 360) + 360) % 360) - 180
  const x = `${Math.abs(east).toFixed(2)}°${east < 0 ? "W" : "E"}`
  return `${Math.abs(lat).toFixed(2)}°${lat < 0 ? "S" : "N"} ${x}`
}
