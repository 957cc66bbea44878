import { type Static, Type } from 'typebox'
import { nullable, oneOf } from '#platform/http'
import { errors } from '../errors.ts'

export const fieldKinds = ['text', 'number', 'date', 'choice', 'yes_no'] as const

/** A field that the owner of a list adds to its items. Values are kept by `id`: a field may be renamed freely. */
export const ListField = Type.Object({
  id: Type.String({ pattern: '^[a-z0-9]{1,20}$', description: 'Chosen once, never used for another field' }),
  name: Type.String({ minLength: 1, maxLength: 60, pattern: '\\S' }),
  kind: oneOf(fieldKinds),
  options: Type.Optional(
    Type.Array(Type.String({ minLength: 1, maxLength: 100 }), {
      maxItems: 50,
      uniqueItems: true,
      description: 'What there is to choose, of the kind `choice`',
    }),
  ),
})
export type ListField = Static<typeof ListField>

export const itemOrders = ['manual', 'added', 'name', 'value', 'rating', 'priority', 'views'] as const

/** By what items are ordered: one of the fixed orders, or `field:` and the id of a field. */
export const ItemOrder = Type.String({
  pattern: `^(${itemOrders.join('|')}|field:[a-z0-9]{1,20})$`,
  examples: ['manual', 'field:stage'],
  description: `${itemOrders.join(', ')}, or \`field:\` with the id of one of the list's own fields`,
})
export const directions = ['asc', 'desc'] as const

export const itemColumns = ['value', 'state', 'naics', 'notes', 'tags', 'rating', 'priority', 'added', 'views'] as const

/** How a list is shown, and what is noted in it beside the fixed remarks. */
export const ListSettings = Type.Object({
  fields: Type.Array(ListField, { maxItems: 20 }),
  columns: nullable(
    Type.Array(Type.String({ pattern: `^(${itemColumns.join('|')}|field:[a-z0-9]{1,20})$` }), {
      maxItems: 40,
      uniqueItems: true,
      description: `Columns shown, in order: ${itemColumns.join(', ')}, \`field:\` and an id; null for the usual ones`,
    }),
  ),
  sort: nullable(Type.Object({ by: ItemOrder, direction: oneOf(directions) })),
})
export type ListSettings = Static<typeof ListSettings>

export const noSettings: ListSettings = { fields: [], columns: null, sort: null }

/** Refuses what no shape can say: two fields of one name or id, a choice without options. */
export function checkSettings({ fields }: ListSettings): void {
  const names = fields.map(field => field.name.trim().toLowerCase())
  const twice = fields.find((_, i) => names.indexOf(names[i] as string) < i)
  if (twice) throw errors.fieldTwice({ name: twice.name })
  const sameId = fields.find((field, i) => fields.findIndex(({ id }) => id === field.id) < i)
  if (sameId) throw errors.fieldTwice({ name: sameId.id })
  const empty = fields.find(field => field.kind === 'choice' && !field.options?.length)
  if (empty) throw errors.fieldWithoutOptions({ name: empty.name })
}

export type FieldValue = string | number | boolean

/** Values of the list's own fields by the field's id. */
export const CustomData = Type.Unsafe<Record<string, FieldValue>>(
  Type.Object({}, { additionalProperties: true, description: "Values of the list's own fields by the field's id" }),
)

/** Of a change: null empties a field, what is not named stays. */
export const CustomDataChange = Type.Record(
  Type.String({ pattern: '^[a-z0-9]{1,20}$' }),
  nullable(Type.Union([Type.String({ maxLength: 2_000 }), Type.Number(), Type.Boolean()])),
  { maxProperties: 20, description: "Values of the list's own fields by the field's id; null empties one" },
)
export type CustomDataChange = Record<string, FieldValue | null>

/** Why a value is not one of this field; undefined if it is. */
export function faultOf(field: ListField, value: FieldValue): string | undefined {
  switch (field.kind) {
    case 'text':
      return typeof value === 'string' ? undefined : 'is no text'
    case 'number':
      return typeof value === 'number' && Number.isFinite(value) ? undefined : 'is no number'
    case 'yes_no':
      return typeof value === 'boolean' ? undefined : 'is neither yes nor no'
    case 'date':
      return typeof value === 'string' && isDate(value) ? undefined : 'is no date like 2027-03-31'
    case 'choice':
      return typeof value === 'string' && field.options?.includes(value)
        ? undefined
        : `is none of: ${field.options?.join(', ')}`
  }
}

/** Refuses a value that its field does not take, and values of no field. */
export function checkCustomData(fields: readonly ListField[], change: CustomDataChange): void {
  for (const [id, value] of Object.entries(change)) {
    const field = fields.find(each => each.id === id)
    if (!field) throw errors.fieldUnknown({ id })
    const fault = value === null ? undefined : faultOf(field, value)
    if (fault) throw errors.fieldValueUnfit({ name: field.name, fault })
  }
}

/**
 * Where the values of one list's fields belong in another: into the field with the same id and kind, else into that with
 * the same name and kind. Fields without a counterpart are not in it.
 */
export function matchFields(from: readonly ListField[], to: readonly ListField[]): Map<string, string> {
  const matched = new Map<string, string>()
  for (const field of from) {
    const name = field.name.trim().toLowerCase()
    const counterpart =
      to.find(each => each.id === field.id && each.kind === field.kind && each.name.trim().toLowerCase() === name) ??
      to.find(each => each.kind === field.kind && each.name.trim().toLowerCase() === name)
    if (counterpart) matched.set(field.id, counterpart.id)
  }
  return matched
}

function isDate(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false
  const time = Date.parse(`${text}T00:00:00Z`)
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text)
}
