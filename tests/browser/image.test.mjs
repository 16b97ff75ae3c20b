import assert from "node:assert/strict"
import {test} from "node:test"

import {FrameImage} from "../../src/poama_panel/raster/image.js"

/** As Bokeh's arrays: numbers that know their shape. */
class Pixels extends Uint32Array {
  constructor(buffer, shape) {
    super(buffer)
    this.shape = shape
  }
}

/** What of a Bokeh figure the image is drawn with; counts what it is handed. */
function figure(west = 0, east = 360) {
  const handed = {data: 0, inPlace: 0}
  let data = {image: [new Pixels(new ArrayBuffer(4), [1, 1])], x: [0], y: [0], dw: [1], dh: [1], other: [0]}
  const source = {
    get data() {
      return data
    },
    set data(now) {
      handed.data++
      data = now
    },
    change: {emit: () => handed.inPlace++},
  }
  const plot = {x_range: {start: west, end: east}, y_range: {start: -90, end: 90}, inner_width: 360, inner_height: 180}
  return {handed, source, plot, renderer: {data_source: source, visible: false}}
}

const header = {shape: [2, 4], x0: 45, dx: 90, y0: -45, dy: 90, wraps: true}
const frame = {header, cells: Uint16Array.of(0, 1, 2, 3, 4, 5, 6, 7)}
const table = Uint32Array.of(0, 11, 12, 13, 14, 15, 16, 17)

test("a frame is handed over as one image that fills the view", () => {
  const {plot, renderer, source, handed} = figure(-90, 450)
  new FrameImage(plot, renderer).show(frame, table)
  assert.equal(renderer.visible, true)
  assert.equal(handed.data, 1)
  assert.deepEqual([...source.data.image[0]], [13, 0, 11, 12, 13, 0, 17, 14, 15, 16, 17, 14])
  assert.deepEqual(source.data.image[0].shape, [2, 6])
  assert.deepEqual([source.data.x, source.data.y, source.data.dw, source.data.dh, source.data.other], [[-90], [-90], [540], [180], [null]])
})

test("the next frame in the same place is painted over the last", () => {
  const {plot, renderer, source, handed} = figure()
  const image = new FrameImage(plot, renderer)
  image.show(frame, table)
  const [pixels] = source.data.image
  image.show({header, cells: frame.cells.map((c) => 7 - c)}, table)
  assert.equal(source.data.image[0], pixels)
  assert.deepEqual([...pixels], [17, 16, 15, 14, 13, 12, 11, 0])
  assert.deepEqual(handed, {data: 1, inPlace: 1})
})

test("a frame of another grid is placed anew", () => {
  const {plot, renderer, source, handed} = figure()
  const image = new FrameImage(plot, renderer)
  image.show(frame, table)
  image.show({header: {...header, x0: 100, dx: 10, wraps: false}, cells: frame.cells}, table)
  assert.deepEqual(handed, {data: 2, inPlace: 0})
  assert.deepEqual([source.data.x, source.data.dw], [[95], [40]])
})

test("it is painted again when the view leaves what is painted, and not before", () => {
  const {plot, renderer, source, handed} = figure()
  const image = new FrameImage(plot, renderer)
  const pan = (by) => {
    plot.x_range.start += by
    plot.x_range.end += by
    image.moved()
  }
  image.moved()
  assert.equal(handed.data, 0, "there is nothing to show yet")
  image.show(frame, table)
  image.moved()
  assert.equal(handed.data, 1)
  pan(40)
  assert.equal(handed.data, 2)
  for (let i = 0; i < 8; i++) pan(10)
  assert.equal(handed.data, 2)
  pan(20)
  assert.equal(handed.data, 3)
  assert.ok(source.data.x[0] <= 140 && source.data.x[0] + source.data.dw[0] >= 500)
})

test("cells that were left out for want of pixels are painted when the view comes nearer", () => {
  const dense = {header: {shape: [1, 720], x0: 0.25, dx: 0.5, y0: 0, dy: 180, wraps: true}, cells: new Uint16Array(720)}
  const {plot, renderer, source, handed} = figure()
  const image = new FrameImage(plot, renderer)
  image.show(dense, table)
  assert.deepEqual(source.data.image[0].shape, [1, 362])
  Object.assign(plot.x_range, {start: 100, end: 200})
  image.moved()
  assert.deepEqual(source.data.image[0].shape, [1, 200])
  Object.assign(plot.x_range, {start: 120, end: 180})
  image.moved()
  assert.equal(handed.data, 2, "every cell is there already")
})

test("what is hidden is not painted as the view moves", () => {
  const {plot, renderer, handed} = figure()
  const image = new FrameImage(plot, renderer)
  image.show(frame, table)
  image.hide()
  plot.x_range.end = 500
  image.moved()
  assert.equal(renderer.visible, false)
  assert.equal(handed.data, 1)
})

test("a region out of view leaves no image, and is back when it is in view again", () => {
  const region = {header: {...header, x0: 100, dx: 10, wraps: false}, cells: frame.cells}
  const {plot, renderer, source} = figure(200, 300)
  const image = new FrameImage(plot, renderer)
  image.show(region, table)
  assert.deepEqual([source.data.image, source.data.x], [[], []])
  Object.assign(plot.x_range, {start: 0, end: 200})
  image.moved()
  assert.deepEqual([...source.data.image[0]], [...frame.cells].map((c) => table[c]))
})
