// @ts-check
// Tells Python what was chosen, once the choice has settled: it is not in the loop.

const SETTLED_MS = 600

export class Teller {
  /**
   * @param {any} model Bokeh model; holds what was told last
   * @param {() => Record<string, any>} choice
   */
  constructor(model, choice) {
    this.model = model
    this.choice = choice
    /** @type {any} */
    this.timer = null
  }

  /** In one message, a while after the last call; in none if nothing changed. */
  soon() {
    this.forget()
    this.timer = setTimeout(() => this.now(), SETTLED_MS)
  }

  /** At once, with `more`. @param {Record<string, any>} more */
  now(more = {}) {
    this.forget()
    const changed = Object.entries(this.choice()).filter(([name, value]) => this.model[name] !== value)
    const news = {...Object.fromEntries(changed), ...more}
    if (Object.keys(news).length) this.model.setv(news)
  }

  forget() {
    clearTimeout(this.timer)
  }
}
