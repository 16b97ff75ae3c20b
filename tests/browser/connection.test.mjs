import assert from "node:assert/strict"
import {test} from "node:test"

import {connection} from "../../src/poama_panel/raster/connection.js"

/** A component in a notebook, with a kernel that answers when the test says so. */
function notebook() {
  const handlers = {"msg:custom": [], remove: []}
  const asked = []
  return {
    asked,
    model: {base: "", on: (name, act) => handlers[name].push(act), send_msg: ({path}) => asked.push(path)},
    answer: (path, ...numbers) => tell({path, bytes: Uint8Array.from(numbers)}),
    refuse: (path, problem) => tell({path, problem}),
    remove: () => handlers.remove.forEach((act) => act()),
  }
  function tell(data) {
    handlers["msg:custom"].forEach((act) => act({data}))
  }
}

const later = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
const bytes = (buffer) => [...new Uint8Array(buffer)]

test("each question gets its own answer, in whatever order they come", async () => {
  const kernel = notebook()
  const load = connection(kernel.model)
  const both = Promise.all([load("a"), load("b")])
  kernel.answer("b", 2, 2)
  kernel.answer("a", 1)
  assert.deepEqual((await both).map(bytes), [[1], [2, 2]])
})

test("the kernel's reason is the error", async () => {
  const kernel = notebook()
  const asked = connection(kernel.model)("a")
  kernel.refuse("a", "There is no such start.")
  await assert.rejects(asked, /There is no such start/)
})

test("a lost question is asked again, and a second answer to it does no harm", async () => {
  const kernel = notebook()
  const asked = connection(kernel.model, [5, 60_000])("a")
  await later(50)
  assert.deepEqual(kernel.asked, ["a", "a"])
  kernel.answer("a", 7)
  assert.deepEqual(bytes(await asked), [7])
  kernel.answer("a", 7)
})

test("an answered question is not asked again", async () => {
  const kernel = notebook()
  const asked = connection(kernel.model, [5, 5])("a")
  kernel.answer("a", 1)
  await asked
  await later(50)
  assert.deepEqual(kernel.asked, ["a"])
})

test("a kernel that stays silent is named in the end", async () => {
  const kernel = notebook()
  await assert.rejects(connection(kernel.model, [1, 1, 1])("a"), /kernel does not answer.*run the cell again/)
  assert.deepEqual(kernel.asked, ["a", "a", "a"])
})

test("a question given up does not take the next one's answer away", async () => {
  const kernel = notebook()
  const load = connection(kernel.model)
  const abort = new AbortController()
  const first = load("a", abort.signal)
  abort.abort()
  const second = load("a")
  await assert.rejects(first, {name: "AbortError"})
  kernel.answer("a", 3)
  assert.deepEqual(bytes(await second), [3])
})

test("a map taken off the page asks no more", async () => {
  const kernel = notebook()
  const asked = connection(kernel.model, [5, 5, 5])("a")
  kernel.remove()
  await assert.rejects(asked, {name: "AbortError"})
  await later(50)
  assert.deepEqual(kernel.asked, ["a"])
})
