// Looks at what is painted: when the pixels of the largest canvas change, and how long after
// the event that asked for it. Runs in every page of the benchmark, whoever made the page.
(() => {
  const canvases = (root) => [
    ...root.querySelectorAll("canvas"),
    ...[...root.querySelectorAll("*")].flatMap((e) => (e.shadowRoot ? canvases(e.shadowRoot) : [])),
  ]
  const area = (c) => c.width * c.height

  // A figure may stack canvases of one size: the one that hides what is behind it counts, not
  // the one with lines over it.
  const pick = () =>
    canvases(document)
      .filter((c) => c.width > 500 && c.height > 250)
      .sort((a, b) => area(b) - area(a))
      .find((c) => isOpaque(sample(c)))

  const sample = (c) => {
    const context = c.getContext("2d")
    if (context === null) return []
    return [0.31, 0.52, 0.77].flatMap((y) => [
      ...new Uint32Array(context.getImageData(c.width >> 2, Math.floor(c.height * y), 96, 1).data.buffer),
    ])
  }

  const isOpaque = (pixels) => pixels.length > 0 && pixels.every((p) => p >>> 24 === 255)

  const hash = (c) => sample(c).reduce((h, p) => (Math.imul(h, 31) + p) | 0, 7)

  /** Whether a map is painted: no colour, as a background has, takes half of it. */
  const filled = (c) => {
    const count = new Map()
    const pixels = sample(c)
    for (const p of pixels) count.set(p, (count.get(p) ?? 0) + 1)
    return Math.max(...count.values()) < pixels.length / 2
  }

  const bench = {canvas: null, asked: null, changes: [], shown: [], firstMap: null}
  window.bench = bench

  // Just after a frame: the page's own drawing for it, asked for later than ours, is done by then.
  const channel = new MessageChannel()
  let look = () => {}
  channel.port1.onmessage = () => look()
  const afterFrame = (act) => {
    look = act
    requestAnimationFrame(() => channel.port2.postMessage(null))
  }

  /** From the next event of this kind on, note when the canvas changes. */
  bench.arm = (kind) => {
    bench.canvas = pick()
    Object.assign(bench, {asked: null, changes: [], shown: []})
    let last = hash(bench.canvas)
    const onEvent = (e) => {
      bench.asked = e.timeStamp
      window.removeEventListener(kind, onEvent, true)
    }
    window.addEventListener(kind, onEvent, true)
    const turn = (bench.turn = {})
    const compare = () => {
      if (bench.turn !== turn) return
      const now = hash(bench.canvas)
      if (now !== last && bench.asked !== null) bench.changes.push(performance.now() - bench.asked)
      last = now
      afterFrame(compare)
    }
    afterFrame(compare)
  }

  bench.disarm = () => {
    bench.turn = null
    return {changes: bench.changes, shown: bench.shown}
  }

  bench.box = () => {
    const {x, y, width, height} = pick().getBoundingClientRect()
    return {x, y, width, height}
  }

  window.addEventListener(
    "frame-shown",
    () => bench.asked !== null && bench.shown.push(performance.now() - bench.asked),
    true,
  )

  const waitForMap = () => {
    const canvas = document.body && pick()
    if (canvas && filled(canvas)) bench.firstMap = performance.now()
    else requestAnimationFrame(waitForMap)
  }
  requestAnimationFrame(waitForMap)
})()
