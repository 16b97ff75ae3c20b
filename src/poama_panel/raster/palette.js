// @ts-check
// A palette laid out over a range: turned round, centred, in classes.

/**
 * How numbers become colours (poama_panel/style.py describes it).
 * @typedef {object} Colours
 * @property {boolean} [reverse]
 * @property {number[] | null} [span]
 * @property {number | null} [centre]
 * @property {number | null} [step]
 * @property {number | null} [floor]
 * @property {string[]} [classes]
 */

const SMOOTH = 256
/** Beyond this part of either half, colours are too dark to see a coastline on. */
const STRONGEST = 0.92

/**
 * Colours that lie evenly from `low` to `high`.
 * The palette's middle is at the centre; as far from it, as strong the colour. Of classes,
 * those that hold the centre, or end there, have the middle's colour; where the range is not
 * of whole classes, there are none.
 * @param {string[]} palette from low to high @param {number} low @param {number} high
 * @param {Colours} colours
 * @returns {string[]}
 */
export function laidOut(palette, low, high, {reverse = false, centre = null, step = null, classes = []} = {}) {
  if (classes.length) return classes
  const turned = reverse ? [...palette].reverse() : palette
  const at = (/** @type {number} */ t) => turned[Math.round(t * (turned.length - 1))]
  const whole = step === null ? 0 : (high - low) / step
  const classed = whole >= 2 && Math.abs(whole - Math.round(whole)) < 1e-6
  if (!classed && centre === null) return turned
  const n = classed ? Math.round(whole) : SMOOTH
  if (centre === null) return Array.from({length: n}, (_, i) => at(i / (n - 1)))
  // Where the centre is, counted in the n parts of the range.
  const middle = ((centre - low) / (high - low)) * n
  const parts = Array.from({length: n}, (_, i) => (classed ? classesAway(i, middle) : i + 0.5 - middle))
  const reach = Math.max(...parts.map(Math.abs))
  return parts.map((away) => at(0.5 + (0.5 * (classed ? STRONGEST : 1) * away) / (reach || 1)))
}

/** How many classes the class from i to i + 1 is away from those that hold or touch the middle. */
function classesAway(/** @type {number} */ i, /** @type {number} */ middle) {
  const tiny = 1e-6
  if (i > middle + tiny) return i - Math.floor(middle + tiny)
  return i + 1 < middle - tiny ? i + 1 - Math.ceil(middle - tiny) : 0
}

/**
 * A range as far to either side of a centre, for colours that have one.
 * @param {number} low @param {number} high @param {Colours} colours
 * @returns {[number, number]}
 */
export function evenAbout(low, high, {centre = null} = {}) {
  if (centre === null || !Number.isFinite(low) || !Number.isFinite(high)) return [low, high]
  const reach = Math.max(Math.abs(low - centre), Math.abs(high - centre))
  return [centre - reach, centre + reach]
}

/**
 * How far apart the marks of a legend are: one at the edge of each class, or of every other;
 * one at each category; `null` for wherever round numbers are.
 * @param {number} low @param {number} high @param {Colours} colours
 * @returns {number | null}
 */
export function markEvery(low, high, {step = null, classes = []} = {}) {
  if (classes.length) return 1
  if (step === null) return null
  const count = (high - low) / step
  return count <= 12 ? step : count <= 24 ? 2 * step : null
}
