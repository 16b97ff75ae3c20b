// @ts-check
// The keys, told on the page.

/** @type {[string, string][]} */
export const KEYS = [
  ["← →", "lead before and after"],
  ["↑ ↓", "later and earlier start"],
  ["[ ]", "member before and after"],
  ["P", "play and pause"],
  ["S", "show or hide where past skill is low"],
  ["L", "lock the colour range"],
  ["H", "hold the season while starts are stepped"],
  ["?", "this list"],
]

/** A dialogue with the keys, closed by Escape or its button. @returns {HTMLDialogElement} */
export function helpDialogue() {
  const dialogue = document.createElement("dialog")
  dialogue.className = "help"
  dialogue.setAttribute("aria-label", "Keys")
  const list = document.createElement("dl")
  for (const [keys, what] of KEYS) {
    const key = document.createElement("dt")
    const told = document.createElement("dd")
    key.textContent = keys
    told.textContent = what
    list.append(key, told)
  }
  const close = document.createElement("button")
  close.type = "button"
  close.textContent = "Close"
  close.addEventListener("click", () => dialogue.close())
  dialogue.append(list, close)
  return dialogue
}
