// @ts-check
// Keeps the page's address that of what is shown.

/**
 * The address is replaced and not added to: going back leaves the page, and not one step.
 * @param {any} model with `query`, empty where the address is not ours
 * @param {{replaceState: (state: any, unused: string, url: string) => void, state: any}} history
 */
export function keepAddress(model, history) {
  const tell = () => {
    if (model.query) history.replaceState(history.state, "", model.query)
  }
  model.on("query", tell)
  tell()
}
