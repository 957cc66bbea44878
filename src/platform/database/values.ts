import pg from 'pg'

const { builtins } = pg.types
const arrayOf = { date: 1182, int8: 1016 }
const keepText = (text: string) => text

/** How each PostgreSQL type arrives: int8 as number, numeric and date as text, timestamptz as Date, jsonb parsed. */
export function parserOf(oid: number): (text: string) => unknown {
  return parsers.get(oid) ?? pg.types.getTypeParser(oid, 'text')
}

function parseInt8(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value)) throw new RangeError(`int8 ${text} does not fit a number: cast it to text`)
  return value
}

const parsers = new Map<number, (text: string) => unknown>([
  [builtins.INT8, parseInt8],
  [builtins.NUMERIC, keepText],
  // A date has no time zone: a Date object would move it over midnight.
  [builtins.DATE, keepText],
  [arrayOf.int8, text => (pg.types.getTypeParser(arrayOf.int8, 'text')(text) as string[]).map(parseInt8)],
  [arrayOf.date, text => pg.types.getTypeParser(1009 as number, 'text')(text)],
])

/** A UUID, in any case. */
export const uuidPattern = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i

const camelCased = new Map<string, string>()

/** `address_line_1` → `addressLine1`; remembered, since the same few hundred names come again and again. */
export function camelCaseOf(name: string): string {
  let found = camelCased.get(name)
  if (found === undefined) {
    found = name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())
    camelCased.set(name, found)
  }
  return found
}
