// @ts-check
// Keeps a figure's coastlines and borders fit for its view.

import {clip, measure} from "./coast.js"

export class Outline {
  /**
   * @param {any} figure Bokeh figure
   * @param {Record<string, any>} sources data source of each kind of line
   */
  constructor(figure, sources) {
    this.figure = figure
    this.sources = sources
    /** @type {Record<string, import("./coast.js").Line[]>} */
    this.geography = {}
    this.drawn = {west: 0, east: 0, south: 0, north: 0, tolerance: 0}
  }

  /** @param {ArrayBuffer} bytes geography.json */
  use(bytes) {
    const raw = JSON.parse(new TextDecoder().decode(bytes))
    for (const kind of Object.keys(this.sources)) this.geography[kind] = measure(raw[kind], raw.unit)
    this.draw(true)
  }

  /**
   * Lines for the view and half as much around it, when the view has left what
   * was drawn or zoomed, or `anew`.
   */
  draw(anew = false) {
    const {start: west, end: east} = this.figure.x_range
    const {start: south, end: north} = this.figure.y_range
    const tolerance = (0.8 * (east - west)) / (this.figure.inner_width || 900)
    const {drawn} = this
    const covered = west >= drawn.west && east <= drawn.east && south >= drawn.south && north <= drawn.north
    const ratio = tolerance / drawn.tolerance
    if (!anew && covered && ratio > 0.6 && ratio < 1.6) return
    const padX = (east - west) / 2
    const padY = (north - south) / 2
    this.drawn = {west: west - padX, east: east + padX, south: south - padY, north: north + padY, tolerance}
    for (const [kind, lines] of Object.entries(this.geography)) {
      const {x, y} = clip(lines, this.drawn, tolerance)
      const source = this.sources[kind]
      const [kx, ky] = Object.keys(source.data)
      source.data = {[kx]: x, [ky]: y}
    }
  }
}
