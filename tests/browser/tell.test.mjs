import assert from "node:assert/strict"
import {test} from "node:test"

import {Teller} from "../../src/poama_panel/raster/tell.js"

/** A model that notes what it is told, message by message. */
function told(attributes) {
  const messages = []
  const model = {
    ...attributes,
    setv(news) {
      messages.push(news)
      Object.assign(this, news)
    },
  }
  return {model, messages}
}

test("many steps are one message, once they have settled", (context) => {
  context.mock.timers.enable({apis: ["setTimeout"]})
  const {model, messages} = told({lead: 0, member: "0"})
  const state = {lead: 0, member: "0"}
  const teller = new Teller(model, () => ({...state}))
  for (let lead = 1; lead <= 4; lead++) {
    state.lead = lead
    teller.soon()
    context.mock.timers.tick(300)
  }
  assert.deepEqual(messages, [])
  state.member = "3"
  teller.soon()
  context.mock.timers.tick(5000)
  assert.deepEqual(messages, [{lead: 4, member: "3"}])
})

test("what did not change is not told", (context) => {
  context.mock.timers.enable({apis: ["setTimeout"]})
  const {model, messages} = told({lead: 2, member: ""})
  let choice = {lead: 3}
  const teller = new Teller(model, () => choice)
  teller.soon()
  choice = {lead: 2}
  context.mock.timers.tick(5000)
  assert.deepEqual(messages, [])
})

test("a place is told at once, with the choice that was about to be", (context) => {
  context.mock.timers.enable({apis: ["setTimeout"]})
  const {model, messages} = told({lead: 0, place: null})
  const teller = new Teller(model, () => ({lead: 1}))
  teller.soon()
  teller.now({place: [150, -30]})
  context.mock.timers.tick(5000)
  assert.deepEqual(messages, [{lead: 1, place: [150, -30]}])
})

test("what is to be forgotten is not told", (context) => {
  context.mock.timers.enable({apis: ["setTimeout"]})
  const {model, messages} = told({lead: 0})
  const teller = new Teller(model, () => ({lead: 1}))
  teller.soon()
  teller.forget()
  context.mock.timers.tick(5000)
  assert.deepEqual(messages, [])
})
