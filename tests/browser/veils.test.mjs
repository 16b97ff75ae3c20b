import assert from "node:assert/strict"
import {test} from "node:test"

import {FrameLoader} from "../../src/poama_panel/raster/loader.js"

globalThis.Option = class {
  constructor(text, value, _default, selected) {
    Object.assign(this, {text, value, selected})
  }
}

/** As much of a form's control as is used. */
class Control {
  constructor() {
    this.hidden = false
    this.value = ""
    this.listeners = []
  }
  replaceChildren(...options) {
    this.options = options
    this.value = (options.find((o) => o.selected) ?? options[0])?.value ?? ""
  }
  addEventListener(_kind, listener) {
    this.listeners.push(listener)
  }
  choose(value) {
    this.value = value
    for (const listener of this.listeners) listener()
  }
}

const {Veils} = await import("../../src/poama_panel/raster/veils.js")

const skill = {key: "skill", title: "correlation", path: "skill/{lead}", threshold: 0.3, low: -1, high: 1, step: 0.1, adjustable: true}
const sure = {key: "significant", title: "skill significant", path: "sure/{lead}", threshold: 2, low: 1, high: 2, step: 1, adjustable: false}
const frame = {header: {shape: [1, 1], step: 0.1, base: 0}, cells: new Uint16Array(1)}
const at = (lead) => (path) => path.replace("{lead}", lead)

function made(style = "fade", fetchFrame = async () => frame) {
  const controls = Object.fromEntries(["row", "style", "kind", "threshold", "limit", "problem"].map((n) => [n, new Control()]))
  const asked = []
  const drawn = []
  const loader = new FrameLoader((key) => {
    asked.push(key)
    return fetchFrame(key)
  })
  const veils = new Veils(controls, style, loader, () => drawn.push(1))
  return {veils, controls, asked, drawn}
}

const soon = () => new Promise((resolve) => setTimeout(resolve))

test("where nothing can be judged there is nothing to choose", () => {
  const {veils, controls, asked} = made()
  veils.offer([])
  assert.ok(controls.row.hidden)
  assert.equal(veils.over(at(1)), null)
  assert.equal(veils.words, "")
  veils.toggle()
  assert.deepEqual(asked, [])
})

test("it is sent for when it is wanted, and the map drawn anew when it comes", async () => {
  const {veils, asked, drawn} = made()
  veils.offer([skill, sure])
  assert.equal(veils.over(at(2)), null)
  await soon()
  assert.deepEqual(asked, ["skill/2"])
  assert.equal(drawn.length, 1)
  assert.deepEqual(veils.over(at(2)), {frame, threshold: 0.3, style: "fade"})
  assert.equal(veils.key(at(3)), "skill/3")
  assert.equal(veils.words, "faded where correlation is below 0.3")
})

test("S takes it away and brings it back as it was", async () => {
  const {veils, controls, asked} = made("off")
  veils.offer([skill])
  assert.equal(veils.over(at(1)), null)
  assert.deepEqual(asked, [])
  veils.toggle()
  assert.equal(controls.style.value, "fade")
  controls.style.choose("dots")
  veils.toggle()
  assert.equal(veils.style, "off")
  assert.ok(controls.limit.hidden)
  veils.toggle()
  assert.equal(veils.style, "dots")
})

test("a threshold is kept for the score it was chosen for, within what the score can be", () => {
  const {veils, controls} = made()
  veils.offer([skill, sure])
  controls.threshold.choose("0.55")
  assert.equal(veils.threshold(), 0.55)
  controls.threshold.choose("7")
  assert.equal(veils.threshold(), 1)
  controls.threshold.choose("")
  assert.equal(veils.threshold(), 1)
  assert.equal(controls.threshold.value, 1)
  controls.kind.choose("significant")
  assert.equal(veils.threshold(), 2)
  assert.ok(controls.limit.hidden)
  veils.offer([{...skill, title: "RPSS", threshold: 0}, sure])
  controls.kind.choose("skill")
  assert.equal(veils.threshold(), 0)
  veils.offer([skill])
  assert.equal(veils.threshold(), 1)
})

test("why it cannot be had is said, and asked again only for another choice", async () => {
  const {veils, controls, asked} = made("fade", async () => {
    throw new Error("There is no hindcast.")
  })
  veils.offer([skill])
  veils.over(at(1))
  await soon()
  assert.match(controls.problem.textContent, /There is no hindcast/)
  assert.ok(!controls.problem.hidden)
  assert.equal(veils.over(at(1)), null)
  assert.equal(asked.length, 1)
  assert.equal(veils.words, "")
  veils.offer([skill])
  assert.ok(controls.problem.hidden)
  veils.over(at(1))
  assert.equal(asked.length, 2)
})
