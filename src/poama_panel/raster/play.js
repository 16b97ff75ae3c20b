// @ts-check
// Plays the leads one after the other.

import {PAUSE, PLAY, icon} from "./template.js"

/** Frames a second that can be chosen, and the one at first. */
const RATES = [1, 2.5, 5, 10, 20]
const RATE = 2.5

/** A display's frames do not come to the millisecond. */
const EARLY = 4

export class Player {
  /**
   * @param {{button: any, rate: any}} controls begins and ends it; a list to choose the rate from
   * @param {() => boolean} ready whether the last frame asked for is shown
   * @param {() => void} next ask for the next one
   */
  constructor({button, rate}, ready, next) {
    this.button = button
    this.ready = ready
    this.next = next
    this.rate = RATE
    this.due = 0
    /** @type {number | null} */
    this.turn = null
    this.tick = this.tick.bind(this)
    rate.replaceChildren(...RATES.map((n) => new Option(`${n} / s`, String(n), false, n === RATE)))
    rate.addEventListener("change", () => {
      this.rate = Number(rate.value)
    })
  }

  get playing() {
    return this.turn !== null
  }

  /** Whether frames go by faster than anybody can be told of each. */
  get fast() {
    return this.playing && this.rate > RATE
  }

  /** How many frames to have ready: those of a second. */
  get far() {
    return Math.max(2, Math.ceil(this.rate))
  }

  start() {
    this.due = performance.now()
    this.turn = requestAnimationFrame(this.tick)
    this.tell("Pause", PAUSE)
  }

  /** @returns {boolean} whether it was playing */
  stop() {
    if (this.turn === null) return false
    cancelAnimationFrame(this.turn)
    this.turn = null
    this.tell("Play", PLAY)
    return true
  }

  tell(/** @type {string} */ label, /** @type {string} */ path) {
    this.button.innerHTML = icon(path)
    this.button.setAttribute("aria-label", label)
  }

  /** @param {number} now */
  tick(now) {
    this.turn = requestAnimationFrame(this.tick)
    // A frame that is late is waited for rather than skipped.
    if (now < this.due - EARLY || !this.ready()) return
    const period = 1000 / this.rate
    // What is late by less than a period is caught up, so that the rate holds.
    this.due = Math.max(this.due, now - period) + period
    this.next()
  }
}
