// @ts-check
// What the map says of what it shows.

/**
 * @param {any} spec @param {number} lead position in its leads @param {string} member
 * @returns {{what: string, issued: string, valid: string, more: string, said: string, slider: string}}
 */
export function wordsOf(spec, lead, member) {
  const ensemble = spec.members.length ? `member ${member} of ${spec.ensemble}` : spec.ensemble
  return {
    what: spec.title,
    issued: spec.issued,
    valid: `valid ${spec.valid[lead]} · ${spec.leadNames[lead]}`,
    more: [spec.method, ensemble, spec.climatology, spec.system, spec.units].filter(Boolean).join(" · "),
    said: `${spec.title}, valid ${spec.valid[lead]}`,
    slider: `${spec.valid[lead]}, ${spec.leadNames[lead]}`,
  }
}

/**
 * The title block of a saved picture.
 * @param {any} spec @param {number} lead @param {string} member @param {string} [veiled] what lies over it
 */
export function titleLines(spec, lead, member, veiled = "") {
  const {what, issued, valid, more} = wordsOf(spec, lead, member)
  const how = [more, veiled].filter(Boolean).join(" · ")
  return [spec.synthetic ? `SYNTHETIC DATA · ${what}` : what, `${issued} · ${valid}`, how]
}
