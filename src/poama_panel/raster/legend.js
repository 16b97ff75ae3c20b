// @ts-check
// The words of categories, where there is no room for them beside the map.

const ROOM = 640

/** Colour and words of each category, the highest first. @param {any} spec @returns {[string, string][]} */
export function legendOf({colours, display}) {
  return display.classes.map((/** @type {string} */ words, /** @type {number} */ i) => [colours.classes[i], words]).reverse()
}

export class Legend {
  /** @param {any} list element below the map @param {any} bar Bokeh's colour bar beside it */
  constructor(list, bar) {
    this.list = list
    this.bar = bar
    /** @type {[string, string][]} what stands below the map, if anything does */ this.told = []
  }

  /** @param {any} spec @param {number} width of the map in pixels */
  show(spec, width) {
    const below = Boolean(spec.display?.classes.length) && width < ROOM
    this.told = below ? legendOf(spec) : []
    this.list.hidden = !below
    this.bar.visible = !below
    if (below) this.list.replaceChildren(...this.told.map(entry))
  }
}

function entry(/** @type {[string, string]} */ [colour, words]) {
  const swatch = document.createElement("i")
  swatch.style.background = colour
  const item = document.createElement("li")
  item.append(swatch, words)
  return item
}
