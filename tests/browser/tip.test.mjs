import assert from "node:assert/strict"
import {test} from "node:test"

import {readingOf, standBeside} from "../../src/poama_panel/raster/tip.js"

const header = {shape: [1, 4], x0: 0, dx: 90, y0: 0, dy: 60, wraps: true, step: 0.5, base: 500}
const frame = {header, cells: Uint16Array.of(0, 40, 41, 46)}
const celsius = {scale: 1, offset: -273.15, units: "°C"}

test("value and place of the cell under the pointer, at any turn", () => {
  assert.equal(readingOf(frame, celsius, 95, 10), "−3.1 °C · 0.00°N 90.00°E")
  assert.equal(readingOf(frame, celsius, 275 - 720, 10), "−0.1 °C · 0.00°N 90.00°W")
})

test("a missing cell has no data, and beside the grid there is nothing to read", () => {
  assert.equal(readingOf(frame, celsius, 0, 0), "no data · 0.00°N 0.00°E")
  assert.equal(readingOf(frame, celsius, 0, 80), null)
})

test("the tip stands right of the pointer until there is no room", () => {
  const style = {}
  standBeside(style, 100, 50, 1000)
  assert.deepEqual(style, {left: "114px", right: "auto", top: "62px"})
  standBeside(style, 900, 50, 1000)
  assert.deepEqual(style, {left: "auto", right: "114px", top: "62px"})
})
