// @ts-check
// The map's buttons that need nothing of the map.

import {copyText} from "./copy.js"
import {helpDialogue} from "./help.js"

/**
 * @param {any} root the map on the page
 * @param {(by: number) => void} stepStart to a later or an earlier start
 * @param {() => string} python the selection as Python
 * @returns {{help: () => void}}
 */
export function wireActions(root, stepStart, python) {
  const $ = (/** @type {string} */ selector) => root.querySelector(selector)
  $(".earlier").addEventListener("click", () => stepStart(-1))
  $(".later").addEventListener("click", () => stepStart(1))
  $(".copy").addEventListener("click", async () => {
    const said = $(".copy").textContent
    $(".copy").textContent = (await copyText(python())) ? "Copied" : "Cannot copy here"
    setTimeout(() => ($(".copy").textContent = said), 1500)
  })
  const dialogue = helpDialogue()
  root.append(dialogue)
  const help = () => dialogue.showModal()
  $(".keys").addEventListener("click", help)
  return {help}
}
