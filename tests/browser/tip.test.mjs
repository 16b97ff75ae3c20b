import assert from "node:assert/strict"
import {test} from "node:test"

import {readingOf, standBeside} from "../../src/poama_panel/raster/tip.js"

const header = {shape: [1, 4], x0: 0, dx: 90, y0: 0, dy: 60, wraps: true, step: 0.5, base: 500}
const frame = {header, cells: Uint16Array.of(0, 40, 41, 46)}
const celsius = {scale: 1, offset: -273.15, units: "°C"}

test("value and place of the cell under the pointer, at any turn", () => {
  assert.equal(readingOf(frame, celsius, 95, 10), "−3.15 °C · 0.00°N 90.00°E")
  assert.equal(readingOf(frame, celsius, 275 - 720, 10), "−0.15 °C · 0.00°N 90.00°W")
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

test("a category is told in words", () => {
  const counted = {header: {...header, step: 1, base: 0}, cells: Uint16Array.of(0, 1, 2, 9)}
  const classes = {scale: 1, offset: 0, units: "", classes: ["hit", "one tercile off"]}
  assert.equal(readingOf(counted, classes, 95, 10), "hit · 0.00°N 90.00°E")
  assert.equal(readingOf(counted, classes, 180, 10), "one tercile off · 0.00°N 180.00°W")
})

test("numbers have no more decimals than mean something, and their sign where zero is usual", () => {
  const anomaly = {header: {...header, step: 0.0005, base: -700}, cells: Uint16Array.of(0, 1500, 100, 700)}
  const kelvin = {scale: 1, offset: 0, units: "°C", digits: 2, plus: true}
  assert.equal(readingOf(anomaly, kelvin, 95, 10), "+0.40 °C · 0.00°N 90.00°E")
  assert.equal(readingOf(anomaly, kelvin, 180, 10), "−0.30 °C · 0.00°N 180.00°W")
  assert.equal(readingOf(anomaly, kelvin, 275, 10), "0.00 °C · 0.00°N 90.00°W")
  assert.equal(readingOf(anomaly, {scale: 1, offset: 0, units: "", digits: 1}, 95, 10), "0.4 · 0.00°N 90.00°E")
})

test("what is a mean of many cells says so, what is a class does not", () => {
  const coarse = {header: {...header, level: 2}, cells: frame.cells}
  assert.equal(readingOf(coarse, celsius, 95, 10), "−3.15 °C · 0.00°N 90.00°E · mean of 4 × 4 cells")
  const classes = {scale: 1, offset: 0, units: "", classes: ["hit", "one tercile off"]}
  const counted = {header: {...header, step: 1, base: 0, level: 2}, cells: Uint16Array.of(0, 1, 2, 9)}
  assert.equal(readingOf(counted, classes, 95, 10), "hit · 0.00°N 90.00°E")
})

test("exact numbers are read as they are", () => {
  const exact = {header: {...header, step: 0.1}, cells: Uint16Array.of(0, 2620, 2620, 0), values: Float32Array.of(NaN, 312.04, 312.0, NaN)}
  assert.equal(readingOf(exact, {...celsius, offset: 0, units: "K"}, 95, 10), "312.0 K · 0.00°N 90.00°E")
})
