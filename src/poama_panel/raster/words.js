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

/** The title block of a saved picture. @param {any} spec @param {number} lead @param {string} member */
export function titleLines(spec, lead, member) {
  const {what, issued, valid, more} = wordsOf(spec, lead, member)
  return [spec.synthetic ? `SYNTHETIC DATA · ${what}` : what, `${issued} · ${valid}`, more]
}
