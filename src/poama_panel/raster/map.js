// @ts-check
// The map's browser side: fetches frames, colours them, probes them, steps leads.
// Python is told what was chosen; it is never waited for.

import {keepAddress} from "./address.js"
import {wireActions} from "./actions.js"
import {pythonFor} from "./copy.js"
import {decodeFrame} from "./decode.js"
import {rangeWithin} from "./colour.js"
import {FrameLoader, playAhead, readAhead} from "./loader.js"
import {connection} from "./connection.js"
import {Outline} from "./outline.js"
import {FrameImage} from "./image.js"
import {ColourScale} from "./scale.js"
import {seenIn, viewOf} from "./region.js"
import {Legend} from "./legend.js"
import {titleLines, wordsOf} from "./words.js"
import {Pointing} from "./pointing.js"
import {Windowing} from "./windowing.js"
import {Veils} from "./veils.js"
import {listenForKeys} from "./keys.js"
import {moveMarkers, onNewPlots} from "./follow.js"
import {Teller} from "./tell.js"
import {savePicture} from "./picture.js"
import {Player} from "./play.js"
import {REGIONS, TEMPLATE, fill} from "./template.js"

/** @param {any} model @returns {any} the Bokeh figure inside the child */
function findFigure(model) {
  for (const m of model.references()) if (m.type === "Figure" || m.type === "Plot") return m
  throw new Error("there is no figure")
}

