import assert from "node:assert/strict"
import {test} from "node:test"

import {listenForKeys} from "../../src/poama_panel/raster/keys.js"

/** A key pressed on a page, as if `target` had the focus. */
function press(page, key, target = {tagName: "DIV"}, modifiers = {}) {
  const event = Object.assign(new Event("keydown", {cancelable: true}), {key, ...modifiers})
  event.composedPath = () => [target]
  page.dispatchEvent(event)
  return event
}

function listening({own = () => false, ready = () => true} = {}) {
  const page = new EventTarget()
  const done = []
  const end = listenForKeys(page, own, ready, {ArrowRight: () => done.push("right"), l: () => done.push("lock")})
  return {page, done, end}
}

test("a key does what it is for, and nothing else then", () => {
  const {page, done} = listening()
  assert.equal(press(page, "ArrowRight").defaultPrevented, true)
  assert.equal(press(page, "x").defaultPrevented, false)
  assert.equal(press(page, "toString").defaultPrevented, false)
  assert.deepEqual(done, ["right"])
})

test("keys belong to the field that is typed in, unless it is ours", () => {
  const slider = {tagName: "INPUT"}
  const {page, done} = listening({own: (field) => field === slider})
  for (const tagName of ["INPUT", "SELECT", "TEXTAREA"]) press(page, "l", {tagName})
  press(page, "l", {tagName: "DIV", isContentEditable: true})
  assert.deepEqual(done, [])
  press(page, "ArrowRight", slider)
  assert.deepEqual(done, ["right"])
})

test("the browser's own shortcuts are left alone", () => {
  const {page, done} = listening()
  for (const key of ["ctrlKey", "metaKey", "altKey"]) press(page, "l", undefined, {[key]: true})
  assert.deepEqual(done, [])
})

test("nothing happens before there is something to show, nor after the end", () => {
  let there = false
  const {page, done, end} = listening({ready: () => there})
  press(page, "l")
  there = true
  press(page, "l")
  end()
  press(page, "l")
  assert.deepEqual(done, ["lock"])
})
