import { isDeepStrictEqual } from 'node:util'
import { type Static, Type } from 'typebox'
import { type Database, json, type Queryable, type Scope, sql } from '#platform/database'
import { csvReader, type FileRow } from '#platform/files'
import { nullable, oneOf } from '#platform/http'
import { errors } from '../errors.ts'
import { ueiPattern } from '../uei.ts'
import { bringContractors, cagePattern, findByCodes, findHeld, mostAtOnce } from './additions.ts'
import { type FieldValue, faultOf, type ListField } from './fields.ts'
import { priorities } from './items.ts'
import { getList, requireEditable, takeLists } from './lists.ts'
import { longestNotes } from './transfers.ts'

/** What a column of a sheet can say; `uei` may be a CAGE code too. The list's own fields are found by their names. */
export const sheetFields = ['uei', 'notes', 'tags', 'rating', 'priority'] as const
export type SheetField = (typeof sheetFields)[number]

/** `trial` writes nothing; `valid` takes the rows that can be taken; `all` takes all or, where one cannot be taken, none. */
export const sheetModes = ['trial', 'valid', 'all'] as const

const SheetRow = Type.Object({
  line: Type.Integer({ description: 'In the file, from 1' }),
  uei: Type.String({ description: 'As it stands there' }),
  name: nullable(Type.String({ description: 'Of the contractor found' })),
  outcome: oneOf(['added', 'updated', 'already_in', 'repeated', 'unknown', 'invalid'], {
    description: 'Of a trial: would be',
  }),
  problems: Type.Array(Type.String()),
})

/** What became of each row of a sheet. */
export const SheetReport = Type.Object({
  isTaken: Type.Boolean({ description: 'False of a trial' }),
  columns: Type.Array(Type.String(), { description: 'Names in the first line' }),
  mapping: Type.Object(Object.fromEntries(sheetFields.map(field => [field, nullable(Type.String())]))),
  ownFields: Type.Array(Type.String(), { description: "Names of the list's own fields that have a column" }),
  counts: Type.Object({
    added: Type.Integer(),
    updated: Type.Integer(),
    already_in: Type.Integer(),
    repeated: Type.Integer(),
    unknown: Type.Integer(),
    invalid: Type.Integer(),
  }),
  rows: Type.Array(SheetRow),
})
export type SheetReport = Static<typeof SheetReport>

export type SheetOptions = {
  mode: (typeof sheetModes)[number]
  /** Columns by what they say; those not named are found by their names. */
  columns: Partial<Record<SheetField, string>>
  /** Whether contractors that the list has already get what the row says of them. */
  updates: boolean
}

type Read = {
  line: number
  uei: string
  problems: string[]
  notes: string | null
  tags: string[]
  rating: number | null
  priority: string | null
  customData: Record<string, FieldValue>
}

