import assert from "node:assert/strict"
import {test} from "node:test"

import {MISSING} from "../../src/poama_panel/raster/colour.js"
import {lay, veilWords} from "../../src/poama_panel/raster/veil.js"

// Scores of −0.1, 0.3, none and 0.8.
const header = {shape: [1, 4], x0: 0, dx: 90, y0: 0, dy: 60, wraps: true, step: 0.1, base: -2}
const frame = {header, cells: Uint16Array.of(1, 5, 0, 10)}
const RED = 0xff0000ff

function laid(style, threshold = 0.3, {rows = [0], columns = [0, 1, 2, 3], ratio = 1, first = RED} = {}) {
  const out = new Uint32Array(rows.length * columns.length).fill(first)
  lay({frame, threshold, style}, Int32Array.from(rows), Int32Array.from(columns), out, ratio)
  return out
}

test("what is good enough stays as it is, what is not or is not known fades", () => {
  const out = laid("fade")
  assert.equal(out[1], RED)
  assert.equal(out[3], RED)
  assert.equal(out[0], out[2])
  const red = out[0] & 255
  const green = (out[0] >>> 8) & 255
  assert.ok(red > 225 && green > 140 && green < 200)
  assert.equal(out[0] >>> 24, 255)
})

test("off is off, and no data is never veiled", () => {
  assert.ok(laid("off").every((p) => p === RED))
  for (const style of ["fade", "dots", "hide"]) {
    assert.ok(laid(style, 9, {first: MISSING}).every((p) => p === MISSING))
  }
})

test("dots leave most of the colour, hatching none", () => {
  const size = {rows: new Array(24).fill(0), columns: new Array(24).fill(0)}
  const dots = laid("dots", 0.3, size)
  const kept = dots.filter((p) => p === RED).length / dots.length
  assert.ok(kept > 0.8 && kept < 0.95)
  const hidden = laid("hide", 0.3, size)
  assert.ok(hidden.every((p) => p !== RED && p !== MISSING))
  assert.ok(new Set(hidden).size === 2)
})

test("on a fine screen dots are as large as on another", () => {
  const size = (n) => ({rows: new Array(n).fill(0), columns: new Array(n).fill(0)})
  const share = (out) => out.filter((p) => p === RED).length / out.length
  const fine = laid("dots", 0.3, {...size(48), ratio: 2})
  assert.equal(share(fine), share(laid("dots", 0.3, size(24))))
  assert.equal(fine[0], fine[1])
})

test("beside the score's grid nothing is known", () => {
  const out = laid("fade", -1, {rows: [-1, 0], columns: [0, -1]})
  assert.notEqual(out[0], RED)
  assert.equal(out[2], RED)
  assert.notEqual(out[3], RED)
})

test("the words say what is not to be believed", () => {
  const kind = {title: "correlation", adjustable: true}
  assert.equal(veilWords(kind, -0.3, "fade"), "faded where correlation is below −0.3")
  assert.equal(veilWords({title: "skill significant", adjustable: false}, 2, "dots"), "dotted where skill significant is not")
  assert.equal(veilWords(kind, 0.3, "off"), "")
})
