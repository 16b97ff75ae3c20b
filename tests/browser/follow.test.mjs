import assert from "node:assert/strict"
import {test} from "node:test"

import {moveMarkers, onNewPlots} from "../../src/poama_panel/raster/follow.js"

/** A page of models, as far as Bokeh's document tells of it. */
function page(...models) {
  const listeners = new Set()
  return {
    _all_models: new Map(models.map((m, i) => [`p${i}`, m])),
    on_change: (f) => listeners.add(f),
    remove_on_change: (f) => listeners.delete(f),
    changed: (attr) => listeners.forEach((f) => f({attr})),
  }
}

test("every marker of the name is moved, and Python is not told of it", () => {
  const [old, now] = [{name: "plume-now", location: 1}, {name: "plume-now", location: 2}]
  const [other, unlike] = [{name: "x", location: 3}, {name: "plume-now"}]
  moveMarkers(page(old, other, now, unlike), ["plume-now"], 99)
  assert.deepEqual([old.location, now.location, other.location], [99, 99, 3])
  assert.equal("location" in unlike, false)
  assert.equal(now.is_syncable, false)
})

test("without a page there is nothing to move", () => {
  moveMarkers(null, ["plume-now"], 99)
  onNewPlots(null, () => {})()
})

test("a plot that comes is noticed until the end", () => {
  const document = page()
  let seen = 0
  const end = onNewPlots(document, () => seen++)
  document.changed("lead")
  document.changed("children")
  end()
  document.changed("children")
  assert.equal(seen, 1)
})