/** Puts the contractors of a CSV sheet into a list with what it says of them. `work` runs in the same transaction. */
export async function addSheet(
  db: Database,
  scope: Scope,
  listId: string,
  bytes: Uint8Array,
  options: SheetOptions,
  work: (tx: Queryable, added: number) => Promise<void>,
): Promise<SheetReport> {
  const { settings } = await getList(db.scoped(scope), listId)
  const { columns, mapping, ownFields, rows, bad } = readSheet(bytes, options.columns, settings.fields)
  const codes = [...new Set(rows.filter(row => row.problems.length === 0).map(row => row.uei))]
  const isUei = (code: string) => ueiPattern.test(code)
  const { found, ambiguous } = await findByCodes(
    db,
    scope,
    codes.filter(isUei),
    codes.filter(code => !isUei(code)),
  )
  const known = new Map(found.map(each => [each.key, each]))
  const ids = [...new Set(found.map(each => each.contractorId))]
  const isTrial = options.mode === 'trial'
  if (!isTrial) await bringContractors(db, scope, ids)
  return await db.transaction(scope, async tx => {
    await takeLists(tx, listId)
    await requireEditable(tx, listId)
    const { settings: present } = await getList(tx, listId)
    if (!isDeepStrictEqual(present.fields, settings.fields)) throw errors.sheetFieldsChanged()
    const held = await findHeld(tx, listId, ids)
    const seen = new Set<string>()
    const judged = rows.map(row => {
      const contractor = row.problems.length === 0 ? known.get(row.uei) : undefined
      const isRepeated = contractor !== undefined && seen.has(contractor.contractorId)
      if (contractor) seen.add(contractor.contractorId)
      return { row, contractor, outcome: outcomeOf(row, contractor?.contractorId, isRepeated, held, options.updates) }
    })
    const report: SheetReport = {
      isTaken: !isTrial,
      columns,
      mapping,
      ownFields: ownFields.map(({ name }) => name),
      counts: { added: 0, updated: 0, already_in: 0, repeated: 0, unknown: 0, invalid: bad.length },
      rows: [
        ...judged.map(({ row, contractor, outcome }) => ({
          line: row.line,
          uei: row.uei,
          name: contractor?.name ?? null,
          outcome,
          problems: outcome === 'unknown' ? [whyUnknown(row.uei, ambiguous)] : row.problems,
        })),
        ...bad,
      ].toSorted((a, b) => a.line - b.line),
    }
    for (const { outcome } of judged) report.counts[outcome]++
    if (isTrial) return report
    const { unknown, invalid } = report.counts
    if (options.mode === 'all' && unknown + invalid > 0) throw errors.sheetHasFaults({ count: unknown + invalid })
    const taken = (wanted: Outcome) =>
      judged.flatMap(({ row, contractor, outcome }) =>
        contractor && outcome === wanted ? [{ ...row, contractorId: contractor.contractorId }] : [],
      )
    await addRows(tx, listId, taken('added'))
    await updateRows(tx, listId, taken('updated'))
    await work(tx, report.counts.added)
    return report
  })
}

type Outcome = SheetReport['rows'][number]['outcome']
type Taken = Read & { contractorId: string }

function outcomeOf(
  row: Read,
  contractorId: string | undefined,
  isRepeated: boolean,
  held: ReadonlySet<string>,
  updates: boolean,
): Outcome {
  if (row.problems.length > 0) return 'invalid'
  if (contractorId === undefined) return 'unknown'
  if (isRepeated) return 'repeated'
  if (!held.has(contractorId)) return 'added'
  return updates ? 'updated' : 'already_in'
}

function whyUnknown(code: string, ambiguous: readonly string[]): string {
  if (ambiguous.includes(code)) return 'several contractors have this CAGE code: name the one by its UEI'
  return `no contractor has this ${ueiPattern.test(code) ? 'UEI' : 'CAGE code'}`
}

async function addRows(tx: Queryable, listId: string, rows: readonly Taken[]): Promise<void> {
  await tx.run(sql`
    insert into contractors.contractor_list_items
      (list_id, contractor_profile_id, notes, tags, rating, priority, custom_data, added_by, position)
    select
      ${listId}, (given.item ->> 'contractorId')::uuid, given.item ->> 'notes', given.item -> 'tags',
      (given.item ->> 'rating')::integer, given.item ->> 'priority', given.item -> 'customData',
      platform.current_user_id(),
      -(select extract(epoch from clock_timestamp())) + given.place * 0.000001
    from jsonb_array_elements(${json(rows)}) with ordinality as given (item, place)
    on conflict (tenant_id, list_id, contractor_profile_id) do nothing
  `)
}

/** What the row leaves empty stays; tags are added to those that are there. */
async function updateRows(tx: Queryable, listId: string, rows: readonly Taken[]): Promise<void> {
  await tx.run(sql`
    update contractors.contractor_list_items as item
    set
      notes = coalesce(given.notes, item.notes),
      rating = coalesce(given.rating, item.rating),
      priority = coalesce(given.priority, item.priority),
      custom_data = item.custom_data || given."customData",
      tags = item.tags || (
        select coalesce(jsonb_agg(tag), '[]')
        from jsonb_array_elements(given.tags) as tag
        where not item.tags @> jsonb_build_array(tag)
      )
    from jsonb_to_recordset(${json(rows)})
      as given ("contractorId" uuid, notes text, tags jsonb, rating integer, priority text, "customData" jsonb)
    where item.list_id = ${listId}
      and item.contractor_profile_id = given."contractorId"
  `)
}

