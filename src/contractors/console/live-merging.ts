/** A field that two have changed: what stands there now, and what one wanted to write. */
export type ConflictingField = {
  name: string
  theirs: unknown
  mine: unknown
  /** What has something of both, where that can be said. */
  merged?: unknown
}

/**
 * Fields of `mine` that somebody else has changed too since `before`, and not to the same. Only of free text and words
 * (`mergeable`) there is a both: two states or dates in one field would be neither.
 */
export function conflictsOf(
  before: object,
  theirs: object,
  mine: object,
  mergeable: readonly string[],
): ConflictingField[] {
  const was: Readonly<Record<string, unknown>> = { ...before }
  const now: Readonly<Record<string, unknown>> = { ...theirs }
  return Object.entries(mine)
    .filter(([name, value]) => !isSame(now[name], was[name]) && !isSame(now[name], value))
    .map(([name, value]) => {
      const merged = mergeable.includes(name) ? mergedOf(was[name], now[name], value) : undefined
      return { name, theirs: now[name], mine: value, ...(merged !== undefined && { merged }) }
    })
}

/** Remarks in which what two have written can stand together. */
export const freeRemarks = ['notes', 'tags']

/** What of `after` is other than it was. */
export function changesOf<Fields extends object>(before: Fields, after: Fields): Partial<Fields> {
  const was: Partial<Record<string, unknown>> = { ...before }
  return Object.fromEntries(
    Object.entries(after).filter(([name, value]) => !isSame(was[name], value)),
  ) as Partial<Fields>
}

/** What is not there is as empty as null. */
const isSame = (one: unknown, other: unknown) => JSON.stringify(one ?? null) === JSON.stringify(other ?? null)

/** Of two texts, or two sets of words, that were one before: what has all of both. Undefined where there is no such thing. */
export function mergedOf(before: unknown, theirs: unknown, mine: unknown): unknown {
  if (Array.isArray(theirs) && Array.isArray(mine)) {
    const known = Array.isArray(before) ? before : []
    const removed = new Set(known.filter(word => !theirs.includes(word) || !mine.includes(word)))
    return [...new Set([...theirs, ...mine])].filter(word => !removed.has(word))
  }
  if (typeof theirs !== 'string' || typeof mine !== 'string') return undefined
  const base = typeof before === 'string' ? before : ''
  // Both have written on below it: what each has added stands below what was there.
  const isWrittenOn = (text: string) =>
    text.startsWith(base) && (text === base || base.endsWith('\n') || text[base.length] === '\n')
  if (base && isWrittenOn(theirs) && isWrittenOn(mine)) {
    const added = [theirs.slice(base.length), mine.slice(base.length)].map(text => text.trim()).filter(Boolean)
    return [base.trimEnd(), ...new Set(added)].join('\n')
  }
  return theirs === mine ? theirs : `${theirs}\n${mine}`
}
