// @ts-check
// The map as a picture that says what it shows.

const FONT = "system-ui, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif"
const LEGEND = 18
/** Of a line of the title, of the dates, of the method. */
const HEIGHTS = [24, 20, 18]

function fontOf(/** @type {number} */ i, /** @type {number} */ scale) {
  return `${i === 0 ? "600 " : ""}${[17, 14, 12][i] * scale}px ${FONT}`
}

/**
 * A line of the title block in as many as it takes.
 * @param {HTMLCanvasElement} canvas @param {string} line @param {number} i @param {number} scale
 * @returns {string[]}
 */
function wrapped(canvas, line, i, scale) {
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"))
  context.font = fontOf(i, scale)
  const rows = [""]
  for (const word of line.split(" ")) {
    const longer = `${rows[rows.length - 1]} ${word}`.trim()
    if (context.measureText(longer).width <= canvas.width - 28 * scale) rows[rows.length - 1] = longer
    else rows.push(word)
  }
  return rows
}

/**
 * Save a map as PNG under its title block.
 * @param {any} plot Bokeh's view of its figure
 * @param {HTMLCanvasElement} image what lies beneath
 * @param {string[]} lines title, dates, method
 * @param {string} name names the file
 * @param {[string, string][]} legend colours and words to stand below the map
 */
export function savePicture(plot, image, lines, name, legend = []) {
  const drawn = plot.export("png").canvas
  const scale = drawn.width / (plot.model.outer_width || drawn.width)
  const canvas = document.createElement("canvas")
  canvas.width = drawn.width
  const rows = lines.flatMap((line, i) => wrapped(canvas, line, i, scale).map((text) => ({text, i})))
  const top = scale * (rows.reduce((sum, {i}) => sum + HEIGHTS[i], 0) + 14)
  canvas.height = drawn.height + top + scale * (legend.length * LEGEND + (legend.length ? 10 : 0))
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"))
  context.fillStyle = "#ffffff"
  context.fillRect(0, 0, canvas.width, canvas.height)
  for (const layer of [image, drawn]) context.drawImage(layer, 0, top, drawn.width, drawn.height)
  let y = 6 * scale
  for (const {text, i} of rows) {
    y += HEIGHTS[i] * scale
    context.fillStyle = i === 2 ? "#5a6b7b" : "#16202b"
    context.font = fontOf(i, scale)
    context.fillText(text, 14 * scale, y - 5 * scale, canvas.width - 28 * scale)
  }
  for (const [i, [colour, words]] of legend.entries()) {
    const below = top + drawn.height + i * LEGEND * scale
    context.fillStyle = colour
    context.fillRect(14 * scale, below, 20 * scale, 13 * scale)
    context.strokeRect(14 * scale, below, 20 * scale, 13 * scale)
    context.fillStyle = "#16202b"
    context.font = `${12 * scale}px ${FONT}`
    context.fillText(words, 42 * scale, below + 11 * scale, canvas.width - 56 * scale)
  }
  canvas.toBlob((blob) => {
    const link = document.createElement("a")
    link.href = URL.createObjectURL(/** @type {Blob} */ (blob))
    link.download = `${name.replaceAll("/", "_")}.png`
    link.click()
    setTimeout(() => URL.revokeObjectURL(link.href), 1000)
  })
}
