import { type Static, type TObject, type TProperties, type TSchema, Type } from 'typebox'

/** A UUID as text. */
export const uuid = Type.String({ format: 'uuid' })

/** A moment in an answer: a `Date` in the handler, RFC 3339 in UTC on the wire. */
export const timestamp = Type.Unsafe<Date>({ type: 'string', format: 'date-time' })

/** A moment in a request: RFC 3339 text with its offset, as PostgreSQL takes it. */
export const dateTime = Type.String({ format: 'date-time', maxLength: 40 })

/** A calendar date, `YYYY-MM-DD`, that PostgreSQL has too: its years begin with 1. */
export const date = Type.String({ format: 'date', pattern: '^(?!0000)' })

/** An exact decimal number as text, never a float: money and other `numeric` columns. */
export const decimal = Type.String({
  pattern: '^-?[0-9]{1,20}([.][0-9]{1,10})?$',
  examples: ['1250000.00'],
})

/** The given type or null. For the serialiser this form costs nothing, a union with null a validation per value. */
export function nullable<T extends TSchema>(type: T) {
  const schema = type as TSchema & { type?: string; enum?: unknown[] }
  if (typeof schema.type !== 'string') return Type.Union([type, Type.Null()])
  const open = { ...schema, type: [schema.type, 'null'] }
  return Type.Unsafe<Static<T> | null>(schema.enum ? { ...open, enum: [...schema.enum, null] } : open)
}

/** One of the given texts. */
export function oneOf<const T extends readonly string[]>(values: T, options: { description?: string } = {}) {
  return Type.Unsafe<T[number]>({ type: 'string', enum: [...values], ...options })
}

/** `{id}` of a path. */
export const idParams = Type.Object({ id: uuid })

/** The parameters of every list; spread them into its query: `Type.Object({ ...pageQuery, q: … })`. */
export const pageQuery = {
  limit: Type.Integer({ minimum: 1, maximum: 100, default: 25, description: 'Items on a page' }),
  cursor: Type.Optional(
    Type.String({ maxLength: 2000, description: '`nextCursor` of the page before; opaque, with the same filters' }),
  ),
}

/** A page of a list: `nextCursor` is null on the last one. `more` adds properties beside the items (facets, totals). */
export function pageOf<Item extends TSchema, More extends TProperties = Record<never, never>>(
  item: Item,
  more: More = {} as More,
): TObject<{ items: ReturnType<typeof Type.Array<Item>>; nextCursor: typeof nextCursor } & More> {
  return Type.Object({ items: Type.Array(item), nextCursor, ...more }) as never
}

const nextCursor = nullable(Type.String({ description: 'Cursor of the next page; null on the last one' }))
