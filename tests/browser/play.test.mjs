import assert from "node:assert/strict"
import {beforeEach, test} from "node:test"

import {Player} from "../../src/poama_panel/raster/play.js"

/** A display of 60 frames a second, which a test moves on. */
const display = {now: 0, asked: new Map(), count: 0}
globalThis.requestAnimationFrame = (act) => {
  display.asked.set(++display.count, act)
  return display.count
}
globalThis.cancelAnimationFrame = (id) => display.asked.delete(id)
globalThis.performance.now = () => display.now
globalThis.Option = class {
  constructor(text, value, _, selected) {
    Object.assign(this, {text, value, selected})
  }
}

function frames(n) {
  for (let i = 0; i < n; i++) {
    // No frame comes to the millisecond.
    display.now += 1000 / 60 + (i % 2 ? 0.4 : -0.4)
    const asked = [...display.asked.values()]
    display.asked.clear()
    for (const act of asked) act(display.now)
  }
}

function player() {
  const seen = {next: 0, ready: true, label: ""}
  const button = {innerHTML: "", setAttribute: (_, label) => (seen.label = label)}
  const rate = {
    options: [],
    replaceChildren: (...options) => (rate.options = options),
    addEventListener: (_, act) => (rate.changed = act),
    choose(value) {
      rate.value = value
      rate.changed()
    },
  }
  const made = new Player({button, rate}, () => seen.ready, () => seen.next++)
  return {made, seen, rate}
}

beforeEach(() => Object.assign(display, {asked: new Map()}))

test("each rate that can be chosen is kept", () => {
  const {made, seen, rate} = player()
  assert.equal(rate.options.find((o) => o.selected).value, "2.5")
  for (const {value} of rate.options) {
    rate.choose(value)
    made.start()
    seen.next = 0
    frames(600)
    made.stop()
    assert.ok(Math.abs(seen.next - 10 * Number(value)) <= 1, `${seen.next} in 10 s at ${value}`)
  }
})

test("a frame that is late is waited for, and not made up for by a rush", () => {
  const {made, seen, rate} = player()
  rate.choose("20")
  made.start()
  seen.ready = false
  frames(120)
  assert.equal(seen.next, 0)
  seen.ready = true
  frames(60)
  assert.ok(seen.next >= 20 && seen.next <= 22, `${seen.next}`)
})

test("it says what its button does, and stops where it is", () => {
  const {made, seen} = player()
  assert.equal(made.stop(), false)
  made.start()
  assert.deepEqual([made.playing, seen.label], [true, "Pause"])
  frames(3)
  assert.equal(made.stop(), true)
  assert.deepEqual([made.playing, seen.label], [false, "Play"])
  const {next} = seen
  frames(60)
  assert.equal(seen.next, next)
})

test("only what can be followed is told, and a second is read ahead", () => {
  const {made, rate} = player()
  made.start()
  assert.deepEqual([made.fast, made.far], [false, 3])
  rate.choose("20")
  assert.deepEqual([made.fast, made.far], [true, 20])
  made.stop()
  assert.equal(made.fast, false)
})
