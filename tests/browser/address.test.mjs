import assert from "node:assert/strict"
import {test} from "node:test"

import {keepAddress} from "../../src/poama_panel/raster/address.js"

function setUp(query) {
  const told = []
  const listeners = []
  const model = {query, on: (name, listener) => name === "query" && listeners.push(listener)}
  keepAddress(model, {state: {kept: true}, replaceState: (...given) => told.push(given)})
  return {told, choose: (next) => { model.query = next; for (const f of listeners) f() }}
}

test("the address is replaced at once and at each choice, its state kept", () => {
  const {told, choose} = setUp("?a=1")
  choose("?a=2")
  assert.deepEqual(told, [[{kept: true}, "", "?a=1"], [{kept: true}, "", "?a=2"]])
})

test("without a query the address is left alone", () => {
  const {told, choose} = setUp("")
  choose("")
  assert.deepEqual(told, [])
})
