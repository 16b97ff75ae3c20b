// @ts-check
// Keeps the part of a large grid that is asked for fit for the view.

import {cutFor, gridOf} from "./cut.js"

export class Windowing {
  /**
   * @param {any} figure Bokeh figure
   * @param {() => Promise<void>} show asks for the part, and comes back when it is shown
   */
  constructor(figure, show) {
    this.figure = figure
    this.show = show
    /** @type {import("./cut.js").Grid | null} */
    this.grid = null
    /** How the part ends a frame's address. */
    this.cut = ""
    this.following = false
  }

  /** A new selection's grid. @param {import("./cut.js").Grid} grid */
  use(grid) {
    this.grid = grid
    this.cut = this.wanted()
  }

  /** What a frame tells of the grid. @param {import("./decode.js").Header} header */
  learn(header) {
    if (this.grid) this.grid = gridOf(header, this.grid)
  }

  wanted() {
    if (this.grid === null) return ""
    const {x_range: x, y_range: y, inner_width, inner_height} = this.figure
    const ratio = globalThis.devicePixelRatio ?? 1
    const view = {west: x.start, east: x.end, south: y.start, north: y.end}
    const across = (x.end - x.start) / ((inner_width || 900) * ratio)
    return cutFor(this.grid, view, across, (y.end - y.start) / ((inner_height || 450) * ratio))
  }

  /** The view has moved. One part at a time: what is passed over meanwhile is not asked for. */
  async follow() {
    if (this.following) return
    this.following = true
    try {
      for (let cut = this.wanted(); cut !== this.cut; cut = this.wanted()) {
        this.cut = cut
        await this.show()
      }
    } finally {
      this.following = false
    }
  }
}
