import assert from "node:assert/strict"
import {test} from "node:test"

import {covers, patches, widened, withinReach} from "../../src/poama_panel/raster/patches.js"

const globe = {shape: [4, 8], x0: 0, dx: 45, y0: -67.5, dy: 45, wraps: true}
const region = {shape: [2, 3], x0: 170, dx: 10, y0: -20, dy: 10, wraps: false}
const view = (west, east, south = -90, north = 90) => ({west, east, south, north})
const fine = 0.001

/** Where the middle of each column of a patch is, and which column stands there. */
const columnsAt = ({x, dw, columns}) => [...columns].map((c, i) => [x + ((i + 0.5) * dw) / columns.length, c])

test("a globe that is in view once is one patch of all its cells", () => {
  const [patch, ...others] = patches(globe, view(-22.5, 337.5), fine, fine)
  assert.equal(others.length, 0)
  assert.deepEqual([...patch.columns], [0, 1, 2, 3, 4, 5, 6, 7])
  assert.deepEqual([...patch.rows], [0, 1, 2, 3])
  assert.deepEqual([patch.x, patch.dw, patch.y, patch.dh], [-22.5, 360, -90, 180])
  assert.equal(patch.whole, true)
})

test("wherever the view is, each column shows the longitude that it belongs to", () => {
  for (const west of [-1000, -725, -360, -181.3, -10, 0, 95, 179.9, 360, 700, 5000]) {
    for (const width of [20, 57, 360, 400, 1000]) {
      const [patch] = patches(globe, view(west, west + width), fine, fine)
      assert.ok(patch.x <= west + 1e-9 && patch.x + patch.dw >= west + width - 1e-9)
      for (const [lon, column] of columnsAt(patch)) {
        assert.equal(column, ((Math.round(lon / 45) % 8) + 8) % 8, `${west} ${width} ${lon}`)
      }
    }
  }
})

test("only rows and columns that meet the view are in it", () => {
  const [patch] = patches(globe, view(100, 120, -10, 10), fine, fine)
  assert.deepEqual([...patch.columns], [2, 3])
  assert.deepEqual([...patch.rows], [1, 2])
  assert.deepEqual([patch.x, patch.dw, patch.y, patch.dh], [67.5, 90, -45, 90])
})

test("however far out the view, three turns are the most", () => {
  const [patch] = patches(globe, view(-9000, 9000), fine, fine)
  assert.equal(patch.columns.length, 3 * 8 + 1)
  assert.ok(patch.x <= -540 && patch.x + patch.dw >= 540)
  assert.deepEqual(withinReach(view(100, 1300)), view(160, 1240))
  assert.deepEqual(withinReach(view(100, 1100)), view(100, 1100))
})

test("cells smaller than a pixel are picked, one for each pixel and one more around", () => {
  const dense = {shape: [1000, 3600], x0: 0.05, dx: 0.1, y0: -89.91, dy: 0.18, wraps: true}
  const [patch] = patches(dense, view(-20, 380), 0.5, 0.5)
  assert.deepEqual([patch.columns.length, patch.rows.length], [802, 360])
  assert.deepEqual([patch.x, patch.dw], [-20.5, 401])
  assert.equal(patch.whole, false)
  for (const [lon, column] of columnsAt(patch)) {
    const centre = 0.05 + 0.1 * column
    const off = ((((lon - centre + 180) % 360) + 360) % 360) - 180
    assert.ok(Math.abs(off) <= 0.05 + 1e-9, `${lon} shows ${centre}`)
  }
})

test("a region stands at each turn that shows it, and nowhere between", () => {
  const places = (west, east) => patches(region, view(west, east), fine, fine).map((p) => [p.x, p.dw, [...p.columns].join("")])
  assert.deepEqual(places(120, 290), [[165, 30, "012"]])
  assert.deepEqual(places(-200, 200), [[-195, 30, "012"], [165, 30, "012"]])
  assert.deepEqual(places(-180, 180), [[-185, 20, "12"], [165, 20, "01"]])
  assert.deepEqual(places(200, 400), [])
})

test("a region is not stretched over what is beside it", () => {
  const [patch] = patches(region, view(100, 300), fine, fine)
  assert.deepEqual([patch.y, patch.dh, [...patch.rows].join("")], [-25, 20, "01"])
  assert.deepEqual(patches(region, view(100, 300, 0, 90), fine, fine), [])
})

test("a widened view covers moves within what was added", () => {
  const outer = widened(view(0, 100, -20, 20), 0.25)
  assert.deepEqual(outer, view(-25, 125, -30, 30))
  assert.ok(covers(outer, view(20, 120, -30, 10)))
  assert.ok(!covers(outer, view(26, 126, -20, 20)))
  assert.ok(!covers(outer, view(0, 100, -31, 9)))
})
