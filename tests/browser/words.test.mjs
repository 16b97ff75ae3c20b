import assert from "node:assert/strict"
import {test} from "node:test"

import {titleLines, wordsOf} from "../../src/poama_panel/raster/words.js"

const spec = {
  title: "Rain · member",
  issued: "started 24 Jul 2011",
  valid: ["Aug 2011", "Sep 2011"],
  leadNames: ["lead 1 month", "lead 2 months"],
  members: ["0", "7"],
  ensemble: "2 members",
  method: "",
  system: "GloSea4",
  units: "mm/day",
  synthetic: false,
}

test("a single member is named among its ensemble", () => {
  const words = wordsOf(spec, 1, "7")
  assert.equal(words.more, "member 7 of 2 members · GloSea4 · mm/day")
  assert.equal(words.valid, "valid Sep 2011 · lead 2 months")
  assert.equal(words.said, "Rain · member, valid Sep 2011")
  assert.equal(words.slider, "Sep 2011, lead 2 months")
})

test("a product of all members says how it was made and names none", () => {
  assert.equal(wordsOf({...spec, members: [], method: "mean"}, 0, "7").more, "mean · 2 members · GloSea4 · mm/day")
})

test("a saved picture says that its data are synthetic", () => {
  assert.deepEqual(titleLines({...spec, synthetic: true}, 0, "0"), [
    "SYNTHETIC DATA · Rain · member",
    "started 24 Jul 2011 · valid Aug 2011 · lead 1 month",
    "member 0 of 2 members · GloSea4 · mm/day",
  ])
  assert.equal(titleLines(spec, 0, "0")[0], "Rain · member")
})
