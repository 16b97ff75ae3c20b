import assert from "node:assert/strict"
import {test} from "node:test"

import {clip, measure} from "../../src/poama_panel/raster/coast.js"

const world = {west: 0, east: 360, south: -90, north: 90}
const square = [[14000, 15000, 15000, 14000, 14000], [-2000, -2000, -3000, -3000, -2000]]

test("a line in view is drawn once for each turn that shows it", () => {
  const lines = measure([square], 0.01)
  const {x, y} = clip(lines, {...world, west: -180, east: 540}, 0.1)
  const starts = [...x].filter((_, i) => i === 0 || Number.isNaN(x[i - 1]))
  assert.deepEqual(starts.filter((v) => !Number.isNaN(v)), [140, 500])
  assert.ok([...y].every((v) => Number.isNaN(v) || (v >= -30 && v <= -20)))
})

test("western longitudes appear in a Pacific view", () => {
  const lines = measure([[[-12000, -11900], [3000, 3100]]], 0.01)
  assert.deepEqual([...clip(lines, world, 0.1).x].slice(0, 2), [240, 241])
})

test("what is out of view or smaller than a pixel is left out", () => {
  const lines = measure([square, [[0, 1], [0, 1]]], 0.01)
  assert.equal(clip(lines, {west: 0, east: 100, south: -90, north: 90}, 0.1).x.length, 0)
  assert.equal(clip(lines, {...world, south: 0}, 0.1).x.length, 0)
  assert.equal(clip(lines, world, 20).x.length, 0)
})

test("thinning keeps the ends and never widens a gap beyond the tolerance by much", () => {
  const n = 1000
  const long = [Array.from({length: n}, (_, i) => i * 10), Array.from({length: n}, () => 0)]
  const {x} = clip(measure([long], 0.01), world, 1)
  const points = [...x].filter((v) => !Number.isNaN(v) && v < 180)
  assert.equal(points[0], 0)
  assert.ok(Math.abs(points.at(-1) - 99.9) < 1e-9)
  assert.ok(points.length < 110)
  for (let i = 1; i < points.length; i++) assert.ok(points[i] - points[i - 1] <= 1.11)
})
