// @ts-check
// A frame's cells on a canvas of our own, which lies under Bokeh's.
//
// A new frame is painted at once, and Bokeh need not paint at all. When the view moves it is
// painted again as soon as Bokeh has painted: the lines above it never show another view.

import {MISSING, paint} from "./colour.js"
import {columnsAt, rowsAt} from "./sample.js"
import {lay} from "./veil.js"

/**
 * What of the map Bokeh has painted where: a rectangle of the canvas in its own pixels, and
 * the middles of these pixels in degrees.
 * @typedef {object} Place
 * @property {number} x @property {number} y
 * @property {import("./sample.js").Pixels} across eastward
 * @property {import("./sample.js").Pixels} down southward
 */

/** @param {any} plot Bokeh's view of the figure @returns {Place | null} null before its first layout */
export function placeOf({frame, canvas_view, model}) {
  const {left, top, width, height} = frame.bbox
  if (!(width > 0 && height > 0)) return null
  const {x_range, y_range} = model
  const ratio = canvas_view.pixel_ratio
  const east = (x_range.end - x_range.start) / width
  const north = (y_range.end - y_range.start) / height
  // Bokeh draws half a pixel to the right and below, for lines to be sharp. The pixels that
  // it would have filled by halves are under the frame's outline.
  const x = Math.floor((left + 0.5) * ratio)
  const y = Math.floor((top + 0.5) * ratio)
  const screen = (/** @type {number} */ at) => (at + 0.5) / ratio - 0.5
  return {
    x,
    y,
    across: {
      at: x_range.start + (screen(x) - left) * east,
      step: east / ratio,
      count: Math.ceil((left + width + 0.5) * ratio) - x,
    },
    down: {
      at: y_range.end - (screen(y) - top) * north,
      step: -north / ratio,
      count: Math.ceil((top + height + 0.5) * ratio) - y,
    },
  }
}

export class FrameImage {
  /** @param {any} plot Bokeh's view of the figure */
  constructor(plot) {
    this.plot = plot
    this.canvas = document.createElement("canvas")
    this.canvas.style.cssText = "position: absolute; inset: 0; width: 100%; height: 100%"
    // Nothing is drawn here, pixels are only put: they need not go by the graphics card.
    this.context = /** @type {CanvasRenderingContext2D} */ (this.canvas.getContext("2d", {willReadFrequently: true}))
    plot.canvas_view.underlays_el.append(this.canvas)
    /** @type {import("./decode.js").Frame | null} */
    this.frame = null
    /** @type {Uint32Array} */
    this.table = Uint32Array.of(MISSING)
    /** @type {import("./veil.js").Veil | null} */
    this.veil = null
    /** @type {Place | null} */
    this.place = null
    this.area = ""
    /** @type {ImageData | null} */
    this.pixels = null
    this.follow = this.follow.bind(this)
    plot.repainted.connect(this.follow)
    this.follow()
  }

  /**
   * @param {import("./decode.js").Frame} frame of the globe or of any part of it
   * @param {Uint32Array} table colour of each cell
   * @param {import("./veil.js").Veil | null} veil what lies over it
   */
  show(frame, table, veil = null) {
    this.frame = frame
    this.table = table
    this.veil = veil
    this.paint()
  }

  hide() {
    this.frame = null
    this.paint()
  }

  /** Bokeh has painted: is what it shows elsewhere than before? */
  follow() {
    const place = placeOf(this.plot)
    if (place === null || same(place, this.place)) return
    this.place = place
    const {width, height} = this.plot.canvas_view.primary.canvas
    const area = [place.x, place.y, place.across.count, place.down.count, width, height].join()
    if (area !== this.area) {
      this.area = area
      this.pixels = new ImageData(place.across.count, place.down.count)
      // As many pixels as Bokeh's, for both to be scaled alike onto the screen. This also clears.
      this.canvas.width = width
      this.canvas.height = height
    }
    this.paint()
  }

  paint() {
    const {frame, table, veil, place, pixels} = this
    if (place === null || pixels === null) return
    const out = new Uint32Array(/** @type {ArrayBuffer} */ (pixels.data.buffer))
    if (frame === null) out.fill(MISSING)
    else paint(frame, rowsAt(place.down, frame.header), columnsAt(place.across, frame.header), table, out)
    if (frame !== null && veil !== null) {
      const {header} = veil.frame
      lay(veil, rowsAt(place.down, header), columnsAt(place.across, header), out, this.plot.canvas_view.pixel_ratio)
    }
    this.context.putImageData(pixels, place.x, place.y)
  }

  forget() {
    this.plot.repainted.disconnect(this.follow)
    this.canvas.remove()
  }
}

/** @param {Place} a @param {Place | null} b */
function same(a, b) {
  return JSON.stringify(a) === JSON.stringify(b)
}
