import assert from "node:assert/strict"
import {test} from "node:test"

import {viewOf} from "../../src/poama_panel/raster/region.js"

test("a region is wholly in view, in the middle, and a degree as long either way", () => {
  for (const [region, width, height] of [[[0, 360, -90, 90], 900, 450], [[105, 162, -48, -5], 976, 453], [[120, 290, -32, 32], 300, 600]]) {
    const view = viewOf(region, width, height)
    const [west, east, south, north] = region
    assert.ok(view.west <= west + 1e-9 && view.east >= east - 1e-9 && view.south <= south + 1e-9 && view.north >= north - 1e-9)
    assert.ok(Math.abs(view.west + view.east - west - east) < 1e-9)
    assert.ok(Math.abs((view.east - view.west) / width - (view.north - view.south) / height) < 1e-9)
  }
})
