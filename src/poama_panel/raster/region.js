// @ts-check
// A region of the globe as a view.

/**
 * The view that holds a region, with degrees as long upward as eastward.
 * @param {number[]} region west, east, south, north
 * @param {number} width of the plot in pixels @param {number} height
 * @returns {import("./coast.js").View}
 */
export function viewOf([west, east, south, north], width, height) {
  const scale = Math.max((east - west) / width, (north - south) / height)
  const [x, y] = [(west + east) / 2, (south + north) / 2]
  return {
    west: x - (scale * width) / 2,
    east: x + (scale * width) / 2,
    south: y - (scale * height) / 2,
    north: y + (scale * height) / 2,
  }
}
