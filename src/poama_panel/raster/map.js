// @ts-check
// The map's browser side: fetches frames, colours them, probes them, steps leads.
// Python is told what was chosen; it is never waited for.

import {cellAt, centreOf, decodeFrame, valueOf} from "./decode.js"
import {colourTable, decimals, paint, pixel, placeName, rangeWithin, roundRange, signed} from "./colour.js"
import {FrameLoader, readAhead} from "./loader.js"
import {connection} from "./connection.js"
import {Outline} from "./outline.js"
import {savePicture} from "./picture.js"
import {PAUSE, PLAY, REGIONS, TEMPLATE, icon} from "./template.js"

/** @param {any} model @returns {any} the Bokeh figure inside the child */
function findFigure(model) {
  for (const m of model.references()) if (m.type === "Figure" || m.type === "Plot") return m
  throw new Error("there is no figure")
}

export function render({model, view, el}) {
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
  const image = renderer("frame")
  const source = image.data_source
  const mapper = named("colour-mapper")
  const markers = renderer("place").data_source
  const NDArray = source.data.image[0].constructor
  // What the browser draws stays in the browser: told of each frame's pixels, the
  // server would get megabytes it has no use for, and end the connection.
  const lines = Object.fromEntries(["coastline", "australian_states"].map((name) => [name, renderer(name).data_source]))
  const drawn = [image, source, markers, mapper, named("bar-ticks"), figure, figure.x_range, figure.y_range]
  for (const m of [...drawn, ...Object.values(lines)]) Object.defineProperty(m, "is_syncable", {value: false})

  const state = {
    /** @type {any} */ spec: model.spec,
    lead: model.lead,
    member: model.member,
    direction: 1,
    asked: 0,
    /** @type {import("./decode.js").Frame | null} */ frame: null,
    /** @type {any} */ pixels: null,
    /** @type {number[]} */ shifts: [0],
    low: 0,
    high: 1,
    palette: new Uint32Array([0]),
    /** @type {any} */ timer: null,
    /** @type {[number, number] | null} */ pointer: null,
    shown: "",
  }

  // ---- frames ---------------------------------------------------------------

  const load = connection(model)
  const outline = new Outline(figure, lines)
  const loader = new FrameLoader(async (key, signal) => decodeFrame(await load(`frames/${key}`, signal)))

  const keyOf = (/** @type {number} */ lead) => {
    const {path, leads, members} = state.spec
    const member = members.length ? state.member : "all"
    return path.replace("{lead}", leads[lead]).replace("{member}", member)
  }

  async function show() {
    const {spec} = state
    if (!spec.leads?.length) return
    const asked = ++state.asked
    const key = keyOf(state.lead)
    describe()
    follow()
    let frame = loader.peek(key)
    if (frame === undefined) {
      $(".loading").hidden = false
      try {
        frame = await loader.get(key)
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
    if (!model.locked) fitRange(frame, () => true)
    draw()
    loader.prefetch(readAhead(state.lead, state.direction, spec.leads.length).map(keyOf))
  }

  function titleLines() {
    const text = (/** @type {string} */ selector) => $(selector).textContent
    const what = state.spec.synthetic ? `SYNTHETIC DATA · ${text(".what")}` : text(".what")
    return [what, `${text(".issued")} · ${text(".valid")}`, text(".title-more")]
  }

  function fail(/** @type {any} */ error) {
    if (error.name === "AbortError") return
    stop()
    $(".loading").hidden = true
    $(".problem span").textContent = error.message || String(error)
    $(".problem").hidden = false
    // Another selection's map must not stand under this one's title.
    if (state.frame === null) image.visible = false
  }

  // ---- drawing --------------------------------------------------------------

  function draw() {
    const {frame, spec} = state
    if (frame === null) return
    const {header, cells} = frame
    const table = colourTable(header, spec.display, state.palette, state.low, state.high)
    const [ny, nx] = header.shape
    state.pixels = new NDArray(paint(cells, table).buffer, [ny, nx])
    state.shifts = shiftsInView(header)
    image.visible = true
    place()
    root.dataset.shown = state.shown
    root.dispatchEvent(new CustomEvent("frame-shown", {bubbles: true, composed: true, detail: state.shown}))
    probe()
  }

  /** Put the image where the view needs it: once, and again a turn to the east or west. */
  function place() {
    const {header} = /** @type {any} */ (state.frame)
    const [ny, nx] = header.shape
    const many = (/** @type {any} */ v) => state.shifts.map(() => v)
    source.data = {
      ...Object.fromEntries(Object.keys(source.data).map((k) => [k, many(null)])),
      image: many(state.pixels),
      x: state.shifts.map((s) => header.x0 - header.dx / 2 + s),
      y: many(header.y0 - header.dy / 2),
      dw: many(nx * header.dx),
      dh: many(ny * header.dy),
    }
  }

  function shiftsInView(/** @type {any} */ header) {
    const west = header.x0 - header.dx / 2
    const east = west + header.shape[1] * header.dx
    const {start, end} = figure.x_range
    return [0, -360, 360].filter((s) => s === 0 || (west + s < end && east + s > start))
  }

  function moved() {
    outline.draw()
    if (state.frame === null) return
    const shifts = shiftsInView(state.frame.header)
    if (shifts.join() !== state.shifts.join()) {
      state.shifts = shifts
      place()
    }
  }

  function look(/** @type {number[]} */ [west, east, south, north]) {
    // One degree is as long upward as eastward, and the whole region is in view.
    const width = figure.inner_width || 900
    const height = figure.inner_height || 450
    const scale = Math.max((east - west) / width, (north - south) / height)
    const [x, y] = [(west + east) / 2, (south + north) / 2]
    figure.x_range.setv({start: x - (scale * width) / 2, end: x + (scale * width) / 2})
    figure.y_range.setv({start: y - (scale * height) / 2, end: y + (scale * height) / 2})
  }

  function goHome() {
    const region = REGIONS[$(".region").value] ?? REGIONS.data
    look(region[1] ?? state.spec.extent)
  }

  // ---- colours --------------------------------------------------------------

  function usePalette() {
    const colours = model.palettes[model.palette] ?? Object.values(model.palettes)[0]
    state.palette = Uint32Array.from(colours, pixel)
    mapper.palette = colours
    $(".palette").value = model.palette
  }

  function useRange(/** @type {number} */ low, /** @type {number} */ high) {
    if (!(high > low)) return
    state.low = low
    state.high = high
    mapper.setv({low, high})
    $(".low").value = low
    $(".high").value = high
  }

  /** The range of the whole selection, every lead of it. */
  function useSpecRange() {
    useRange(...roundRange(state.spec.low, state.spec.high, state.spec.floor))
  }

  function fitRange(/** @type {any} */ frame, /** @type {any} */ seen) {
    const range = rangeWithin(frame, state.spec.display, seen)
    if (range) useRange(...roundRange(...range))
  }

  // ---- words ----------------------------------------------------------------

  function describe() {
    const {spec, lead} = state
    $(".what").textContent = spec.title
    $(".badge").hidden = !spec.synthetic
    $(".issued").textContent = spec.issued
    $(".valid").textContent = `valid ${spec.valid[lead]} · ${spec.leadNames[lead]}`
    const member = spec.members.length ? `member ${state.member} of ${spec.ensemble}` : spec.ensemble
    $(".title-more").textContent = [spec.method, member, spec.system, spec.units].filter(Boolean).join(" · ")
    $(".lead").value = lead
    $(".lead").setAttribute("aria-valuetext", `${spec.valid[lead]}, ${spec.leadNames[lead]}`)
    $(".back").disabled = lead === 0
    $(".next").disabled = lead === spec.leads.length - 1
    $(".said").textContent = `${spec.title}, valid ${spec.valid[lead]}`
    for (const [i, tick] of [...$(".ticks").children].entries()) tick.classList.toggle("now", i === lead)
  }

  /** Other plots' markers of the valid time. They may not be on the page yet, or no longer. */
  function follow() {
    for (const name of model.followers) {
      // While a plot is replaced there may be two of a name, which Bokeh's own
      // look-up takes for an error.
      for (const mark of view.model.document?._all_models.values() ?? []) {
        if (mark.name === name && "location" in mark) mark.location = state.spec.times[state.lead]
      }
    }
  }

  function probe() {
    const tip = $(".tip")
    const cell = state.pointer && state.frame && cellAt(state.frame.header, ...state.pointer)
    if (!cell) {
      tip.hidden = true
      return
    }
    const {header, cells} = /** @type {any} */ (state.frame)
    const {display} = state.spec
    const value = valueOf(header, cells[cell[0] * header.shape[1] + cell[1]]) * display.scale + display.offset
    const digits = decimals(header.step, display.scale)
    const text = Number.isNaN(value) ? "no data" : `${signed(value.toFixed(digits))} ${display.units}`
    tip.textContent = `${text} · ${placeName(...centreOf(header, cell[0], cell[1]))}`
    tip.hidden = false
  }

  // ---- choosing -------------------------------------------------------------

  let telling = 0
  function tell() {
    // Python learns of the lead when it has settled: it is not in the loop.
    clearTimeout(telling)
    telling = setTimeout(() => {
      if (model.lead !== state.lead) model.lead = state.lead
      if (model.member !== state.member) model.member = state.member
    }, 120)
  }

  function step(/** @type {number} */ to) {
    const last = state.spec.leads.length - 1
    const lead = Math.max(0, Math.min(last, to))
    if (lead === state.lead) return
    state.direction = lead > state.lead ? 1 : -1
    state.lead = lead
    show()
    tell()
  }

  function stepMember(/** @type {number} */ by) {
    const {members} = state.spec
    const i = members.indexOf(state.member) + by
    if (i < 0 || i >= members.length) return
    state.member = members[i]
    $(".member").value = state.member
    show()
    tell()
  }

  function play() {
    if (state.timer) return stop()
    $(".play").innerHTML = icon(PAUSE)
    $(".play").setAttribute("aria-label", "Pause")
    state.timer = setInterval(() => {
      // Wait for the frame rather than skip it.
      if (state.shown !== keyOf(state.lead)) return
      const n = state.spec.leads.length
      state.lead = (state.lead + 1) % n
      state.direction = 1
      show()
    }, 400)
  }

  function stop() {
    clearInterval(state.timer)
    if (state.timer) tell()
    state.timer = null
    $(".play").innerHTML = icon(PLAY)
    $(".play").setAttribute("aria-label", "Play")
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
    options($(".member"), spec.members.map((/** @type {string} */ m) => [m, m]), state.member)
    $(".member-choice").hidden = spec.members.length === 0
    $(".units").textContent = spec.display.units
    named("bar-ticks").args = {units: spec.display.units}
    if (before.quantity !== spec.quantity || before === spec || !model.locked) useSpecRange()
    if (before.extent?.join() !== spec.extent.join() || before === spec) {
      if (before !== spec || !spec.wraps) $(".region").value = spec.wraps ? model.region : "data"
      goHome()
    }
    show()
    tell()
  }

  function options(/** @type {any} */ select, /** @type {string[][]} */ pairs, /** @type {string} */ chosen) {
    select.replaceChildren(...pairs.map(([value, text]) => new Option(text, value, false, value === chosen)))
  }

  // ---- wiring -----------------------------------------------------------------

  options($(".region"), Object.entries(REGIONS).map(([key, [name]]) => [key, /** @type {string} */ (name)]), model.region)
  options($(".palette"), Object.keys(model.palettes).map((name) => [name, name]), model.palette)
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
      useRange(Number($(".low").value), Number($(".high").value))
      draw()
    })
  }
  $(".auto").addEventListener("click", () => {
    if (state.frame === null) return
    const {header} = state.frame
    const {x_range: xr, y_range: yr} = figure
    fitRange(state.frame, (/** @type {number} */ row, /** @type {number} */ column) => {
      const lat = header.y0 + row * header.dy
      const lon = header.x0 + column * header.dx
      return lat >= yr.start && lat <= yr.end && [0, -360, 360].some((s) => lon + s >= xr.start && lon + s <= xr.end)
    })
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
  $(".save").addEventListener("click", () => savePicture(figure, titleLines(), state.shown))

  const typing = (/** @type {any} */ target) =>
    target instanceof HTMLElement && (/^(INPUT|SELECT|TEXTAREA)$/.test(target.tagName) || target.isContentEditable)
  const onKey = (/** @type {KeyboardEvent} */ event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !root.isConnected) return
    const target = event.composedPath()[0]
    const own = target === $(".lead")
    if (typing(target) && !own) return
    const act = {
      ArrowRight: () => step(state.lead + 1),
      ArrowLeft: () => step(state.lead - 1),
      "]": () => stepMember(1),
      "[": () => stepMember(-1),
      p: play,
      l: () => $(".lock").click(),
    }[event.key]
    if (!act || !state.spec.leads?.length) return
    event.preventDefault()
    act()
  }
  document.addEventListener("keydown", onKey)

  figure.on_event("mousemove", (/** @type {any} */ e) => {
    state.pointer = [e.x, e.y]
    const tip = $(".tip")
    const box = $(".plot").getBoundingClientRect()
    const right = e.sx > box.width * 0.7
    tip.style.left = right ? "auto" : `${e.sx + 14}px`
    tip.style.right = right ? `${box.width - e.sx + 14}px` : "auto"
    tip.style.top = `${e.sy + 12}px`
    probe()
  })
  figure.on_event("mouseleave", () => {
    state.pointer = null
    probe()
  })
  figure.on_event("tap", (/** @type {any} */ e) => {
    const cell = state.frame && cellAt(state.frame.header, e.x, e.y)
    if (!cell) return
    const centre = centreOf(/** @type {any} */ (state.frame).header, cell[0], cell[1])
    mark(e.x, e.y)
    model.place = centre
  })

  function mark(/** @type {number} */ x, /** @type {number} */ y) {
    const [kx, ky] = Object.keys(markers.data)
    markers.data = {[kx]: [x - 360, x, x + 360], [ky]: [y, y, y]}
  }

  for (const range of [figure.x_range, figure.y_range]) range.change.connect(moved)

  model.on("spec", useSpec)
  model.on("lead", () => {
    if (model.lead !== state.lead) step(model.lead)
  })
  model.on("palette", () => {
    usePalette()
    draw()
  })
  model.on("remove", () => {
    stop()
    document.removeEventListener("keydown", onKey)
  })
  // The figure learns its size after the first layout, and again when the window changes.
  let width = 0
  const resize = new ResizeObserver(() => {
    const now = $(".plot").clientWidth
    if (!now || now === width) return
    width = now
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
