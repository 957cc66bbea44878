import { cellOf, quoted } from '#platform/files'

/** How a column's values are written: lists as `a; b`, levels as `a: 3; b: 1`, what is deeper as JSON. */
export type Kind = 'text' | 'date' | 'number' | 'boolean' | 'list' | 'levels' | 'json'

/** A value as a cell of CSV; what is nothing is an empty one. */
export function writeCell(kind: Kind, value: unknown): string {
  if (value === null || value === undefined) return ''
  if (kind === 'number' || kind === 'boolean') return String(value)
  return guarded(textOf(kind, value))
}

/** What a cell says, still to be held against a schema. Throws with the reason where it is not of its kind. */
export function readCell(kind: Kind, cell: string): unknown {
  const text = unguarded(cell)
  switch (kind) {
    case 'text':
      return text
    case 'date':
      return readDate(text.trim())
    case 'number':
      return readNumber(text.trim())
    case 'boolean':
      return readBoolean(text.trim().toLowerCase())
    case 'list':
      return text.trimStart().startsWith('[') ? readJson(text) : partsOf(text)
    case 'levels':
      return text.trimStart().startsWith('{') ? readJson(text) : Object.fromEntries(partsOf(text).map(readLevel))
    case 'json':
      return readJson(text)
  }
}

function textOf(kind: Kind, value: unknown): string {
  if (kind === 'text' || kind === 'date') return String(value)
  if (kind === 'list') {
    const names = value as readonly string[]
    return names.some(isAwkward) ? canonical(names) : names.join('; ')
  }
  if (kind === 'levels') {
    const levels = Object.entries(value as Readonly<Record<string, number>>).sort(([a], [b]) => (a < b ? -1 : 1))
    return levels.some(([name]) => isAwkward(name))
      ? canonical(value)
      : levels.map(([name, level]) => `${name}: ${level}`).join('; ')
  }
  const text = canonical(value)
  return text === '{}' || text === '[]' ? '' : text
}

/** Names that would be taken for the separators of what they are in. */
const isAwkward = (name: string) => /[;:]/.test(name) || /^[[{']/.test(name)

/** The same whatever the order in which the database has the keys. */
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_key, each: unknown) =>
    each !== null && typeof each === 'object' && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)))
      : each,
  )

const partsOf = (text: string) =>
  text
    .split(';')
    .map(part => part.trim())
    .filter(part => part !== '')

function readLevel(part: string): [string, number] {
  const [, name, level] = /^(.*\S)\s*:\s*(\d+)$/.exec(part) ?? []
  if (name === undefined) throw new Error(`“${part}” is no skill with its level, such as “cooking: 3”`)
  return [name, Number(level)]
}

/** A year 0 is one in ISO 8601, and none for the database. */
function readDate(text: string): string {
  if (text.startsWith('0000')) throw new Error('there is no year 0')
  return text
}

function readNumber(text: string): number {
  if (!/^-?\d{1,9}$/.test(text)) throw new Error('this is no whole number')
  return Number(text)
}

function readBoolean(text: string): boolean {
  if (['true', 'yes', '1'].includes(text)) return true
  if (['false', 'no', '0'].includes(text)) return false
  throw new Error('this is neither true nor false')
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text, (key, value) => {
      if (isUnfit(key) || (typeof value === 'string' && isUnfit(value))) throw new Error('a NUL or half a character')
      return value
    })
  } catch (error) {
    throw new Error(`this is no JSON that can be kept: ${(error as Error).message}`)
  }
}

const isUnfit = (text: string) => text.includes('\0') || !text.isWellFormed()

/** No program takes it for a formula, and `unguarded` gives back what it was: an apostrophe of its own before one is doubled. */
const guarded = (text: string) => (isGuarded(text) ? quoted(`'${text}`) : cellOf(text))

const unguarded = (cell: string) => (isGuarded(cell) ? cell.slice(1) : cell)

function isGuarded(text: string): boolean {
  const bare = text.replace(/^'+/, '')
  return bare !== text && cellOf(bare).replace(/^"/, '').startsWith("'")
}
