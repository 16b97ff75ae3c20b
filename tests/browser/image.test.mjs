import assert from "node:assert/strict"
import {test} from "node:test"

import {MISSING} from "../../src/poama_panel/raster/colour.js"
import {FrameImage, placeOf} from "../../src/poama_panel/raster/image.js"

/** A canvas that keeps what is put on it, and counts how often. */
class Canvas {
  constructor() {
    Object.assign(this, {style: {}, put: 0, width: 300, height: 150})
  }

  getContext() {
    return {
      putImageData: (pixels, x, y) => {
        this.put++
        Object.assign(this, {pixels: new Uint32Array(pixels.data.buffer.slice()), size: [pixels.width, pixels.height], at: [x, y]})
      },
    }
  }

  remove() {
    this.removed = true
  }
}

globalThis.document = {createElement: () => new Canvas()}
globalThis.ImageData = class {
  constructor(width, height) {
    Object.assign(this, {width, height, data: new Uint8ClampedArray(4 * width * height)})
  }
}

/** What of Bokeh's view of a figure the image goes by. */
function view(west = 0, east = 8, ratio = 1) {
  const slots = new Set()
  const beneath = []
  return {
    beneath,
    frame: {bbox: {left: 10, top: 5, width: 8, height: 4}},
    canvas_view: {pixel_ratio: ratio, primary: {canvas: {width: 30 * ratio, height: 20 * ratio}}, underlays_el: {append: (c) => beneath.push(c)}},
    model: {x_range: {start: west, end: east}, y_range: {start: -2, end: 2}},
    repainted: {connect: (slot) => slots.add(slot), disconnect: (slot) => slots.delete(slot)},
    painted: () => slots.forEach((slot) => slot()),
  }
}

const header = {shape: [2, 4], x0: 1, dx: 2, y0: -1, dy: 2, wraps: false}
const frame = {header, cells: Uint16Array.of(0, 1, 2, 3, 4, 5, 6, 7)}
const table = Uint32Array.of(MISSING, 11, 12, 13, 14, 15, 16, 17)
const row = (canvas, y) => [...canvas.pixels.slice(y * canvas.size[0], (y + 1) * canvas.size[0])]

test("a frame is painted at once where Bokeh has its axes", () => {
  const plot = view()
  const image = new FrameImage(plot)
  assert.deepEqual(plot.beneath, [image.canvas])
  assert.deepEqual([...new Set(image.canvas.pixels)], [MISSING])
  image.show(frame, table)
  assert.deepEqual([image.canvas.at, image.canvas.size], [[10, 5], [9, 5]])
  assert.deepEqual([image.canvas.width, image.canvas.height], [30, 20])
  // The first middle is on the edge of the frame, the last on its other edge.
  assert.deepEqual(row(image.canvas, 0), Array(9).fill(MISSING))
  assert.deepEqual(row(image.canvas, 1), [14, 14, 15, 15, 16, 16, 17, 17, MISSING])
  assert.deepEqual(row(image.canvas, 4), [MISSING, MISSING, 11, 11, 12, 12, 13, 13, MISSING])
})

test("on a screen of twice the pixels each of them is one of ours", () => {
  const place = placeOf(view(0, 8, 2))
  assert.deepEqual([place.x, place.y, place.across.count, place.down.count], [21, 11, 16, 8])
  assert.deepEqual([place.across.at, place.across.step], [0.25, 0.5])
  assert.deepEqual([place.down.at, place.down.step], [1.75, -0.5])
})

test("the view moves with Bokeh's lines, and not before", () => {
  const plot = view()
  const image = new FrameImage(plot)
  image.show(frame, table)
  const {put} = image.canvas
  plot.painted()
  assert.equal(image.canvas.put, put, "nothing has moved")
  Object.assign(plot.model.x_range, {start: 4, end: 12})
  image.show({header, cells: frame.cells.map((c) => 7 - c)}, table)
  assert.deepEqual(row(image.canvas, 4).slice(0, 8), [17, 17, 16, 16, 15, 15, 14, 14], "the new frame in the view that is shown")
  plot.painted()
  assert.deepEqual(row(image.canvas, 4), [15, 15, 14, 14, ...Array(5).fill(MISSING)])
})

test("a new size is taken over", () => {
  const plot = view()
  const image = new FrameImage(plot)
  image.show(frame, table)
  plot.frame.bbox = {left: 10, top: 5, width: 16, height: 4}
  plot.canvas_view.primary.canvas = {width: 38, height: 20}
  plot.painted()
  assert.deepEqual([image.canvas.width, image.canvas.size], [38, [17, 5]])
})

test("before Bokeh's first layout a frame waits", () => {
  const plot = view()
  const {bbox} = plot.frame
  plot.frame.bbox = {left: 0, top: 0, width: 0, height: 0}
  const image = new FrameImage(plot)
  image.show(frame, table)
  assert.equal(image.canvas.put, 0)
  plot.frame.bbox = bbox
  plot.painted()
  assert.ok(image.canvas.pixels.includes(17))
})

test("what is hidden leaves the background, also as the view moves", () => {
  const plot = view()
  const image = new FrameImage(plot)
  image.show(frame, table)
  image.hide()
  assert.deepEqual([...new Set(image.canvas.pixels)], [MISSING])
  plot.model.x_range.end = 500
  plot.painted()
  assert.deepEqual([...new Set(image.canvas.pixels)], [MISSING])
})

test("a forgotten image is gone, and paints no more", () => {
  const plot = view()
  const image = new FrameImage(plot)
  image.show(frame, table)
  const {put} = image.canvas
  image.forget()
  plot.model.x_range.end = 500
  plot.painted()
  assert.deepEqual([image.canvas.removed, image.canvas.put], [true, put])
})
