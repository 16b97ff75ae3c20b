import assert from "node:assert/strict"
import {test} from "node:test"

import {NONE, columnsAt, rowsAt} from "../../src/poama_panel/raster/sample.js"

const globe = {shape: [4, 8], x0: 0, dx: 45, y0: -67.5, dy: 45, wraps: true}
const region = {shape: [2, 3], x0: 170, dx: 10, y0: -20, dy: 10, wraps: false}
/** Pixels that fill what is between two ends. */
const between = (from, to, count) => ({at: from + (to - from) / count / 2, step: (to - from) / count, count})

test("a globe that is in view once shows each column once", () => {
  assert.deepEqual([...columnsAt(between(-22.5, 337.5, 8), globe)], [0, 1, 2, 3, 4, 5, 6, 7])
})

test("wherever the view is, each pixel shows the longitude that it is at", () => {
  for (const west of [-1000, -725, -360, -181.3, -10, 0, 95, 179.9, 360, 700, 5000]) {
    for (const width of [20, 57, 360, 400, 1000]) {
      const pixels = between(west, west + width, 77)
      const columns = columnsAt(pixels, globe)
      for (let i = 0; i < 77; i++) {
        const lon = pixels.at + i * pixels.step
        assert.equal(columns[i], ((Math.round(lon / 45) % 8) + 8) % 8, `${west} ${width} ${lon}`)
      }
    }
  }
})

test("however far out the view, three turns to either side of its middle are the most", () => {
  const shown = [...columnsAt(between(-9000, 9000, 1000), globe)].map((c, i) => [c, -9000 + 18 * (i + 0.5)])
  for (const [column, lon] of shown) assert.equal(column === NONE, Math.abs(lon) > 540, `${lon}`)
})

test("a region stands at each turn that shows it, and nowhere between", () => {
  const places = (west, east) => [...columnsAt(between(west, east, (east - west) / 5), region)].map((c) => (c < 0 ? "." : c)).join("")
  assert.equal(places(155, 205), "..001122..")
  assert.equal(places(-205, -155), "..001122..")
  assert.equal(places(180, 190), "12")
  assert.equal(places(200, 400), ".".repeat(40))
})

test("rows go southward on the screen, and end where the grid does", () => {
  assert.deepEqual([...rowsAt(between(90, -90, 8), globe)], [3, 3, 2, 2, 1, 1, 0, 0])
  assert.deepEqual([...rowsAt(between(0, -40, 8), region)], [NONE, 1, 1, 0, 0, NONE, NONE, NONE])
})

test("cells smaller than a pixel are picked at its middle", () => {
  const dense = {shape: [1000, 3600], x0: 0.05, dx: 0.1, y0: -89.91, dy: 0.18, wraps: true}
  const pixels = between(-20, 380, 800)
  columnsAt(pixels, dense).forEach((column, i) => {
    const off = pixels.at + i * pixels.step - (0.05 + 0.1 * column)
    assert.ok(Math.abs(off - 360 * Math.round(off / 360)) <= 0.05 + 1e-6)
  })
})

test("where middles of pixels are on edges of cells, rounding leaves no cell out twice", () => {
  const dense = {shape: [1, 3600], x0: 0.05, dx: 0.1, y0: 0, dy: 1, wraps: true}
  const columns = columnsAt({at: 0.2, step: 0.2, count: 1700}, dense)
  columns.forEach((column, i) => assert.equal(column, 2 * (i + 1)))
})
