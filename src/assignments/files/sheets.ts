import type { TObject } from 'typebox'
import { Errors } from 'typebox/value'
import { recordEvent } from '#platform/audit'
import type { Queryable, Reader } from '#platform/database'
import { DomainError } from '#platform/errors.ts'
import { type BadRow, csvReader, type FileRow, type TextPiece } from '#platform/files'
import { errors } from '../errors.ts'
import { type Kind, readCell, writeCell } from './cells.ts'

export type Fields = Readonly<Record<string, unknown>>

export const dayRule = 'a day is written as 2027-03-08'

/** A row that is there: `key` is what a file calls it, its reference or, without one, its id. */
export type Kept = Fields & { id: string; reference: string | null }

/** `rule` says how a value is written, where a pattern says it to programs: “a time is written as 09:00”. */
type Column = { column: string; kind: Kind; rule?: string }

/** What can be written to a CSV file and taken from one. */
export type Sheet = {
  /** As a refusal says it: `participants`. */
  name: string
  /** Where its rows are, for the audit log. */
  table: string
  /** The columns in their order, by the field; `reference` and `name` are among them. */
  columns: Readonly<Record<string, Column>>
  schema: TObject
  /** What an empty cell means, where it means something. */
  plain: Fields
  /** All of a domain, locked where `isLocked`. */
  read(tx: Reader, domainId: string, isLocked: boolean): Promise<Kept[]>
  /** What becomes of a row, or of a new one; throws what is wrong with it. */
  merge(old: Kept | undefined, fields: Fields): Fields
  write(tx: Queryable, domainId: string, rows: readonly (Fields & { id: string | undefined })[]): Promise<void>
}

type ImportReport = {
  rows: { read: number; inserted: number; updated: number; unchanged: number; rejected: number }
}

type Source = AsyncIterable<TextPiece> | Iterable<TextPiece>

/**
 * RFC 4180, with all of the domain in the order of their references. A row without a reference is called by its id. That it was
 * fetched is in the audit log, by whom and how many rows: of people it is personal data that leaves. `tx` is a transaction.
 */
export async function exportSheet(
  tx: Queryable,
  sheet: Sheet,
  domainId: string,
): Promise<{ text: string; rows: number }> {
  const rows = await sheet.read(tx, domainId, false)
  const called = rows.map(row => ({ ...row, reference: row.reference ?? row.id }))
  called.sort((a, b) => (a.reference < b.reference ? -1 : 1))
  const head = Object.values(sheet.columns).map(({ column }) => column)
  const lines = [head.join(','), ...called.map(row => lineOf(sheet, row))]
  const text = `${lines.join('\r\n')}\r\n`
  await recordEvent(tx, {
    action: 'export',
    resource: sheet.table,
    details: { domainId, rows: rows.length, bytes: Buffer.byteLength(text) },
  })
  return { text, rows: rows.length }
}

/**
 * Takes the rows of a CSV file, each by its reference: a new one, a changed one, or what it is already. Columns that the file
 * has not stay as they are. A row that cannot be taken goes to `onBad` as a whole. `tx` is a transaction, in which it is all
 * done or nothing.
 */
export async function importSheet(
  tx: Queryable,
  sheet: Sheet,
  domainId: string,
  { source, onBad, isTrial }: { source: Source; onBad: (bad: BadRow) => void; isTrial: boolean },
): Promise<ImportReport> {
  const report = { read: 0, inserted: 0, updated: 0, unchanged: 0, rejected: 0 }
  const reject = (bad: BadRow) => {
    report.rejected++
    onBad(bad)
  }
  const known = await sheet.read(tx, domainId, true)
  // Who has no reference is called by his id in an export, and is found by it when that comes back.
  const byKey = new Map(known.map(row => [row.reference ?? row.id, row]))
  const lines = new Map<string, number>()
  const changed: (Fields & { id: string | undefined })[] = []

  const take = ({ line, raw, values }: FileRow, fields: readonly string[]) => {
    try {
      const given = readRow(sheet, fields, values)
      const key = String(given.reference)
      const before = lines.get(key)
      if (before !== undefined) throw new Misfit('reference', `line ${before} has the same`)
      lines.set(key, line)
      const old = byKey.get(key)
      const next = sheet.merge(old, old?.reference === null ? { ...given, reference: null } : given)
      if (old && lineOf(sheet, old) === lineOf(sheet, next)) report.unchanged++
      else {
        report[old ? 'updated' : 'inserted']++
        changed.push({ ...next, id: old?.id })
      }
    } catch (error) {
      if (error instanceof Misfit) reject({ line, column: error.column, reason: error.message, raw })
      else if (error instanceof DomainError) reject({ line, column: '', reason: error.message, raw })
      else throw error
    }
  }

  let fields: readonly string[] | undefined
  const reader = csvReader({
    onRow(row) {
      if (fields === undefined) {
        fields = headOf(sheet, row.values)
        return
      }
      report.read++
      take(row, fields)
    },
    onBad(bad) {
      report.read++
      reject(bad)
    },
  })
  for await (const { text, isDamaged } of source) reader.push(text, isDamaged)
  reader.end()
  if (fields === undefined) throw errors.fileMisfit({ what: sheet.name, reason: 'It is empty', columns: listOf(sheet) })
  if (!isTrial && changed.length > 0) await sheet.write(tx, domainId, changed)
  return { rows: report }
}

