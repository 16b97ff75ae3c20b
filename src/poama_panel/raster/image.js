// @ts-check
// Keeps a figure's image of a frame fit for its view.

import {paint} from "./colour.js"
import {covers, patches, widened, withinReach} from "./patches.js"

/** How much is painted around a view that moves, so that not every move paints anew. */
const AROUND = 0.25

export class FrameImage {
  /** @param {any} figure Bokeh figure @param {any} renderer of its ImageRGBA */
  constructor(figure, renderer) {
    this.figure = figure
    this.renderer = renderer
    this.source = renderer.data_source
    // Bokeh's arrays know their shape; their class is not exported.
    this.Pixels = this.source.data.image[0].constructor
    /** @type {import("./decode.js").Frame | null} */
    this.frame = null
    this.table = new Uint32Array(1)
    /** @type {import("./patches.js").Patch[] | null} */
    this.patches = null
    // `pixel` is 0 when every cell is painted: no view can show more.
    this.painted = {view: {west: 0, east: 0, south: 0, north: 0}, pixel: 0}
  }

  /** @param {import("./decode.js").Frame} frame @param {Uint32Array} table colour of each cell */
  show(frame, table) {
    this.frame = frame
    this.table = table
    this.paint(this.view())
    this.renderer.visible = true
  }

  hide() {
    this.frame = null
    this.renderer.visible = false
  }

  /** Paint again when the view has left what is painted, or shows more than was painted. */
  moved() {
    if (this.frame === null) return
    const view = this.view()
    if (!covers(this.painted.view, view)) this.paint(widened(view, AROUND))
    else if (this.pixel()[0] < 0.99 * this.painted.pixel) this.paint(view)
  }

  view() {
    const {x_range: x, y_range: y} = this.figure
    return withinReach({west: x.start, east: x.end, south: y.start, north: y.end})
  }

  /** Size of a pixel in degrees, eastward and northward. @returns {[number, number]} */
  pixel() {
    const {x_range: x, y_range: y, inner_width, inner_height} = this.figure
    const ratio = globalThis.devicePixelRatio ?? 1
    return [(x.end - x.start) / ((inner_width || 900) * ratio), (y.end - y.start) / ((inner_height || 450) * ratio)]
  }

  /** @param {import("./coast.js").View} view */
  paint(view) {
    const {header, cells} = /** @type {import("./decode.js").Frame} */ (this.frame)
    const [pixelX, pixelY] = this.pixel()
    const found = patches(header, view, pixelX, pixelY)
    const same = this.patches !== null && alike(found, this.patches)
    const images = same ? this.source.data.image : found.map((patch) => this.blank(patch))
    for (const [i, {rows, columns}] of found.entries()) {
      paint(cells, header.shape[1], rows, columns, this.table, images[i])
    }
    this.patches = found
    this.painted = {view, pixel: found.every((patch) => patch.whole) ? 0 : pixelX}
    // Painted in place it is no other array: Bokeh is told, and no memory is left behind.
    if (same) this.source.change.emit()
    else this.source.data = this.placed(found, images)
  }

  /** @param {import("./patches.js").Patch} patch */
  blank({rows, columns}) {
    return new this.Pixels(new ArrayBuffer(4 * rows.length * columns.length), [rows.length, columns.length])
  }

  /** @param {import("./patches.js").Patch[]} found @param {any[]} image */
  placed(found, image) {
    const each = (/** @type {(patch: import("./patches.js").Patch) => any} */ f) => found.map(f)
    return {
      ...Object.fromEntries(Object.keys(this.source.data).map((name) => [name, each(() => null)])),
      image,
      x: each((p) => p.x),
      y: each((p) => p.y),
      dw: each((p) => p.dw),
      dh: each((p) => p.dh),
    }
  }
}

/**
 * Whether two lists of patches have the same places and as many cells.
 * @param {import("./patches.js").Patch[]} a @param {import("./patches.js").Patch[]} b
 */
function alike(a, b) {
  const size = (/** @type {import("./patches.js").Patch} */ p) => [p.x, p.y, p.dw, p.dh, p.rows.length, p.columns.length].join()
  return a.length === b.length && a.every((patch, i) => size(patch) === size(b[i]))
}
