import { hash } from 'node:crypto'
import type { Static, TSchema } from 'typebox'
import { Check } from 'typebox/value'
import { errors } from './errors.ts'

export type CursorValue = string | number | boolean | null

/**
 * The cursor behind a row: the values of its sort key, in order, ending with the id that makes them unique.
 * `fingerprint` names the list with its order and filters, so that a cursor is refused where it does not belong.
 * Sort keys that are timestamps are to be selected as text: a `Date` has lost the microseconds and would skip rows.
 */
export function cursorOf(values: readonly CursorValue[], fingerprint: string): string {
  return Buffer.from(JSON.stringify([markOf(fingerprint), ...values])).toString('base64url')
}

/**
 * The values that `cursorOf` was given, or undefined without a cursor.
 * `shape` is the TypeBox tuple of the values: a cursor comes back from outside, and what it holds is bound into SQL.
 * Refuses anything else with `http.cursor_invalid`.
 */
export function readCursor<Shape extends TSchema>(
  cursor: string | undefined,
  fingerprint: string,
  shape: Shape,
): Static<Shape> | undefined {
  if (cursor === undefined) return undefined
  const [mark, ...values] = parse(cursor)
  if (mark !== markOf(fingerprint) || !Check(shape, values)) throw errors.cursorInvalid()
  return values as Static<Shape>
}

/**
 * A page from rows that were selected with `limit + 1`: the surplus row only tells that there is more.
 * `keyOf` gives the sort key of the last row, as for `cursorOf`.
 */
export function cutPage<Row>(
  rows: readonly Row[],
  limit: number,
  fingerprint: string,
  keyOf: (row: Row) => readonly CursorValue[],
): { items: Row[]; nextCursor: string | null } {
  const items = rows.slice(0, limit)
  const last = items.at(-1)
  return { items, nextCursor: rows.length > limit && last ? cursorOf(keyOf(last), fingerprint) : null }
}

function markOf(fingerprint: string): string {
  return hash('sha1', fingerprint, 'base64url').slice(0, 8)
}

function parse(cursor: string): unknown[] {
  try {
    const content: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'))
    if (Array.isArray(content) && !content.some(isUnfit)) return content
  } catch (cause) {
    throw errors.cursorInvalid({}, cause)
  }
  throw errors.cursorInvalid()
}

function isUnfit(value: unknown): boolean {
  return typeof value === 'string' && (value.includes('\0') || !value.isWellFormed())
}
