// @ts-check
// The colours and their range, with the legend and the fields that show them.

import {colourTable, pixel} from "./colour.js"

export class ColourScale {
  /**
   * @param {any} mapper of Bokeh's colour bar
   * @param {{low: {value: any}, high: {value: any}}} fields show the range
   */
  constructor(mapper, fields) {
    this.mapper = mapper
    this.fields = fields
    this.palette = new Uint32Array([0])
    this.low = 0
    this.high = 1
  }

  /** @param {string[]} colours `#rrggbb`, low to high */
  useColours(colours) {
    this.palette = Uint32Array.from(colours, pixel)
    this.mapper.palette = colours
  }

  /** A range that is none is not taken; the fields say what holds. @param {number} low @param {number} high */
  useRange(low, high) {
    if (high > low) {
      this.low = low
      this.high = high
      this.mapper.setv({low, high})
    }
    this.fields.low.value = this.low
    this.fields.high.value = this.high
  }

  /** The colour of each cell. @param {import("./decode.js").Header} header @param {import("./colour.js").Display} display */
  table(header, display) {
    return colourTable(header, display, this.palette, this.low, this.high)
  }
}
