// @ts-check
// Choosing what lies over the map, and having it there when it is wanted.

import {veilWords} from "./veil.js"

/** @typedef {import("./veil.js").Kind} Kind */
/** @typedef {import("./veil.js").Style} Style */
/** @typedef {import("./loader.js").FrameLoader} FrameLoader */

/** What each way of showing it is called. @type {[Style, string][]} */
export const STYLES = [
  ["off", "not shown"],
  ["fade", "fade"],
  ["dots", "dots"],
  ["hide", "hide"],
]

export class Veils {
  /**
   * @param {{row: any, style: any, kind: any, threshold: any, limit: any, problem: any}} controls
   * @param {Style} style at first
   * @param {FrameLoader} loader
   * @param {() => void} changed called when the map has to be drawn anew
   */
  constructor(controls, style, loader, changed) {
    this.controls = controls
    this.loader = loader
    this.changed = changed
    /** @type {Kind[]} */
    this.kinds = []
    /** @type {Style} */
    this.style = style
    /** What S brings back. @type {Style} */
    this.last = style === "off" ? "fade" : style
    /** By kind and selection, what was chosen in place of the usual. @type {Map<string, number>} */
    this.chosen = new Map()
    this.failed = ""
    controls.style.replaceChildren(...STYLES.map(([value, text]) => new Option(text, value, false, value === style)))
    controls.style.addEventListener("change", () => this.use(controls.style.value))
    controls.kind.addEventListener("change", () => this.changes())
    controls.threshold.addEventListener("change", () => this.limit())
  }

  /** What can be laid over a new selection. @param {Kind[]} kinds */
  offer(kinds) {
    const before = this.kind()?.key
    this.kinds = kinds
    this.failed = ""
    const {kind} = this.controls
    kind.replaceChildren(...kinds.map(({key, title}) => new Option(title, key, false, key === before)))
    this.tell()
  }

  /** @returns {Kind | undefined} */
  kind() {
    return this.kinds.find(({key}) => key === this.controls.kind.value) ?? this.kinds[0]
  }

  /** @param {Style} style */
  use(style) {
    if (style !== "off") this.last = style
    this.style = style
    this.changes()
  }

  toggle() {
    if (this.kinds.length) this.use(this.style === "off" ? this.last : "off")
  }

  threshold() {
    const kind = this.kind()
    return kind ? (this.chosen.get(kind.title) ?? kind.threshold) : 0
  }

  limit() {
    const kind = this.kind()
    const value = Number(this.controls.threshold.value)
    // A score is remembered by its name: the same holds for the next selection that has it.
    if (kind && this.controls.threshold.value !== "" && Number.isFinite(value)) {
      this.chosen.set(kind.title, Math.max(kind.low, Math.min(kind.high, value)))
    }
    this.changes()
  }

  changes() {
    this.failed = ""
    this.tell()
    this.changed()
  }

  /**
   * What lies over the map of a lead now; it is sent for when it is not there yet, and the map
   * drawn anew when it comes.
   * @param {(path: string) => string} keyOf completes an address for the lead
   * @returns {import("./veil.js").Veil | null}
   */
  over(keyOf) {
    const kind = this.kind()
    if (!kind || this.style === "off" || this.failed) return null
    const key = keyOf(kind.path)
    const frame = this.loader.peek(key)
    if (frame) return {frame, threshold: this.threshold(), style: this.style}
    this.loader.get(key).then(
      () => this.changed(),
      (error) => {
        if (error.name === "AbortError" || kind !== this.kind()) return
        this.failed = error.message || String(error)
        this.tell()
      },
    )
    return null
  }

  /** What to read ahead for other leads, once this kind is known to be there. @param {(path: string) => string} keyOf */
  key(keyOf) {
    const kind = this.kind()
    return kind && this.style !== "off" && !this.failed ? keyOf(kind.path) : null
  }

  /** What is said below the title. */
  get words() {
    const kind = this.kind()
    return kind && !this.failed ? veilWords(kind, this.threshold(), this.style) : ""
  }

  tell() {
    const {row, style, kind, threshold, limit, problem} = this.controls
    const chosen = this.kind()
    row.hidden = this.kinds.length === 0
    style.value = this.style
    const off = this.style === "off"
    kind.hidden = off || this.kinds.length < 2
    limit.hidden = off || !chosen?.adjustable
    if (chosen) {
      threshold.step = chosen.step
      threshold.min = chosen.low
      threshold.max = chosen.high
      threshold.value = this.threshold()
    }
    problem.hidden = off || !this.failed
    problem.textContent = this.failed ? `Past skill cannot be shown: ${this.failed}` : ""
  }
}
