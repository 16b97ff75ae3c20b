import assert from "node:assert/strict"
import {test} from "node:test"

import {MISSING, colourTable, decimals, paint, pixel, placeName, rangeWithin, roundRange, signed} from "../../src/poama_panel/raster/colour.js"

const celsius = {scale: 1, offset: -273.15, units: "°C"}
const header = {shape: [1, 5], step: 0.5, base: 540, min: 270.5, max: 280, x0: 0, dx: 1, y0: 0, dy: 1, wraps: false, units: "K", name: "t"}
const palette = Uint32Array.from(["#000000", "#808080", "#ffffff"], pixel)

test("pixels are opaque and in the order of bytes that a canvas wants", () => {
  const bytes = new Uint8Array(Uint32Array.of(pixel("#102030")).buffer)
  assert.deepEqual([...bytes], [0x10, 0x20, 0x30, 0xff])
})

test("missing is grey, beyond the range takes the end's colour", () => {
  const table = colourTable(header, celsius, palette, 0, 3)
  const at = (kelvin) => table[kelvin / 0.5 - 540]
  assert.equal(table[0], MISSING)
  assert.equal(at(270.5), palette[0])
  assert.equal(at(273.5), palette[0])
  assert.equal(at(274.5), palette[1])
  assert.equal(at(276), palette[2])
  assert.equal(at(280), palette[2])
})

test("the table reaches the frame's largest cell", () => {
  assert.equal(colourTable(header, celsius, palette, 0, 3).length, 280 / 0.5 - 540 + 2)
  assert.deepEqual([...colourTable({...header, max: null}, celsius, palette, 0, 3)].slice(0, 1), [MISSING])
})

test("the rows and columns asked for are painted, as often as they are asked for", () => {
  const frame = {header: {...header, shape: [2, 3]}, cells: Uint16Array.of(0, 1, 2, 3, 4, 5)}
  const table = Uint32Array.of(7, 10, 20, 30, 40, 50)
  const out = new Uint32Array(15)
  paint(frame, Int32Array.of(1, 0, 0, -1, -1), Int32Array.of(2, 0, -1), table, out)
  assert.deepEqual([...out], [50, 30, 7, 20, 7, 7, 20, 7, 7, 7, 7, 7, 7, 7, 7])
})

test("the range in view leaves out what is missing or not seen", () => {
  const frame = {header, cells: Uint16Array.of(0, 1, 8, 20, 9)}
  assert.deepEqual(rangeWithin(frame, {...celsius, offset: 0}, () => true), [270.5, 280])
  assert.deepEqual(rangeWithin(frame, {...celsius, offset: 0}, (_, x) => x !== 3), [270.5, 274.5])
  assert.equal(rangeWithin(frame, celsius, (_, x) => x === 0), null)
})

test("round ranges hold the range and end on round numbers", () => {
  assert.deepEqual(roundRange(-57.3, 31.9), [-60, 40])
  assert.deepEqual(roundRange(0.0012, 0.0098), [0.001, 0.01])
  assert.deepEqual(roundRange(5, 5).every(Number.isFinite), true)
  for (let k = 0; k < 200; k++) {
    const a = (Math.random() - 0.5) * 10 ** (k % 9)
    const b = a + Math.random() * 10 ** (k % 7)
    const [low, high] = roundRange(a, b)
    assert.ok(low <= a + 1e-9 * Math.abs(a) && high >= b - 1e-9 * Math.abs(b) && high > low, `${a} ${b} → ${low} ${high}`)
  }
})

test("decimals tell neighbours apart", () => {
  assert.equal(decimals(0.02, 1), 2)
  assert.equal(decimals(0.5, 1), 1)
  assert.equal(decimals(5, 1), 0)
  assert.equal(decimals(0.001, 1), 3)
})

test("places and numbers read as on a chart", () => {
  assert.equal(placeName(190, -37.5), "37.50°S 170.00°W")
  assert.equal(placeName(-540, 0), "0.00°N 180.00°W")
  assert.equal(signed("-3.5"), "−3.5")
})

test("a range of what cannot be negative begins at nought, of nothing is 0 to 1", () => {
  assert.deepEqual(roundRange(0.7, 9.6, 0), [0, 10])
  assert.deepEqual(roundRange(-1.2, 9.6, 0), [-2, 10])
  assert.deepEqual(roundRange(NaN, NaN, 0), [0, 1])
})