const mostColumns = 1_000

function readSheet(bytes: Uint8Array, wanted: SheetOptions['columns'], fields: readonly ListField[]) {
  const text = textOf(bytes)
  const delimiter = delimiterOf(text)
  const lines: FileRow[] = []
  const bad: SheetReport['rows'] = []
  // Eight megabytes may be four million lines: no more are read than can be taken.
  const refuseTooLong = () => {
    if (lines.length + bad.length > mostAtOnce + 1) throw errors.sheetTooLong({ most: mostAtOnce })
  }
  const reader = csvReader(
    {
      onRow: row => {
        if (lines.length === 0 && row.values.length > mostColumns) throw errors.sheetTooWide({ most: mostColumns })
        lines.push(row)
        refuseTooLong()
      },
      onBad: ({ line, reason }) => {
        bad.push({ line, uei: '', name: null, outcome: 'invalid', problems: [reason] })
        refuseTooLong()
      },
    },
    delimiter,
  )
  reader.push(text, false)
  reader.end()
  const [head, ...rows] = lines
  if (!head) throw errors.sheetEmpty()
  const columns = head.values.map(value => value.trim())
  const mapping = Object.fromEntries(
    sheetFields.map(field => [field, findColumn(columns, field, wanted[field])]),
  ) as Record<SheetField, string | null>
  if (mapping.uei === null) throw errors.sheetWithoutUei({ columns: columns.join(', ').slice(0, 300) })
  const at = (field: SheetField) => (mapping[field] === null ? -1 : columns.indexOf(mapping[field]))
  const places = Object.fromEntries(sheetFields.map(field => [field, at(field)])) as Record<SheetField, number>
  const plain = (name: string) => name.trim().toLowerCase()
  const taken = new Set(Object.values(places))
  const own = fields.flatMap(field => {
    const place = columns.findIndex((column, i) => !taken.has(i) && plain(column) === plain(field.name))
    return place < 0 ? [] : [{ ...field, place }]
  })
  return { columns, mapping, ownFields: own, rows: rows.map(row => readRow(row, { places, own, delimiter })), bad }
}

type OwnColumn = ListField & { place: number }

function readRow(
  { line, values }: FileRow,
  { places, own, delimiter }: { places: Record<SheetField, number>; own: readonly OwnColumn[]; delimiter: string },
): Read {
  const cell = (field: SheetField) => values[places[field]]?.trim() ?? ''
  const uei = cell('uei').toUpperCase()
  const tags = [
    ...new Set(
      cell('tags')
        .split(/[;,|]/)
        .map(tag => tag.trim())
        .filter(Boolean),
    ),
  ]
  const [rating, priority, notes] = [cell('rating'), cell('priority').toLowerCase(), cell('notes')]
  const isPriority = priorities.some(each => each === priority)
  const told = own.flatMap(field => {
    const value = values[field.place]?.trim() ?? ''
    return value === '' ? [] : [{ field, value: ownValueOf(field, value, delimiter) }]
  })
  const unfit = told.flatMap(({ field, value }) => {
    const fault = typeof value === 'string' && value.length > 2_000 ? 'is too long' : faultOf(field, value)
    return fault ? [`what is given for “${field.name}” ${fault}`] : []
  })
  return {
    line,
    uei,
    problems: [
      ...(ueiPattern.test(uei) || cagePattern.test(uei)
        ? []
        : [uei === '' ? 'the UEI is empty' : 'is neither a UEI (12 letters and digits) nor a CAGE code (5)']),
      ...(rating === '' || /^[1-5]$/.test(rating) ? [] : [`the rating ${rating} is not from 1 to 5`]),
      ...(priority === '' || isPriority ? [] : [`the priority ${priority} is none of ${priorities.join(', ')}`]),
      ...(notes.length <= longestNotes ? [] : [`the notes are longer than ${longestNotes} characters`]),
      ...(tags.length <= 50 ? [] : ['there are more than 50 tags']),
      ...(tags.every(tag => tag.length <= 50) ? [] : ['a tag is longer than 50 characters']),
      ...unfit,
    ],
    notes: notes || null,
    tags,
    rating: /^[1-5]$/.test(rating) ? Number(rating) : null,
    priority: isPriority ? priority : null,
    customData: unfit.length > 0 ? {} : Object.fromEntries(told.map(({ field, value }) => [field.id, value])),
  }
}

