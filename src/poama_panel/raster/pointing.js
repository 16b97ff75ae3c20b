// @ts-check
// What the pointer reads off the map, and the place that is clicked.

import {cellAt, centreOf} from "./decode.js"
import {readingOf, standBeside} from "./tip.js"

export class Pointing {
  /**
   * @param {any} figure Bokeh figure
   * @param {any} places data source of the mark at the place clicked
   * @param {{tip: any, plot: any}} parts of the page
   * @param {() => {frame: import("./decode.js").Frame | null, display: import("./colour.js").Display}} shown
   * @param {(place: [number, number]) => void} choose longitude and latitude of the cell clicked
   */
  constructor(figure, places, {tip, plot}, shown, choose) {
    this.places = places
    this.tip = tip
    this.shown = shown
    /** @type {[number, number] | null} */
    this.at = null
    figure.on_event("mousemove", (/** @type {any} */ e) => {
      this.at = [e.x, e.y]
      standBeside(tip.style, e.sx, e.sy, plot.clientWidth)
      this.read()
    })
    figure.on_event("mouseleave", () => {
      this.at = null
      this.read()
    })
    figure.on_event("tap", (/** @type {any} */ e) => {
      const {frame} = shown()
      const cell = frame && cellAt(frame.header, e.x, e.y)
      if (!frame || !cell) return
      this.mark(e.x, e.y)
      choose(centreOf(frame.header, cell[0], cell[1]))
    })
  }

  /** Say what is under the pointer, if it is over the map. */
  read() {
    const {frame, display} = this.shown()
    const text = this.at && frame && readingOf(frame, display, ...this.at)
    this.tip.hidden = text === null
    this.tip.textContent = text
  }

  /** @param {number} x longitude @param {number} y latitude */
  mark(x, y) {
    const [kx, ky] = Object.keys(this.places.data)
    this.places.data = {[kx]: [x - 360, x, x + 360], [ky]: [y, y, y]}
  }
}
