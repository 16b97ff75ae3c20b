// @ts-check
// The bytes at an address: from the server, or in a notebook over the widget's connection.

// A notebook loses messages now and then: JupyterLab's first one may reach a kernel
// with subshells before the connection is open there, and everything behind it waits
// for its receipt. So who has no answer asks again, after these times in ms.
const PATIENCE = [2_000, 4_000, 8_000, 16_000]
const SILENT =
  "The notebook's kernel does not answer. If it is busy, wait for it; if it was stopped, run the cell again."

/**
 * @param {any} model the component; its `base` is the server's address, or empty
 * @param {number[]} patience
 * @returns {(path: string, signal?: AbortSignal) => Promise<ArrayBuffer>}
 */
export function connection(model, patience = PATIENCE) {
  const ask = askKernel(model, patience)
  return async (path, signal) => {
    if (model.base === "") return ask(path, signal)
    const url = new URL(model.base + path, document.baseURI)
    const response = await fetch(url, {signal, credentials: "same-origin"})
    if (!response.ok) throw new Error(await reasonOf(response))
    return response.arrayBuffer()
  }
}

/**
 * @param {any} model
 * @param {number[]} patience
 * @returns {(path: string, signal?: AbortSignal) => Promise<ArrayBuffer>}
 */
function askKernel(model, patience) {
  /** @type {Map<string, {resolve: (bytes: ArrayBuffer) => void, reject: (error: Error) => void}>} */
  const waiting = new Map()

  model.on("msg:custom", (/** @type {any} */ message) => {
    const data = message.data ?? message
    const waiter = waiting.get(data.path)
    if (data.problem) waiter?.reject(new Error(data.problem))
    else waiter?.resolve(bufferOf(data.bytes))
  })
  model.on("remove", () => {
    for (const waiter of [...waiting.values()]) waiter.reject(givenUp())
  })

  return async (path, signal) => {
    /** @type {any} */ let timer
    const answered = new Promise((resolve, reject) => {
      waiting.set(path, {resolve, reject})
      signal?.addEventListener("abort", () => reject(givenUp()))
      const send = (/** @type {number} */ turn) => {
        if (turn === patience.length) return reject(new Error(SILENT))
        model.send_msg({path})
        timer = setTimeout(send, patience[turn], turn + 1)
      }
      send(0)
    })
    const waiter = waiting.get(path)
    try {
      return await answered
    } finally {
      clearTimeout(timer)
      // Who gave up may have been followed by another with the same question.
      if (waiting.get(path) === waiter) waiting.delete(path)
    }
  }
}

function givenUp() {
  return new DOMException("given up", "AbortError")
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
