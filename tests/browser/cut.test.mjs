import assert from "node:assert/strict"
import {test} from "node:test"

import {cutFor, gridOf} from "../../src/poama_panel/raster/cut.js"

const globe = {shape: [3600, 7200], x0: 0, dx: 0.05, y0: -89.975, dy: 0.05, wraps: true}
const view = (west, east, south, north) => ({west, east, south, north})
const seen = (grid, v, width = 1000) => {
  const pixel = (v.east - v.west) / width
  return Object.fromEntries(new URLSearchParams(cutFor(grid, v, pixel, pixel)))
}
const span = (text) => text.split("-").map(Number)

test("a grid that fits a screen is not cut", () => {
  assert.equal(cutFor({...globe, shape: [721, 1440], dx: 0.25, dy: 0.25}, view(0, 360, -90, 90), 0.01, 0.01), "")
})

test("the whole globe is shown coarsely, and not in parts", () => {
  assert.deepEqual(seen(globe, view(0, 360, -90, 90)), {level: "3"})
  assert.deepEqual(seen(globe, view(-900, 180, -90, 90)), {level: "4"})
})

test("closer by there is a window at a finer level", () => {
  const {level, rows, columns} = seen(globe, view(100, 170, -45, -10))
  assert.equal(level, undefined)
  const [south, north] = span(rows)
  const [west, east] = span(columns)
  assert.ok(south * 0.05 - 90 <= -45 && north * 0.05 - 90 >= -10)
  assert.ok(west * 0.05 <= 100 && east * 0.05 >= 170)
  for (const edge of [south, north, west, east]) assert.equal(edge % 128, 0)
  assert.ok((north - south) * (east - west) < 1.5e6)
})

test("neighbours who look at nearly the same ask for the very same", () => {
  assert.equal(cutFor(globe, view(100, 140, -45, -25), 0.05, 0.05), cutFor(globe, view(100.5, 140.5, -44.8, -24.8), 0.05, 0.05))
})

test("a window goes on across the grid's end, at any turn", () => {
  for (const turn of [-720, -360, 0, 360]) {
    const {columns} = seen(globe, view(340 + turn, 380 + turn, -10, 10))
    const [west, east] = span(columns)
    assert.ok(west * 0.05 <= 340 && east * 0.05 >= 380)
    assert.ok(east > 7200 && (east - 7200) % 128 === 0)
  }
})

test("a cell is never coarser than a quarter doubling of a pixel, nor twice too fine", () => {
  for (let width = 1; width <= 360; width *= 1.1) {
    const level = Number(seen(globe, view(0, width, -1, 1)).level ?? 0)
    const pixel = width / 1000
    assert.ok(0.05 * 2 ** level <= pixel * 2 ** 0.25 + 1e-9 || level === 0)
    assert.ok(0.05 * 2 ** (level + 1) > pixel)
  }
})

test("a level that does not close the circle is taken whole along it where it must", () => {
  const odd = {...globe, shape: [3601, 7201], dx: 360 / 7201}
  const over = seen(odd, view(300, 420, -10, 10))
  assert.deepEqual([over.level, over.columns], ["1", undefined])
  assert.ok(seen(odd, view(100, 220, -10, 10)).columns)
})

test("beside a regional grid the nearest part is asked for", () => {
  const region = {shape: [2000, 2000], x0: 100, dx: 0.02, y0: -45, dy: 0.02, wraps: false}
  assert.deepEqual(seen(region, view(0, 10, 50, 55)), {rows: "1920-2000", columns: "1920-2000"})
  const {rows, columns} = seen(region, view(110, 125, -30, -20))
  assert.ok(span(columns)[0] * 0.02 + 100 <= 110 && span(columns)[1] * 0.02 + 100 >= 125)
  assert.ok(span(rows)[0] * 0.02 - 45 <= -30 && span(rows)[1] * 0.02 - 45 >= -20)
  // At another turn it is the same place.
  assert.deepEqual(seen(region, view(110 - 360, 125 - 360, -30, -20)), {rows, columns})
})

test("a frame tells the grid it was cut from", () => {
  const header = {level: 1, full: [3600, 7200], at: [256, 512], dx: 0.1, dy: 0.1, x0: 0.025 + 51.2, y0: -89.95 + 25.6}
  const found = gridOf(header, {...globe, shape: [1, 1]})
  assert.deepEqual(found.shape, globe.shape)
  assert.ok(Math.abs(found.x0) < 1e-9 && Math.abs(found.y0 - globe.y0) < 1e-9)
  assert.ok(Math.abs(found.dx - 0.05) < 1e-12 && found.wraps)
  const whole = {shape: [3, 4], x0: 1, dx: 2, y0: 3, dy: 4, wraps: false}
  assert.equal(gridOf(whole, globe), whole)
})
