// @ts-check
// A binary frame (data_layer/frames.py describes the bytes) -> 16-bit cells.

/**
 * @typedef {object} Header
 * @property {"u8" | "u16" | "f4" | "f8"} coding
 * @property {[number, number]} shape rows, columns
 * @property {number} x0 @property {number} dx @property {number} y0 @property {number} dy
 * @property {boolean} wraps
 * @property {number} step @property {number} base
 * @property {number|null} min @property {number|null} max
 * @property {string} units @property {string} name
 * @property {number[]} [rows] @property {number[]} [columns]
 * @property {number} [level] @property {[number, number]} [full] @property {[number, number]} [at]
 */
/**
 * `values` are there when the frame holds the numbers as they are.
 * @typedef {{header: Header, cells: Uint16Array, values?: Float32Array | Float64Array}} Frame
 */

/** @type {Record<string, number>} bytes of a cell */
const PLANES = {u8: 1, u16: 2, f4: 4, f8: 8}

/**
 * @param {ArrayBuffer} buffer
 * @returns {Frame} cells row by row from the south, eastward; 0 is missing
 */
export function decodeFrame(buffer) {
  const bytes = new Uint8Array(buffer)
  if (bytes.length < 8 || String.fromCharCode(...bytes.subarray(0, 4)) !== "PPF1") {
    throw new Error("the answer is not a frame")
  }
  const n = new DataView(buffer).getUint32(4, true)
  /** @type {Header} */
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + n)))
  const [ny, nx] = header.shape
  const planes = PLANES[header.coding]
  if (planes === undefined || bytes.length !== 8 + n + planes * ny * nx) {
    throw new Error("the frame is not whole")
  }
  const payload = bytes.subarray(8 + n)
  if (header.coding === "u8") return {header, cells: ofBytes(payload, ny, nx)}
  if (header.coding === "u16") return {header, cells: ofWords(payload, ny, nx)}
  const values = unshuffled(payload, planes, ny * nx)
  return {header, cells: counted(values, header), values}
}

/** @param {Uint8Array} payload @param {number} ny @param {number} nx */
function ofWords(payload, ny, nx) {
  const count = ny * nx
  const low = payload.subarray(0, count)
  const high = payload.subarray(count)
  const cells = new Uint16Array(count)
  let left = 0
  for (let x = 0; x < nx; x++) {
    const z = low[x] | (high[x] << 8)
    cells[x] = left = (left + ((z >>> 1) ^ -(z & 1))) & 65535
  }
  for (let y = 1, k = nx; y < ny; y++) {
    left = 0
    let upleft = 0
    for (let x = 0; x < nx; x++, k++) {
      const z = low[k] | (high[k] << 8)
      const up = cells[k - nx]
      cells[k] = left = (left + up - upleft + ((z >>> 1) ^ -(z & 1))) & 65535
      upleft = up
    }
  }
  return cells
}

/** @param {Uint8Array} payload @param {number} ny @param {number} nx */
function ofBytes(payload, ny, nx) {
  const cells = new Uint16Array(ny * nx)
  for (let y = 0, k = 0; y < ny; y++) {
    let left = 0
    let upleft = 0
    for (let x = 0; x < nx; x++, k++) {
      const z = payload[k]
      const up = y === 0 ? 0 : cells[k - nx]
      cells[k] = left = (left + up - upleft + ((z >>> 1) ^ -(z & 1))) & 255
      upleft = up
    }
  }
  return cells
}

/**
 * Numbers from their first bytes, their second bytes, and so on.
 * @param {Uint8Array} payload @param {number} size bytes of each @param {number} count
 */
function unshuffled(payload, size, count) {
  const bytes = new Uint8Array(size * count)
  for (let plane = 0, k = 0; plane < size; plane++) {
    for (let i = plane; i < bytes.length; i += size) bytes[i] = payload[k++]
  }
  // Typed arrays are little-endian wherever there is a browser, as the bytes are.
  return size === 4 ? new Float32Array(bytes.buffer) : new Float64Array(bytes.buffer)
}

/**
 * The cells that numbers would have had in 16 bits.
 * @param {Float32Array | Float64Array} values @param {Header} header
 */
function counted(values, {step, base}) {
  const cells = new Uint16Array(values.length)
  for (let i = 0; i < values.length; i++) {
    if (Number.isFinite(values[i])) cells[i] = Math.round(values[i] / step) - base
  }
  return cells
}

/**
 * The value of a cell in the frame's own units; NaN where it is missing.
 * @param {Header} header @param {number} cell
 */
export function valueOf(header, cell) {
  return cell === 0 ? NaN : (header.base + cell) * header.step
}

/**
 * The value of a frame at a cell, as exactly as the frame has it.
 * @param {Frame} frame @param {number} row @param {number} column
 */
export function valueAt({header, cells, values}, row, column) {
  const i = row * header.shape[1] + column
  return values && cells[i] !== 0 ? values[i] : valueOf(header, cells[i])
}

/**
 * Row and column of the cell at a place, or null beside the grid.
 * @param {Header} header @param {number} lon @param {number} lat
 * @returns {[number, number] | null}
 */
export function cellAt(header, lon, lat) {
  const [ny, nx] = header.shape
  const row = Math.round((lat - header.y0) / header.dy)
  const east = header.wraps ? header.x0 - header.dx / 2 : header.x0 + ((nx - 1) * header.dx) / 2 - 180
  const turned = lon - 360 * Math.floor((lon - east) / 360)
  let column = Math.round((turned - header.x0) / header.dx)
  if (header.wraps && column === nx) column = 0
  // + 0: a rounded -0 would be another key than 0.
  return row < 0 || row >= ny || column < 0 || column >= nx ? null : [row + 0, column + 0]
}

/**
 * Centre of a cell as the file has it, longitude in -180…180.
 * @param {Header} header @param {number} row @param {number} column
 * @returns {[number, number]} longitude, latitude
 */
export function centreOf(header, row, column) {
  const lon = header.columns ? header.columns[column] : header.x0 + column * header.dx
  const lat = header.rows ? header.rows[row] : header.y0 + row * header.dy
  return [((((lon + 180) % 360) + 360) % 360) - 180, lat]
}
