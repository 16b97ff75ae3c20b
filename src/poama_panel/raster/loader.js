// @ts-check
// Fetches frames, keeps the last ones, and reads ahead.

/** @typedef {import("./decode.js").Frame} Frame */

/** A browser holds six connections to a server: reading ahead leaves some to who asks in earnest. */
const LANES = 4

/**
 * Keeps at most `capacity` bytes of decoded frames, the oldest unused leave first.
 * A frame that is being fetched is fetched once, however often it is asked for.
 */
export class FrameLoader {
  /**
   * @param {(key: string, signal: AbortSignal) => Promise<Frame>} fetchFrame
   * @param {number} capacity
   */
  constructor(fetchFrame, capacity = 96 << 20) {
    this.fetchFrame = fetchFrame
    this.capacity = capacity
    this.size = 0
    /** @type {Map<string, Frame>} */
    this.kept = new Map()
    /** @type {Map<string, {promise: Promise<Frame>, abort: AbortController, wanted: boolean}>} */
    this.flying = new Map()
    /** @type {string[]} to be read ahead, as soon as there is a lane */
    this.ahead = []
  }

  /** @param {string} key @returns {Frame | undefined} */
  peek(key) {
    const frame = this.kept.get(key)
    if (frame !== undefined) {
      this.kept.delete(key) // to the end: the most recently used
      this.kept.set(key, frame)
    }
    return frame
  }

  /**
   * What was asked for before is no longer wanted. It may still come, but of many that
   * somebody hurried past the first ones are given up, and their promises are rejected.
   * @param {string} key @returns {Promise<Frame>}
   */
  get(key) {
    const frame = this.peek(key)
    if (frame !== undefined) return Promise.resolve(frame)
    const flight = this.flying.get(key) ?? this.start(key)
    for (const other of this.flying.values()) other.wanted = other === flight
    let over = this.flying.size - LANES
    this.giveUp(() => over-- > 0)
    return flight.promise
  }

  /**
   * Read ahead what will probably be asked for next, and give up what was read
   * ahead before and no longer is.
   * @param {string[]} keys nearest first
   */
  prefetch(keys) {
    this.giveUp((key) => !keys.includes(key))
    this.ahead = keys.filter((key) => !this.kept.has(key) && !this.flying.has(key))
    this.readOn()
  }

  readOn() {
    while (this.ahead.length > 0 && this.flying.size < LANES) {
      const key = /** @type {string} */ (this.ahead.shift())
      // A read-ahead that fails is no news: asking in earnest will say why.
      if (!this.kept.has(key) && !this.flying.has(key)) this.start(key).promise.catch(() => {})
    }
  }

  /** Of the flights that nobody waits for, those of the keys given. @param {(key: string) => boolean} which */
  giveUp(which) {
    for (const [key, flight] of this.flying) {
      if (flight.wanted || !which(key)) continue
      // Out of the list first: who asks for it now must not join a lost flight.
      this.flying.delete(key)
      flight.abort.abort()
    }
  }

  /** @param {string} key */
  start(key) {
    const abort = new AbortController()
    const landed = () => {
      if (this.flying.get(key) === flight) this.flying.delete(key)
      this.readOn()
    }
    const promise = this.fetchFrame(key, abort.signal).then(
      (frame) => {
        landed()
        this.keep(key, frame)
        return frame
      },
      (error) => {
        landed()
        throw error
      },
    )
    const flight = {promise, abort, wanted: false}
    this.flying.set(key, flight)
    return flight
  }

  /** @param {string} key @param {Frame} frame */
  keep(key, frame) {
    this.kept.set(key, frame)
    this.size += frame.cells.byteLength
    for (const [oldest, old] of this.kept) {
      if (this.size <= this.capacity || oldest === key) break
      this.kept.delete(oldest)
      this.size -= old.cells.byteLength
    }
  }
}

/**
 * The leads that will probably be asked for next: onward in the direction of
 * travel first, then one back. Positions, nearest first.
 * @param {number} at @param {number} direction 1 or -1 @param {number} count
 */
export function readAhead(at, direction, count) {
  return [at + direction, at + 2 * direction, at - direction].filter((i) => i >= 0 && i < count)
}

/**
 * The leads that will be played next, round and round. Positions, nearest first.
 * @param {number} at @param {number} count @param {number} far how many
 */
export function playAhead(at, count, far) {
  return Array.from({length: Math.min(far, count - 1)}, (_, i) => (at + 1 + i) % count)
}
