/** Of two texts, or two sets of words, that were one before: what has all of both. Undefined where there is no such thing. */
export function mergedOf(before: unknown, theirs: unknown, mine: unknown): unknown {
  if (Array.isArray(theirs) && Array.isArray(mine)) {
    const known = Array.isArray(before) ? before : []
    const removed = new Set(known.filter(word => !theirs.includes(word) || !mine.includes(word)))
    return [...new Set([...theirs, ...mine])].filter(word => !removed.has(word))
  }
  if (typeof theirs !== 'string' || typeof mine !== 'string') return undefined
  const base = typeof before === 'string' ? before : ''
  // Both have written on: what each has added stands below what was there.
  if (base && theirs.startsWith(base) && mine.startsWith(base)) {
    const added = [theirs.slice(base.length), mine.slice(base.length)].map(text => text.trim()).filter(Boolean)
    return [base.trimEnd(), ...new Set(added)].join('\n')
  }
  return theirs === mine ? theirs : `${theirs}\n${mine}`
}
