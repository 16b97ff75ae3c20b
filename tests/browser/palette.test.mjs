import assert from "node:assert/strict"
import {test} from "node:test"

import {evenAbout, laidOut, markEvery} from "../../src/poama_panel/raster/palette.js"

const hex = (n) => `#${n.toString(16).padStart(6, "0")}`
// 201 colours: 0 is the lowest, 100 the middle, 200 the highest.
const palette = Array.from({length: 201}, (_, i) => hex(i))
const numbers = (colours) => colours.map((c) => parseInt(c.slice(1), 16))

test("a palette that is only a palette stays as it is, or turns round", () => {
  assert.deepEqual(laidOut(palette, 0, 7), palette)
  assert.deepEqual(laidOut(palette, 0, 7, {reverse: true}), [...palette].reverse())
})

test("each category has its own colour, whatever the palette", () => {
  const classes = ["#ff0000", "#00ff00", "#0000ff"]
  assert.deepEqual(laidOut(palette, 0.5, 3.5, {classes, centre: 1, step: 1}), classes)
})

test("the class that holds the chance by climatology is neutral", () => {
  const colours = numbers(laidOut(palette, 0, 100, {centre: 100 / 3, step: 10}))
  assert.equal(colours.length, 10)
  assert.equal(colours[3], 100)
  assert.ok(colours.every((c, i) => i === 0 || c > colours[i - 1]), "from low to high")
})

test("both classes that meet at the centre are neutral", () => {
  const colours = numbers(laidOut(palette, 0, 100, {centre: 50, step: 10}))
  assert.deepEqual([colours[4], colours[5]], [100, 100])
  assert.ok(colours[3] < 100 && colours[6] > 100)
  const skill = numbers(laidOut(palette, -1, 1, {centre: 0, step: 0.1}))
  assert.equal(skill.length, 20)
  assert.deepEqual(skill.map((c) => c === 100).reduce((n, yes) => n + yes, 0), 2)
})

test("as far from the centre, as strong a colour", () => {
  for (const layout of [{centre: 20, step: 10}, {centre: 0}, {centre: 1 / 3, step: 0.1}]) {
    const [low, high] = layout.step === 0.1 ? [0, 1] : [0, 100]
    const colours = numbers(laidOut(palette, low, high, layout))
    assert.ok(100 - Math.min(...colours) < Math.max(...colours) - 100)
  }
  const even = numbers(laidOut(palette, -3, 3, {centre: 0}))
  assert.deepEqual([even[0], even[255]], [0, 200])
  assert.equal(even[127] + even[128], 200)
})

test("turned round, more has the lower end's colours", () => {
  const there = numbers(laidOut(palette, 0, 100, {centre: 100 / 3, step: 10}))
  const back = numbers(laidOut(palette, 0, 100, {centre: 100 / 3, step: 10, reverse: true}))
  assert.deepEqual(back, there.map((c) => 200 - c))
})

test("a centre outside the range leaves one half of the palette", () => {
  const colours = numbers(laidOut(palette, 2, 10, {centre: 0}))
  assert.ok(Math.min(...colours) > 100)
  assert.equal(colours.at(-1), 200)
})

test("a range of no whole classes has none", () => {
  assert.equal(laidOut(palette, 13, 47, {centre: 100 / 3, step: 10}).length, 256)
})

test("a range is as far to either side of the centre", () => {
  assert.deepEqual(evenAbout(-1, 3, {centre: 0}), [-3, 3])
  assert.deepEqual(evenAbout(2, 3, {centre: 1}), [-1, 3])
  assert.deepEqual(evenAbout(-1, 3), [-1, 3])
  assert.ok(evenAbout(NaN, 3, {centre: 0}).some(Number.isNaN))
})

test("the legend has a mark at the edge of each class, while there is room", () => {
  assert.equal(markEvery(0, 100, {step: 10}), 10)
  assert.equal(markEvery(-1, 1, {step: 0.1}), 0.2)
  assert.equal(markEvery(0, 3.2, {step: 0.1}), null)
  assert.equal(markEvery(-3, 3), null)
  assert.equal(markEvery(0.5, 10.5, {classes: ["a"]}), 1)
})
