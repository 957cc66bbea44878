// The fields of a definition as its form has them, and the JSON Schema that they are.
import { shortNameOf } from './examples.ts'
import type { EntitySchema } from './wire-types.ts'

export const kinds = {
  text: 'Text',
  number: 'Number',
  integer: 'Whole number',
  boolean: 'Yes or no',
  choice: 'Choice',
  list: 'Several texts',
  date: 'Date',
  time: 'Time of day',
  email: 'E-mail address',
  uri: 'Link',
} as const
export type Kind = keyof typeof kinds

type Property = EntitySchema['properties'][string]

export type FieldDraft = {
  /** Its name in the data; fixed once there is data. */
  name: string
  title: string
  description: string
  kind: Kind
  isRequired: boolean
  options: string[]
  /** The least and most: of a number, of characters, of how many. */
  least: number | null
  most: number | null
  /** What the form does not show is kept. */
  kept: Property | undefined
}

export function draftsOf({ properties, required = [] }: EntitySchema): FieldDraft[] {
  return Object.entries(properties)
    .toSorted(([, a], [, b]) => (a.order ?? 1_000) - (b.order ?? 1_000))
    .map(([name, property]) => {
      const kind = kindOf(property)
      const [least, most] = boundsOf[kind] ?? []
      return {
        name,
        title: property.title ?? name,
        description: property.description ?? '',
        kind,
        isRequired: required.includes(name),
        options: (property.enum ?? []).map(String),
        least: least === undefined ? null : ((property[least] as number | undefined) ?? null),
        most: most === undefined ? null : ((property[most] as number | undefined) ?? null),
        kept: property,
      }
    })
}

export function schemaOf(drafts: readonly FieldDraft[]): EntitySchema {
  const named = withNames(drafts)
  return {
    type: 'object',
    properties: Object.fromEntries(named.map((draft, order) => [draft.name, propertyOf(draft, order)])),
    required: named.filter(({ isRequired }) => isRequired).map(({ name }) => name),
  }
}

/** What is wrong with the fields, if anything. */
export function faultOfDrafts(drafts: readonly FieldDraft[]): string | null {
  if (drafts.some(({ title }) => title.trim() === '')) return 'Give each field a name.'
  const empty = drafts.find(({ kind, options }) => kind === 'choice' && options.length === 0)
  if (empty) return `Say what there is to choose for “${empty.title}”.`
  const crossed = drafts.find(({ least, most }) => least !== null && most !== null && least > most)
  return crossed ? `Of “${crossed.title}” the least is more than the most.` : null
}

/** A new field has its name from its title, and one of its own. */
function withNames(drafts: readonly FieldDraft[]): FieldDraft[] {
  const taken = new Set(drafts.map(({ name }) => name).filter(Boolean))
  return drafts.map(draft => {
    if (draft.name) return draft
    const plain = shortNameOf(draft.title).replaceAll('-', '_').slice(0, 90)
    const base = /^[a-z]/.test(plain) ? plain : `field_${plain}`.replace(/_$/, '')
    let name = base
    for (let count = 2; taken.has(name); count++) name = `${base}_${count}`
    taken.add(name)
    return { ...draft, name }
  })
}

export const boundsOf: Readonly<Partial<Record<Kind, readonly [keyof Property, keyof Property]>>> = {
  text: ['minLength', 'maxLength'],
  number: ['minimum', 'maximum'],
  integer: ['minimum', 'maximum'],
  list: ['minItems', 'maxItems'],
}

const formats = ['date', 'time', 'email', 'uri'] as const

function kindOf({ type, enum: options, format }: Property): Kind {
  if (options) return 'choice'
  if (type === 'array') return 'list'
  if (type !== 'string') return type
  return formats.find(each => each === format) ?? 'text'
}

function propertyOf({ title, description, kind, options, least, most, kept }: FieldDraft, order: number): Property {
  const same = kept && kindOf(kept) === kind ? kept : undefined
  const [leastName, mostName] = boundsOf[kind] ?? []
  const isNumeric = same?.type === 'number' || same?.type === 'integer'
  return {
    ...(same?.format && kind === 'text' && { format: same.format }),
    ...(same?.uniqueItems !== undefined && { uniqueItems: same.uniqueItems }),
    type: typeOf(kind, same),
    title: title.trim(),
    order,
    ...(description.trim() && { description: description.trim() }),
    ...(kind === 'choice' && { enum: isNumeric ? options.map(Number) : options }),
    ...(kind === 'list' && { items: same?.items ?? { type: 'string' } }),
    ...(isFormat(kind) && { format: kind }),
    ...(leastName && least !== null && { [leastName]: least }),
    ...(mostName && most !== null && { [mostName]: most }),
  } as Property
}

const isFormat = (kind: Kind) => formats.some(each => each === kind)

function typeOf(kind: Kind, same: Property | undefined): Property['type'] {
  if (kind === 'list') return 'array'
  if (kind === 'choice') return same?.type ?? 'string'
  return kind === 'number' || kind === 'integer' || kind === 'boolean' ? kind : 'string'
}

export const newField: FieldDraft = {
  ...{ name: '', title: '', description: '', kind: 'text', isRequired: false },
  ...{ options: [], least: null, most: null, kept: undefined },
}
