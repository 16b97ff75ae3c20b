// @ts-check
// The map as a picture that says what it shows.

const FONT = "system-ui, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif"

/**
 * Save a figure as PNG under its title block.
 * @param {any} figure Bokeh figure
 * @param {string[]} lines title, dates, method
 * @param {string} name names the file
 */
export function savePicture(figure, lines, name) {
  // @ts-ignore - Bokeh's own global
  const drawn = window.Bokeh.index.find_one(figure).export("png").canvas
  const scale = drawn.width / (figure.outer_width || drawn.width)
  const heights = [24, 20, 18]
  const top = scale * (heights.reduce((a, b) => a + b) + 14)
  const canvas = document.createElement("canvas")
  canvas.width = drawn.width
  canvas.height = drawn.height + top
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"))
  context.fillStyle = "#ffffff"
  context.fillRect(0, 0, canvas.width, canvas.height)
  context.drawImage(drawn, 0, top)
  let y = 6 * scale
  for (const [i, line] of lines.entries()) {
    y += heights[i] * scale
    context.fillStyle = i === 2 ? "#5a6b7b" : "#16202b"
    context.font = `${i === 0 ? "600 " : ""}${[17, 14, 12][i] * scale}px ${FONT}`
    context.fillText(line, 14 * scale, y - 5 * scale, canvas.width - 28 * scale)
  }
  canvas.toBlob((blob) => {
    const link = document.createElement("a")
    link.href = URL.createObjectURL(/** @type {Blob} */ (blob))
    link.download = `${name.replaceAll("/", "_")}.png`
    link.click()
    setTimeout(() => URL.revokeObjectURL(link.href), 1000)
  })
}
