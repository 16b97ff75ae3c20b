// @ts-check
// The colours and their range, with the legend and the fields that show them.

import {colourTable, pixel, roundRange} from "./colour.js"
import {evenAbout, laidOut, markEvery} from "./palette.js"

export class ColourScale {
  /**
   * @param {any} mapper of Bokeh's colour bar
   * @param {{low: {value: any}, high: {value: any}}} fields show the range
   * @param {any} [ticker] of the colour bar
   */
  constructor(mapper, fields, ticker = null) {
    this.mapper = mapper
    this.fields = fields
    this.ticker = ticker
    this.palette = new Uint32Array([0])
    this.low = 0
    this.high = 1
    /** @type {string[]} */ this.named = ["#ffffff"]
    /** @type {import("./palette.js").Colours} */ this.layout = {}
  }

  /**
   * @param {string[]} colours `#rrggbb`, low to high
   * @param {import("./palette.js").Colours} [layout] how they lie over the range
   */
  useColours(colours, layout = this.layout) {
    this.named = colours
    this.layout = layout
    this.lay()
  }

  lay() {
    const {low, high, layout} = this
    const colours = laidOut(this.named, low, high, layout)
    this.palette = Uint32Array.from(colours, pixel)
    this.mapper.palette = colours
    const every = markEvery(low, high, layout)
    this.ticker?.setv({min_interval: every ?? 0, max_interval: every})
  }

  /** A range that is none is not taken; the fields say what holds. @param {number} low @param {number} high */
  useRange(low, high) {
    if (high > low) {
      this.low = low
      this.high = high
      this.mapper.setv({low, high})
      this.lay()
    }
    this.fields.low.value = this.low
    this.fields.high.value = this.high
  }

  /** The range of a whole selection, from its least to its greatest value. @param {number} low @param {number} high */
  useWhole(low, high) {
    const {span, floor} = this.layout
    if (span) this.useRange(span[0], span[1])
    else this.useRange(...roundRange(...evenAbout(low, high, this.layout), floor))
  }

  /** The range of what is seen of it; of categories there is none but the whole. @param {number} low @param {number} high */
  useSeen(low, high) {
    const {span, classes} = this.layout
    if (!classes?.length) this.useRange(...roundRange(...evenAbout(low, high, span ? {} : this.layout)))
  }

  /** The colour of each cell. @param {import("./decode.js").Header} header @param {import("./colour.js").Display} display */
  table(header, display) {
    return colourTable(header, display, this.palette, this.low, this.high)
  }
}
