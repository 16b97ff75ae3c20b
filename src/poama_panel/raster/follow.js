// @ts-check
// Other plots' markers of the valid time.

/**
 * Move the markers of these names to a time. They may not be on the page yet, or no longer.
 * @param {any} document Bokeh document @param {string[]} names @param {number} time ms since 1970
 */
export function moveMarkers(document, names, time) {
  if (!names.length) return
  // While a plot is replaced there may be two of a name, which Bokeh's own
  // look-up takes for an error.
  for (const mark of document?._all_models.values() ?? []) {
    if (!names.includes(mark.name) || !("location" in mark)) continue
    // Python draws the marker where it is told the lead is; it needs no second word.
    Object.defineProperty(mark, "is_syncable", {value: false})
    mark.location = time
  }
}

/**
 * Call `act` when a plot comes or goes.
 * @param {any} document Bokeh document @param {() => void} act
 * @returns {() => void} what ends it
 */
export function onNewPlots(document, act) {
  const look = (/** @type {any} */ event) => {
    if (event.attr === "children") act()
  }
  document?.on_change(look)
  return () => document?.remove_on_change(look)
}
