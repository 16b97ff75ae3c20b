// @ts-check
// Coastlines and borders for the view: only what is in it, no finer than it shows.

/** @typedef {{x: Float64Array, y: Float64Array, west: number, east: number, south: number, north: number}} Line */
/** @typedef {{west: number, east: number, south: number, north: number}} View */

/**
 * @param {[number[], number[]][]} lines whole numbers of `unit` degrees
 * @param {number} unit
 * @returns {Line[]}
 */
export function measure(lines, unit) {
  return lines.map(([lon, lat]) => {
    const x = Float64Array.from(lon, (v) => v * unit)
    const y = Float64Array.from(lat, (v) => v * unit)
    const line = {x, y, west: Infinity, east: -Infinity, south: Infinity, north: -Infinity}
    for (let i = 0; i < x.length; i++) {
      line.west = Math.min(line.west, x[i])
      line.east = Math.max(line.east, x[i])
      line.south = Math.min(line.south, y[i])
      line.north = Math.max(line.north, y[i])
    }
    return line
  })
}

/**
 * The lines that meet a view, at every turn round the globe that it shows, with
 * NaN between them. Points nearer to the last one kept than `tolerance` are
 * left out, ends excepted; so is a whole line smaller than that.
 * @param {Line[]} lines @param {View} view @param {number} tolerance degrees
 * @returns {{x: Float64Array, y: Float64Array}}
 */
export function clip(lines, view, tolerance) {
  /** @type {number[]} */ const xs = []
  /** @type {number[]} */ const ys = []
  for (const turn of [-360, 0, 360, 720]) {
    if (turn - 180 > view.east || turn + 180 < view.west) continue
    for (const line of lines) {
      if (line.west + turn > view.east || line.east + turn < view.west) continue
      if (line.south > view.north || line.north < view.south) continue
      if (line.east - line.west < tolerance && line.north - line.south < tolerance) continue
      const last = line.x.length - 1
      let px = NaN
      let py = NaN
      for (let i = 0; i <= last; i++) {
        const dx = line.x[i] - px
        const dy = line.y[i] - py
        if (i > 0 && i < last && dx * dx + dy * dy < tolerance * tolerance) continue
        px = line.x[i]
        py = line.y[i]
        xs.push(px + turn)
        ys.push(py)
      }
      xs.push(NaN)
      ys.push(NaN)
    }
  }
  return {x: Float64Array.from(xs), y: Float64Array.from(ys)}
}