export function render(/** @type {any} */ {model, view, el}) {
  const root = document.createElement("div")
  root.className = "pp-map"
  root.innerHTML = TEMPLATE
  /** @type {(selector: string) => any} */
  const $ = (selector) => root.querySelector(selector)
  el.append(root)
  $(".plot").append(model.get_child("plot"))

  const figure = findFigure(view.model.data.plot)
  const named = (/** @type {string} */ name) => figure.select_one(name)
  const renderer = (/** @type {string} */ name) => figure.renderers.find((/** @type {any} */ r) => r.name === name)
  const mapper = named("colour-mapper")
  const places = renderer("place").data_source
  const lines = Object.fromEntries(["coastline", "australian_states"].map((name) => [name, renderer(name).data_source]))
  // What the browser draws stays in the browser: the server has no use for it.
  const ticks = [named("bar-ticks"), named("bar-places")]
  const drawn = [places, mapper, named("colour-bar"), ...ticks, figure, figure.x_range, figure.y_range]
  for (const m of [...drawn, ...Object.values(lines)]) Object.defineProperty(m, "is_syncable", {value: false})

  const state = {
    /** @type {any} */ spec: model.spec,
    lead: model.lead,
    member: model.member,
    direction: 1,
    asked: 0,
    /** @type {import("./decode.js").Frame | null} */ frame: null,
    shown: "",
  }
  let width = 0

  // ---- frames ---------------------------------------------------------------

  const load = connection(model)
  const plot = view.views.find_one(figure)
  const image = new FrameImage(plot)
  const outline = new Outline(figure, lines)
  const scale = new ColourScale(mapper, {low: $(".low"), high: $(".high")}, named("bar-places"))
  const legend = new Legend($(".legend"), named("colour-bar"))
  const loader = new FrameLoader(async (key, signal) => decodeFrame(await load(`frames/${key}`, signal)))

  const part = new Windowing(figure, () => show())
  const veils = new Veils(
    {
      ...{row: $(".veil-row"), style: $(".veil-style"), kind: $(".veil-kind")},
      ...{threshold: $(".veil-threshold"), limit: $(".veil-limit"), problem: $(".veil-problem")},
    },
    model.veil,
    loader,
    () => {
      model.veil = veils.style
      describe()
      draw()
    },
  )
  const pointing = new Pointing(
    figure,
    places,
    {tip: $(".tip"), plot: $(".plot")},
    () => ({frame: state.frame, display: state.spec.display}),
    (place) => teller.now({place}),
  )

  /** Completes an address for a lead: of the map's frames, or of what lies over them. */
  const keyFor = (/** @type {string} */ path, /** @type {number} */ lead) => {
    const {leads, members} = state.spec
    const member = members.length ? state.member : "all"
    return path.replace("{lead}", leads[lead]).replace("{member}", member) + part.cut
  }
  const keyOf = (/** @type {number} */ lead) => keyFor(state.spec.path, lead)

  async function show() {
    const {spec} = state
    if (!spec.leads?.length) return
    const asked = ++state.asked
    const key = keyOf(state.lead)
    let frame = loader.peek(key)
    // Asked for first: it travels while the rest is done.
    const coming = frame ?? loader.get(key)
    describe()
    follow()
    if (frame === undefined) {
      $(".loading").hidden = false
      try {
        frame = await coming
      } catch (error) {
        if (asked === state.asked) fail(error)
        return
      }
      // A late answer never overwrites a newer one.
      if (asked !== state.asked) return
    }
    $(".loading").hidden = true
    $(".problem").hidden = true
    state.frame = frame
    state.shown = key
    part.learn(frame.header)
    if (!model.locked && !player.playing) fitRange(frame, () => true)
    draw()
    const {length} = spec.leads
    const ahead = player.playing ? playAhead(state.lead, length, player.far) : readAhead(state.lead, state.direction, length)
    const over = image.veil ? ahead.flatMap((i) => veils.key((path) => keyFor(path, i)) ?? []) : []
    loader.prefetch([...ahead.map(keyOf), ...over])
  }

  function fail(/** @type {any} */ error) {
    if (error.name === "AbortError") return
    stop()
    $(".loading").hidden = true
    $(".problem span").textContent = error.message || String(error)
    $(".problem").hidden = false
    // Another selection's map must not stand under this one's title.
    if (state.frame === null) image.hide()
  }

  // ---- drawing --------------------------------------------------------------

  function draw() {
    const {frame, spec} = state
    if (frame === null) return
    const veil = veils.over((path) => keyFor(path, state.lead))
    image.show(frame, scale.table(frame.header, spec.display), veil)
    root.dataset.veiled = veil ? veil.style : ""
    root.dataset.shown = state.shown
    root.dispatchEvent(new CustomEvent("frame-shown", {bubbles: true, composed: true, detail: state.shown}))
    pointing.read()
  }

  let moving = false
  /** Both axes change, one after the other. */
  function moved() {
    if (moving) return
    moving = true
    queueMicrotask(() => {
      moving = false
      outline.draw()
      if (state.frame) part.follow()
    })
  }

  function goHome() {
    const region = /** @type {any} */ (REGIONS)[$(".region").value] ?? REGIONS.data
    const extent = region[1] ?? state.spec.extent
    const {west, east, south, north} = viewOf(extent, figure.inner_width || 900, figure.inner_height || 450)
    figure.x_range.setv({start: west, end: east})
    figure.y_range.setv({start: south, end: north})
    moved()
  }

  // ---- colours --------------------------------------------------------------

  function usePalette() {
    scale.useColours(model.palettes[model.palette] ?? Object.values(model.palettes)[0], state.spec.colours)
    $(".palette").value = model.palette
  }

  /** The range of the whole selection, every lead of it. */
  const useSpecRange = () => scale.useWhole(state.spec.low, state.spec.high)

  function fitRange(/** @type {any} */ frame, /** @type {any} */ seen) {
    const range = rangeWithin(frame, state.spec.display, seen)
    if (range) scale.useSeen(...range)
  }

  // ---- words ----------------------------------------------------------------

  function describe() {
    const {spec, lead, member} = state
    const words = wordsOf(spec, lead, member)
    $(".what").textContent = words.what
    $(".badge").hidden = !spec.synthetic
    $(".issued").textContent = words.issued
    $(".valid").textContent = words.valid
    $(".title-more").textContent = [words.more, veils.words].filter(Boolean).join(" · ")
    if (!player.fast) $(".said").textContent = words.said
    $(".lead").value = lead
    $(".lead").setAttribute("aria-valuetext", words.slider)
    for (const [button, ended] of [[$(".back"), lead === 0], [$(".next"), lead === spec.leads.length - 1]]) {
      // A disabled button loses the focus, and with it the keys of a notebook's map.
      if (ended && button.matches(":focus")) $(".lead").focus()
      button.disabled = ended
    }
    for (const [i, tick] of [...$(".ticks").children].entries()) tick.classList.toggle("now", i === lead)
  }

  function follow() {
    if (state.spec.leads?.length) moveMarkers(view.model.document, model.followers, state.spec.times[state.lead])
  }

  // ---- choosing -------------------------------------------------------------

  const teller = new Teller(view.model.data, () => {
    const {lead, member, spec} = state
    return spec.members?.length ? {lead, member} : {lead}
  })

  function step(/** @type {number} */ to, direction = Math.sign(to - state.lead)) {
    const last = state.spec.leads.length - 1
    const lead = Math.max(0, Math.min(last, to))
    if (lead === state.lead) return
    state.direction = direction
    state.lead = lead
    show()
    if (!player.playing) teller.soon()
  }

  function stepMember(/** @type {number} */ by) {
    const {members} = state.spec
    const i = members.indexOf(state.member) + by
    if (i < 0 || i >= members.length) return
    state.member = members[i]
    $(".member").value = state.member
    show()
    teller.soon()
  }

  const player = new Player(
    {button: $(".play"), rate: $(".rate")},
    () => Boolean(state.spec.leads?.length) && state.shown === keyOf(state.lead),
    () => step((state.lead + 1) % state.spec.leads.length, 1),
  )

  const play = () => (player.playing ? stop() : player.start())

  function stop() {
    if (!player.stop()) return
    describe()
    teller.soon()
  }

  // ---- a new selection --------------------------------------------------------

  function useSpec() {
    const before = state.spec
    state.spec = model.spec
    const {spec} = state
    root.classList.toggle("empty", !spec.leads?.length)
    // The last image stays, but it is not read, recoloured or kept in the name of
    // the new selection.
    if (before.path !== spec.path) state.frame = null
    if (!spec.leads?.length) return
    state.lead = Math.min(state.lead, spec.leads.length - 1)
    if (spec.members.length && !spec.members.includes(state.member)) state.member = spec.members[0]
    $(".lead").max = spec.leads.length - 1
    $(".ticks").replaceChildren(
      ...spec.ticks.map((/** @type {string} */ text) => Object.assign(document.createElement("span"), {textContent: text})),
    )
    fill($(".member"), spec.members.map((/** @type {string} */ m) => [m, m]), state.member)
    $(".member-choice").hidden = spec.members.length === 0
    $(".units").textContent = spec.display.units
    named("bar-ticks").args = {units: spec.display.units, classes: spec.display.classes, plus: spec.display.plus}
    // Of categories each has its colour: there is no palette and no range to choose.
    root.classList.toggle("classed", spec.colours.classes.length > 0)
    usePalette()
    veils.offer(spec.veils ?? [])
    legend.show(spec, width)
    if (before.quantity !== spec.quantity || before === spec || !model.locked) useSpecRange()
    if (before.extent?.join() !== spec.extent.join() || before === spec) {
      if (before !== spec || !spec.wraps) $(".region").value = spec.wraps ? model.region : "data"
      goHome()
    }
    part.use(spec.grid)
    show()
    teller.soon()
  }

  const stepStart = (/** @type {number} */ by) => model.send_msg({start: by, hold: $(".hold").checked})

  // ---- wiring -----------------------------------------------------------------

  fill($(".region"), Object.entries(REGIONS).map(([key, [name]]) => [key, /** @type {string} */ (name)]), model.region)
  fill($(".palette"), Object.keys(model.palettes).map((name) => [name, name]), model.palette)
  $(".lock").checked = model.locked

  $(".lead").addEventListener("input", () => step(Number($(".lead").value)))
  $(".back").addEventListener("click", () => step(state.lead - 1))
  $(".next").addEventListener("click", () => step(state.lead + 1))
  $(".play").addEventListener("click", play)
  $(".member").addEventListener("change", () => stepMember($(".member").selectedIndex - state.spec.members.indexOf(state.member)))
  $(".region").addEventListener("change", goHome)
  $(".palette").addEventListener("change", () => {
    model.palette = $(".palette").value
    usePalette()
    draw()
  })
  for (const end of [".low", ".high"]) {
    $(end).addEventListener("change", () => {
      scale.useRange(Number($(".low").value), Number($(".high").value))
      draw()
    })
  }
  $(".auto").addEventListener("click", () => {
    if (state.frame === null) return
    fitRange(state.frame, seenIn(state.frame.header, figure))
    draw()
  })
  $(".lock").addEventListener("change", () => {
    model.locked = $(".lock").checked
    if (model.locked) useSpecRange()
    show()
  })
  $(".problem button").addEventListener("click", () => {
    // The files may have changed: Python looks at the catalogue again, and a
    // new description comes back if there is one.
    model.send_msg({renew: true})
    show()
  })
  $(".save").addEventListener("click", () => savePicture(plot, image.canvas, titleLines(state.spec, state.lead, state.member, veils.words), state.shown, legend.told))
  const {help} = wireActions(root, stepStart, () => pythonFor(state.spec, state.lead, state.member))

  const ready = () => root.isConnected && Boolean(state.spec.leads?.length)
  // A page is ours, a notebook is not: there the map has the keys only while it has the focus.
  const place = model.base === "" ? root : document
  const stopKeys = listenForKeys(place, (field) => field === $(".lead"), ready, {
    ArrowRight: () => step(state.lead + 1),
    ArrowLeft: () => step(state.lead - 1),
    "]": () => stepMember(1),
    "[": () => stepMember(-1),
    p: play,
    l: () => $(".lock").click(),
    s: () => veils.toggle(),
    h: () => $(".hold").click(),
    ArrowUp: () => stepStart(1),
    ArrowDown: () => stepStart(-1),
    "?": help,
  })

  if (model.place) pointing.mark(model.place[0], model.place[1])
  // Plots that Python was still drawing have the marker of the lead it was told.
  const stopPlots = onNewPlots(view.model.document, follow)
  for (const range of [figure.x_range, figure.y_range]) range.change.connect(moved)

  keepAddress(model, history)
  model.on("spec", useSpec)
  model.on("lead", () => {
    if (model.lead !== state.lead) step(model.lead)
  })
  model.on("palette", () => {
    usePalette()
    draw()
  })
  model.on("remove", () => {
    player.stop()
    image.forget()
    teller.forget()
    stopKeys()
    stopPlots()
  })
  // The figure learns its size after the first layout, and again when the window changes.
  const resize = new ResizeObserver(() => {
    const now = $(".plot").clientWidth
    if (!now || now === width) return
    width = now
    legend.show(state.spec, width)
    // As high as the world is at that width, within reason.
    figure.height = Math.round(Math.min(560, Math.max(260, 0.43 * now + 40)))
    requestAnimationFrame(() => requestAnimationFrame(goHome))
  })
  resize.observe($(".plot"))

  usePalette()
  useSpec()
  load("assets/geography.json")
    .then((bytes) => outline.use(bytes))
    .catch((error) => console.warn(`coastlines: ${error.message}`))
}
