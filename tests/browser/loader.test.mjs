import assert from "node:assert/strict"
import {test} from "node:test"

import {FrameLoader, playAhead, readAhead} from "../../src/poama_panel/raster/loader.js"

const frame = (n = 4) => ({header: {}, cells: new Uint16Array(n)})

/** A server whose answers come when the test says so. */
function server() {
  const asked = []
  const fetchFrame = (key, signal) =>
    new Promise((resolve, reject) => {
      signal.addEventListener("abort", () => reject(new DOMException("given up", "AbortError")))
      asked.push({key, answer: (f = frame()) => resolve(f), fail: (why) => reject(new Error(why)), signal})
    })
  return {asked, fetchFrame}
}

test("a frame is fetched once, however often it is asked for", async () => {
  const {asked, fetchFrame} = server()
  const loader = new FrameLoader(fetchFrame)
  const both = Promise.all([loader.get("a"), loader.get("a")])
  asked[0].answer()
  const [one, two] = await both
  assert.equal(one, two)
  assert.equal(await loader.get("a"), one)
  assert.equal(asked.length, 1)
})

test("a failure is told to who asked, and the next one asks again", async () => {
  const {asked, fetchFrame} = server()
  const loader = new FrameLoader(fetchFrame)
  const first = loader.get("a")
  asked[0].fail("away")
  await assert.rejects(first, /away/)
  const second = loader.get("a")
  asked[1].answer()
  assert.ok(await second)
})

test("what was read ahead and is no longer wanted is given up; what is asked for is not", async () => {
  const {asked, fetchFrame} = server()
  const loader = new FrameLoader(fetchFrame)
  loader.prefetch(["b", "c"])
  const wanted = loader.get("c")
  loader.prefetch(["d"])
  assert.deepEqual(asked.map((a) => [a.key, a.signal.aborted]), [["b", true], ["c", false], ["d", false]])
  asked[1].answer()
  assert.ok(await wanted)
})

test("asking for a frame whose read-ahead was given up fetches it anew", async () => {
  const {asked, fetchFrame} = server()
  const loader = new FrameLoader(fetchFrame)
  loader.prefetch(["b"])
  loader.prefetch([])
  const wanted = loader.get("b")
  assert.equal(asked.length, 2)
  asked[1].answer()
  assert.ok(await wanted)
})

test("a failed read-ahead is no unhandled error and leaves the frame to be asked for", async () => {
  const {asked, fetchFrame} = server()
  const loader = new FrameLoader(fetchFrame)
  loader.prefetch(["b"])
  asked[0].fail("away")
  await new Promise((resolve) => setTimeout(resolve, 5))
  const wanted = loader.get("b")
  asked[1].answer()
  assert.ok(await wanted)
})

test("reading ahead takes a few lanes, and goes on as they become free", async () => {
  const {asked, fetchFrame} = server()
  const loader = new FrameLoader(fetchFrame)
  loader.prefetch(["a", "b", "c", "d", "e", "f"])
  assert.deepEqual(asked.map((a) => a.key), ["a", "b", "c", "d"])
  asked[1].fail("away")
  await new Promise((resolve) => setTimeout(resolve, 5))
  asked[0].answer()
  await new Promise((resolve) => setTimeout(resolve, 5))
  assert.deepEqual(asked.map((a) => a.key), ["a", "b", "c", "d", "e", "f"], "what failed is not tried again")
  const wanted = loader.get("g")
  assert.equal(asked.at(-1).key, "g")
  asked.at(-1).answer()
  assert.ok(await wanted)
})

test("of what somebody hurried past the first are given up, never what is wanted now", async () => {
  const {asked, fetchFrame} = server()
  const loader = new FrameLoader(fetchFrame)
  const keys = Array.from({length: 30}, (_, i) => `k${i}`)
  const answers = keys.map((key) => loader.get(key).catch((error) => error.name))
  assert.ok(asked.filter((a) => !a.signal.aborted).length <= 4)
  assert.equal(asked.at(-1).signal.aborted, false)
  for (const a of asked) a.answer()
  assert.equal((await answers[0]), "AbortError")
  assert.ok((await answers.at(-1)).cells)
})

test("memory is bounded, and the frames used last stay", async () => {
  const loader = new FrameLoader(async () => frame(8), 3 * 16)
  for (const key of ["a", "b", "c"]) await loader.get(key)
  loader.peek("a")
  await loader.get("d")
  assert.deepEqual([...loader.kept.keys()].sort(), ["a", "c", "d"])
  assert.equal(loader.size, 3 * 16)
})

test("a frame larger than the bound is kept while it is the newest", async () => {
  const loader = new FrameLoader(async () => frame(100), 10)
  await loader.get("a")
  assert.ok(loader.peek("a"))
})

test("reading ahead follows the direction of travel and stays within the leads", () => {
  assert.deepEqual(readAhead(2, 1, 6), [3, 4, 1])
  assert.deepEqual(readAhead(2, -1, 6), [1, 0, 3])
  assert.deepEqual(readAhead(0, -1, 6), [1])
  assert.deepEqual(readAhead(5, 1, 6), [4])
  assert.deepEqual(readAhead(0, 1, 1), [])
})

test("playing reads on round and round, and no frame twice", () => {
  assert.deepEqual(playAhead(4, 6, 3), [5, 0, 1])
  assert.deepEqual(playAhead(4, 6, 20), [5, 0, 1, 2, 3])
  assert.deepEqual(playAhead(0, 1, 20), [])
})
