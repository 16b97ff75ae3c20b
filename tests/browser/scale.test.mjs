import assert from "node:assert/strict"
import {test} from "node:test"

import {pixel} from "../../src/poama_panel/raster/colour.js"
import {ColourScale} from "../../src/poama_panel/raster/scale.js"

const colours = ["#000000", "#808080", "#ffffff"]
const header = {shape: [1, 3], step: 1, base: 0, min: 1, max: 9, wraps: false}
const display = {scale: 1, offset: 0, units: "mm"}

function made() {
  const mapper = {
    setv(attributes) {
      Object.assign(this, attributes)
    },
  }
  const fields = {low: {value: ""}, high: {value: ""}}
  const scale = new ColourScale(mapper, fields)
  scale.useColours(colours)
  return {mapper, fields, scale}
}

test("legend, fields and pixels have the same range and colours", () => {
  const {mapper, fields, scale} = made()
  scale.useRange(3, 6)
  assert.deepEqual([mapper.low, mapper.high, mapper.palette], [3, 6, colours])
  assert.deepEqual([fields.low.value, fields.high.value], [3, 6])
  const table = scale.table(header, display)
  assert.deepEqual([table[1], table[3], table[4], table[9]], [colours[0], colours[0], colours[1], colours[2]].map(pixel))
})

test("a range that is none is not taken, and the fields say what holds", () => {
  const {mapper, fields, scale} = made()
  scale.useRange(3, 6)
  for (const [low, high] of [[6, 6], [9, 1], [NaN, 6]]) {
    fields.low.value = low
    scale.useRange(low, high)
    assert.deepEqual([mapper.low, mapper.high, fields.low.value, fields.high.value], [3, 6, 3, 6])
  }
})

test("the whole of a selection: its span, or even about the centre and round", () => {
  const {mapper, scale} = made()
  scale.useColours(colours, {centre: 0})
  scale.useWhole(-0.7, 1.9)
  assert.deepEqual([mapper.low, mapper.high], [-2, 2])
  scale.useColours(colours, {span: [0, 100], centre: 50, step: 10})
  scale.useWhole(3, 96)
  assert.deepEqual([mapper.low, mapper.high], [0, 100])
  assert.equal(mapper.palette.length, 10)
  scale.useSeen(31, 48)
  assert.deepEqual([mapper.low, mapper.high], [30, 48])
})

test("of categories there is no range to choose", () => {
  const {mapper, scale} = made()
  scale.useColours(colours, {span: [0.5, 2.5], classes: ["#123456", "#654321"]})
  scale.useWhole(1, 2)
  scale.useSeen(1, 1)
  assert.deepEqual([mapper.low, mapper.high, mapper.palette], [0.5, 2.5, ["#123456", "#654321"]])
})

test("the legend's marks are at the classes' edges", () => {
  const ticker = {
    setv(attributes) {
      Object.assign(this, attributes)
    },
  }
  const scale = new ColourScale({setv() {}}, {low: {}, high: {}}, ticker)
  scale.useColours(colours, {span: [0, 100], step: 10})
  scale.useWhole(0, 100)
  assert.deepEqual([ticker.min_interval, ticker.max_interval], [10, 10])
  scale.useColours(colours, {})
  assert.deepEqual([ticker.min_interval, ticker.max_interval], [0, null])
})
