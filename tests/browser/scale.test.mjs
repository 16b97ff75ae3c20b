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