/** Why a row cannot be taken. */
class Misfit extends Error {
  readonly column: string
  constructor(column: string, reason: string) {
    super(reason)
    this.column = column
  }
}

const lineOf = (sheet: Sheet, row: Fields) =>
  Object.entries(sheet.columns)
    .map(([field, { kind }]) => writeCell(kind, row[field]))
    .join(',')

const listOf = (sheet: Sheet) =>
  Object.values(sheet.columns)
    .map(({ column }) => column)
    .join(', ')

/** The fields that a file has, in its order. */
function headOf(sheet: Sheet, cells: readonly string[]): string[] {
  const refuse = (reason: string) => errors.fileMisfit({ what: sheet.name, reason, columns: listOf(sheet) })
  const fields = cells.map(cell => {
    const name = cell.trim().toLowerCase().replaceAll(' ', '_')
    const [field] = Object.entries(sheet.columns).find(([, { column }]) => column === name) ?? []
    if (field === undefined) throw refuse(`The column “${cell.trim()}” is unknown`)
    return field
  })
  const twice = fields.find((field, index) => fields.indexOf(field) < index)
  if (twice) throw refuse(`The column “${sheet.columns[twice]?.column}” is there twice`)
  const missing = ['reference', 'name'].find(field => !fields.includes(field))
  if (missing) throw refuse(`The column “${missing}” is missing`)
  return fields
}

function readRow(sheet: Sheet, fields: readonly string[], values: readonly string[]): Fields {
  if (values.length !== fields.length)
    throw new Misfit('', `there are ${values.length} values, and ${fields.length} columns`)
  const given: Record<string, unknown> = {}
  for (const [index, field] of fields.entries()) {
    const { column, kind } = sheet.columns[field] as Column
    const cell = values[index] as string
    if (cell.trim() === '') {
      if (field === 'reference' || field === 'name') throw new Misfit(column, 'it is empty')
      if (field in sheet.plain) given[field] = sheet.plain[field]
      continue
    }
    try {
      given[field] = readCell(kind, cell)
    } catch (error) {
      throw new Misfit(column, (error as Error).message)
    }
  }
  const [fault] = Errors(sheet.schema, given)
  if (!fault) return given
  const [, field = ''] = fault.instancePath.split('/')
  const known = sheet.columns[field]
  throw new Misfit(known?.column ?? '', sentenceOf(fault, known?.rule))
}

type Fault = ReturnType<typeof Errors>[number]

/** What is wrong with a value, in words for who has typed it. */
function sentenceOf({ keyword, params, message }: Fault, rule: string | undefined): string {
  const { limit } = params as { limit?: number }
  switch (keyword) {
    case 'pattern':
      return rule ?? 'there is nothing but blanks in it'
    case 'format':
      return rule ?? 'it is not written as it should be'
    case 'minimum':
      return `it is ${limit} at least`
    case 'maximum':
      return `it is ${limit} at most`
    case 'minLength':
      return `it has ${limit} characters at least`
    case 'maxLength':
      return `it has ${limit} characters at most`
    case 'maxItems':
    case 'maxProperties':
      return `there are ${limit} at most`
    default:
      return rule ?? message
  }
}
