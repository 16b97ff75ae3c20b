// @ts-check
// What a key does, where it is not typing.

/**
 * Act on keys pressed anywhere on a page, but in its fields.
 * @param {EventTarget} page
 * @param {(target: any) => boolean} own whether a field is one of ours that leaves its keys to us
 * @param {() => boolean} ready
 * @param {Record<string, () => void>} actions
 * @returns {() => void} what ends it
 */
export function listenForKeys(page, own, ready, actions) {
  const onKey = (/** @type {any} */ event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !Object.hasOwn(actions, event.key) || !ready()) return
    const target = event.composedPath()[0]
    if (isField(target) && !own(target)) return
    event.preventDefault()
    actions[event.key]()
  }
  page.addEventListener("keydown", onKey)
  return () => page.removeEventListener("keydown", onKey)
}

function isField(/** @type {any} */ target) {
  return /^(INPUT|SELECT|TEXTAREA)$/.test(target?.tagName ?? "") || Boolean(target?.isContentEditable)
}