/** As the field has it, where the cell can mean that; else the text, which the field then refuses. */
function ownValueOf({ kind, options }: ListField, text: string, delimiter: string): FieldValue {
  const plain = text.toLowerCase()
  if (kind === 'choice') return options?.find(option => option.toLowerCase() === plain) ?? text
  if (kind === 'yes_no')
    return plain === 'yes' || plain === 'true' || (plain === 'no' || plain === 'false' ? false : text)
  return (kind === 'number' ? numberOf(text, delimiter) : undefined) ?? text
}

/**
 * Between commas 1,250 are thousands, as $1,250,000.50. Elsewhere a comma may divide euros from cents as well: the last sign
 * does, and what can be meant in two ways is no number.
 */
function numberOf(text: string, delimiter: string): number | undefined {
  const plain = text.replace(/^\$/, '')
  if (delimiter !== ',' && /^-?\d{1,3}[.,]\d{3}$/.test(plain)) return undefined
  const signs = Array.from(plain.matchAll(/[.,]/g), ([sign]) => sign)
  const last = signs.at(-1) ?? '.'
  const decimal = delimiter === ',' ? '.' : signs.indexOf(last) === signs.length - 1 ? last : ' '
  const [whole = '', fraction = '0', ...more] = plain.split(decimal)
  const isNumber = /^-?(\d+|\d{1,3}([.,]\d{3})+)$/.test(whole) && /^\d+$/.test(fraction) && more.length === 0
  return isNumber ? Number(`${whole.replace(/[.,]/g, '')}.${fraction}`) : undefined
}

function findColumn(columns: readonly string[], field: SheetField, wanted: string | undefined): string | null {
  if (wanted === '') return null
  if (wanted !== undefined) {
    if (!columns.includes(wanted)) throw errors.sheetColumnUnknown({ name: wanted })
    return wanted
  }
  const plain = columns.map(column =>
    column
      .toLowerCase()
      .replace(/[^a-z]+/g, ' ')
      .trim(),
  )
  const named = (names: readonly string[]) => columns[plain.findIndex(column => names.includes(column))]
  return named(usualNames[field]) ?? (field === 'uei' ? named(cageNames) : undefined) ?? null
}

/** Where there is no UEI. */
const cageNames = ['cage', 'cage code']

const usualNames: Readonly<Record<SheetField, readonly string[]>> = {
  uei: ['uei', 'unique entity id', 'unique entity identifier', 'uei sam', 'sam uei', 'recipient uei', 'entity uei'],
  notes: ['notes', 'note', 'remarks', 'comment', 'comments'],
  tags: ['tags', 'tag', 'labels'],
  rating: ['rating', 'stars'],
  priority: ['priority'],
}

/** Spreadsheet programs still write Windows' own letters where they are not told otherwise, and UTF-16 as “Unicode text”. */
function textOf(bytes: Uint8Array): string {
  const [first, second] = bytes
  if (first === 0xff && second === 0xfe) return new TextDecoder('utf-16le').decode(bytes)
  if (first === 0xfe && second === 0xff) return new TextDecoder('utf-16be').decode(bytes)
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return new TextDecoder('windows-1252').decode(bytes)
  }
}

/** Where a comma divides euros from cents, spreadsheet programs divide columns by semicolons; “Unicode text” has tabs. */
function delimiterOf(text: string): string {
  const end = text.indexOf('\n')
  const head = (end < 0 ? text : text.slice(0, end)).replace(/"[^"]*"/g, '')
  const count = (delimiter: string) => head.split(delimiter).length
  return [',', ';', '\t'].reduce((best, each) => (count(each) > count(best) ? each : best))
}
