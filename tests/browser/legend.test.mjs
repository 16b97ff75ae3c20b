import assert from "node:assert/strict"
import {test} from "node:test"

import {Legend, legendOf} from "../../src/poama_panel/raster/legend.js"

const spec = {colours: {classes: ["#111111", "#222222"]}, display: {classes: ["hit", "miss"]}}
const plain = {colours: {classes: []}, display: {classes: []}}

test("the highest category stands first, as beside the map", () => {
  assert.deepEqual(legendOf(spec), [["#222222", "miss"], ["#111111", "hit"]])
})

test("words stand beside the map where there is room, and never without categories", () => {
  const list = {}
  const bar = {}
  const legend = new Legend(list, bar)
  for (const [shown, width] of [[spec, 1000], [plain, 300], [{}, 300]]) {
    legend.show(shown, width)
    assert.deepEqual([legend.told, list.hidden, bar.visible], [[], true, true])
  }
})

test("on a narrow page they stand below it, each with its colour", () => {
  const made = () => ({style: {}, parts: [], append(...parts) {
    this.parts.push(...parts)
  }})
  globalThis.document = {createElement: made}
  const list = {replaceChildren(...items) {
    this.items = items
  }}
  const bar = {}
  const legend = new Legend(list, bar)
  legend.show(spec, 350)
  assert.deepEqual([legend.told, list.hidden, bar.visible], [legendOf(spec), false, false])
  assert.deepEqual(list.items.map(({parts: [swatch, words]}) => [swatch.style.background, words]), legendOf(spec))
})
