// @ts-check
// Text to the clipboard.

/**
 * @param {string} text
 * @returns {Promise<boolean>} whether it is there now
 */
export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    // Without https browsers have no clipboard to write to, but for a selection.
    const area = document.createElement("textarea")
    area.value = text
    area.style.cssText = "position: fixed; opacity: 0"
    document.body.append(area)
    area.select()
    const done = document.execCommand("copy")
    area.remove()
    return done
  }
}

/**
 * The selection as Python, as Python wrote it but for the lead and the member.
 * @param {any} spec @param {number} lead position @param {string} member
 */
export function pythonFor(spec, lead, member) {
  const of = spec.members.length ? member : "None"
  return spec.python.replace("{lead}", spec.leads[lead]).replace("{member}", of)
}
