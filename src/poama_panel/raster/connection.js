// @ts-check
// The bytes at an address: from the server, or in a notebook over the widget's connection.

/**
 * @param {any} model the component; its `base` is the server's address, or empty
 * @returns {(path: string, signal?: AbortSignal) => Promise<ArrayBuffer>}
 */
export function connection(model) {
  /** @type {Map<string, {resolve: (bytes: ArrayBuffer) => void, reject: (error: Error) => void}>} */
  const waiting = new Map()

  model.on("msg:custom", (/** @type {any} */ message) => {
    const data = message.data ?? message
    const waiter = waiting.get(data.path)
    if (!waiter) return
    waiting.delete(data.path)
    if (data.problem) waiter.reject(new Error(data.problem))
    else waiter.resolve(bufferOf(data.bytes))
  })

  return async (path, signal) => {
    if (model.base === "") {
      return new Promise((resolve, reject) => {
        waiting.set(path, {resolve, reject})
        signal?.addEventListener("abort", () => reject(new DOMException("given up", "AbortError")))
        model.send_msg({path})
      })
    }
    const url = new URL(model.base + path, document.baseURI)
    const response = await fetch(url, {signal, credentials: "same-origin"})
    if (!response.ok) throw new Error(await reasonOf(response))
    return response.arrayBuffer()
  }
}

/** @param {any} bytes @returns {ArrayBuffer} */
function bufferOf(bytes) {
  if (bytes instanceof ArrayBuffer) return bytes
  const view = new Uint8Array(bytes.buffer ?? bytes, bytes.byteOffset ?? 0, bytes.byteLength)
  return view.slice().buffer
}

/** @param {Response} response */
async function reasonOf(response) {
  if (response.status === 401) return "You are signed out. Load the page again to sign in."
  try {
    const problem = await response.json()
    return [problem.detail ?? problem.title, problem.advice].filter(Boolean).join(" ")
  } catch {
    return `The server answered ${response.status}.`
  }
}
