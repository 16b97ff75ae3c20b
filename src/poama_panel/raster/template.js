// @ts-check
// The map's controls, as they stand on the page.

/** Map views: west, east, south, north; longitudes in 0…720. */
export const REGIONS = {
  world: ["World", [0, 360, -90, 90]],
  australia: ["Australia", [105, 162, -48, -5]],
  pacific: ["Tropical Pacific", [120, 290, -32, 32]],
  indian: ["Indian Ocean", [30, 130, -42, 28]],
  data: ["All data", null],
}

export const PLAY = "M5 3v10l8-5z"
export const PAUSE = "M5 3v10M11 3v10"

export function icon(/** @type {string} */ path) {
  return `<svg viewBox="0 0 16 16" aria-hidden="true"><path d="${path}"/></svg>`
}

export const TEMPLATE = `
<header class="title">
  <div class="title-main"><span class="what"></span><span class="badge" hidden>Synthetic data</span></div>
  <div class="title-when">
    <span class="starts"><button class="earlier" type="button" aria-label="Earlier start" title="Earlier start (↓)">${icon("M10 3 5 8l5 5")}</button
    ><span class="issued"></span><button class="later" type="button" aria-label="Later start" title="Later start (↑)">${icon("m6 3 5 5-5 5")}</button></span>
    <span class="valid"></span>
    <label class="check" title="Step the starts for one and the same valid time (H)"><input class="hold" type="checkbox"> Hold valid time</label>
  </div>
  <div class="title-more"></div>
</header>
<div class="tools">
  <label>View <select class="region"></select></label>
  <label class="ranged">Colours <select class="palette"></select></label>
  <label class="ranged">From <input class="low" type="number" step="any"></label>
  <label class="ranged">to <input class="high" type="number" step="any"></label>
  <span class="units ranged"></span>
  <button class="auto" type="button" title="Fit the range to what is in view">Fit to view</button>
  <label class="check ranged" title="Keep one range for every lead (L)"><input class="lock" type="checkbox"> Lock range</label>
  <span class="veil-row" hidden>
    <label title="Where past forecasts of this kind were no good (S)">Low skill <select class="veil-style"></select></label>
    <select class="veil-kind" aria-label="Score"></select>
    <label class="veil-limit">below <input class="veil-threshold" type="number"></label>
  </span>
  <span class="takes">
  <button class="copy" type="button" title="Copy the lines of Python that give this map">Copy as Python</button>
  <button class="keys" type="button" aria-label="Keys" title="Keys (?)">?</button>
  <button class="save" type="button" title="Save the map with its title as PNG">Save picture</button>
  </span>
</div>
<div class="stage">
  <div class="loading" hidden></div>
  <div class="plot"></div>
  <div class="tip" hidden></div>
  <div class="problem" role="alert" hidden><span></span> <button type="button">Try again</button></div>
</div>
<div class="veil-problem" role="status" hidden></div>
<ul class="legend" hidden></ul>
<div class="transport">
  <label class="member-choice">Member <select class="member"></select></label>
  <div class="buttons">
    <button class="back" type="button" aria-label="Previous lead" title="Previous lead (←)">${icon("M10 3 5 8l5 5")}</button>
    <button class="play" type="button" aria-label="Play" title="Play (P)">${icon(PLAY)}</button>
    <button class="next" type="button" aria-label="Next lead" title="Next lead (→)">${icon("m6 3 5 5-5 5")}</button>
    <select class="rate" aria-label="Speed of playing" title="Leads a second while playing"></select>
  </div>
  <div class="slider"><input class="lead" type="range" min="0" step="1" aria-label="Lead"><div class="ticks" aria-hidden="true"></div></div>
</div>
<div class="said" aria-live="polite"></div>`

/**
 * Put options into a list.
 * @param {any} select @param {string[][]} pairs value and text of each @param {string} chosen
 */
export function fill(select, pairs, chosen) {
  select.replaceChildren(...pairs.map(([value, text]) => new Option(text, value, false, value === chosen)))
}
