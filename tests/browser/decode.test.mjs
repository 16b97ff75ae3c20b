import assert from "node:assert/strict"
import {test} from "node:test"

import {cellAt, centreOf, decodeFrame, valueAt, valueOf} from "../../src/poama_panel/raster/decode.js"

/** A frame by the book (data_layer/frames.py), written the plain way. */
function encode(header, cells) {
  const [ny, nx] = header.shape
  const at = (y, x) => (y < 0 || x < 0 ? 0 : cells[y * nx + x])
  let text = JSON.stringify(header)
  text += " ".repeat((4 - (text.length % 4)) % 4)
  const out = new Uint8Array(8 + text.length + 2 * ny * nx)
  out.set(new TextEncoder().encode("PPF1"))
  new DataView(out.buffer).setUint32(4, text.length, true)
  out.set(new TextEncoder().encode(text), 8)
  for (let y = 0; y < ny; y++) {
    for (let x = 0; x < nx; x++) {
      const difference = ((at(y, x) - at(y, x - 1) - at(y - 1, x) + at(y - 1, x - 1)) << 16) >> 16
      const zigzag = ((difference << 1) ^ (difference >> 15)) & 65535
      out[8 + text.length + y * nx + x] = zigzag & 255
      out[8 + text.length + ny * nx + y * nx + x] = zigzag >> 8
    }
  }
  return out.buffer
}

const header = {coding: "u16", shape: [3, 4], x0: 0, dx: 90, y0: -60, dy: 60, wraps: true, step: 0.02, base: 1000, min: 20, max: 30}

test("cells come back as they were, missing ones and extremes included", () => {
  const cells = [0, 1, 65535, 500, 65535, 0, 0, 3, 7, 7, 7, 30000]
  assert.deepEqual([...decodeFrame(encode(header, cells)).cells], cells)
})

test("random frames come back", () => {
  for (let k = 0; k < 50; k++) {
    const shape = [1 + (k % 7), 1 + ((k * 3) % 11)]
    const cells = Array.from({length: shape[0] * shape[1]}, () => Math.floor(Math.random() * 65536))
    assert.deepEqual([...decodeFrame(encode({...header, shape}, cells)).cells], cells)
  }
})

test("a damaged frame is refused", () => {
  const whole = encode(header, new Array(12).fill(5))
  assert.throws(() => decodeFrame(whole.slice(0, -1)), /not whole/)
  assert.throws(() => decodeFrame(new ArrayBuffer(4)), /not a frame/)
  assert.throws(() => decodeFrame(new TextEncoder().encode("<html>oh dear</html>").buffer), /not a frame/)
})

test("a missing cell has no value, others are multiples of the step", () => {
  assert.ok(Number.isNaN(valueOf(header, 0)))
  assert.equal(valueOf(header, 500), 1500 * 0.02)
})

test("the cell of a place is found at every turn round the globe", () => {
  for (const turn of [-720, -360, 0, 360, 720]) {
    assert.deepEqual(cellAt(header, 90 + turn, 0), [1, 1])
    assert.deepEqual(cellAt(header, -10 + turn, -55), [0, 0])
    assert.deepEqual(cellAt(header, 350 + turn, 60), [2, 0])
  }
  assert.equal(cellAt(header, 0, 91), null)
})

test("beside a regional grid there is no cell", () => {
  const region = {...header, shape: [3, 4], x0: 348, dx: 10, wraps: false}
  assert.deepEqual(cellAt(region, 348, 0), [1, 0])
  assert.deepEqual(cellAt(region, -12, 0), [1, 0])
  assert.deepEqual(cellAt(region, 18, 0), [1, 3])
  assert.equal(cellAt(region, 24, 0), null)
  assert.equal(cellAt(region, 342, 0), null)
  assert.equal(cellAt(region, 180, 0), null)
})

test("a cell's centre is given between -180 and 180, and as the file has it", () => {
  assert.deepEqual(centreOf(header, 1, 3), [-90, 0])
  assert.deepEqual(centreOf({...header, rows: [-59.5, 0, 59.5]}, 2, 0), [0, 59.5])
})

/** A frame of numbers as they are, or of one byte each, from its planes. */
function framed(header, planes) {
  let text = JSON.stringify(header)
  text += " ".repeat((4 - (text.length % 4)) % 4)
  const out = new Uint8Array(8 + text.length + planes.length)
  out.set(new TextEncoder().encode("PPF1"))
  new DataView(out.buffer).setUint32(4, text.length, true)
  out.set(new TextEncoder().encode(text), 8)
  out.set(planes, 8 + text.length)
  return out.buffer
}

test("cells of one byte come back", () => {
  for (const [ny, nx] of [[1, 1], [1, 5], [5, 1], [3, 4]]) {
    const cells = Array.from({length: ny * nx}, (_, i) => (i * 97) % 256)
    const at = (y, x) => (y < 0 || x < 0 ? 0 : cells[y * nx + x])
    const planes = cells.map((_, i) => {
      const [y, x] = [Math.floor(i / nx), i % nx]
      const d = ((at(y, x) - at(y, x - 1) - at(y - 1, x) + at(y - 1, x - 1)) << 24) >> 24
      return ((d << 1) ^ (d >> 7)) & 255
    })
    assert.deepEqual([...decodeFrame(framed({...header, coding: "u8", shape: [ny, nx]}, planes)).cells], cells)
  }
})

test("numbers as they are come back, and the cells that stand for them", () => {
  for (const [coding, Kind] of [["f4", Float32Array], ["f8", Float64Array]]) {
    const values = Kind.of(20.4, NaN, 29.9, Infinity, 20.42, 25)
    const bytes = new Uint8Array(values.buffer)
    const size = Kind.BYTES_PER_ELEMENT
    const planes = bytes.map((_, k) => bytes[(k % 6) * size + Math.floor(k / 6)])
    const frame = decodeFrame(framed({...header, coding, shape: [2, 3]}, planes))
    assert.deepEqual(frame.values, values)
    assert.deepEqual([...frame.cells], [20, 0, 495, 0, 21, 250])
    assert.equal(valueAt(frame, 1, 1), values[4])
    assert.ok(Number.isNaN(valueAt(frame, 0, 1)))
    assert.ok(Number.isNaN(valueAt(frame, 1, 0)))
  }
})

test("a coding that nobody knows is refused", () => {
  assert.throws(() => decodeFrame(framed({...header, coding: "u4"}, new Uint8Array(12))), /not whole/)
})
