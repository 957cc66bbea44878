import type { PortableTable } from './contents.ts'
import { errors } from './errors.ts'
import type { TenantManifest } from './manifests.ts'

export type Row = Readonly<Record<string, unknown>>

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** Beyond what a double holds: a few characters that the database would write out as a hundred thousand digits. */
const hugeNumber = /(?<!\d)\d{400}|\d[eE]\+?(?:\d{4}|[4-9]\d\d)/

/**
 * Reads one row of a table: it has the columns that the manifest names, no other, and ids in the one form in which they are
 * found again wherever they stand.
 */
export function parseRow(table: PortableTable, columns: ReadonlySet<string>, line: string, number: number): Row {
  const unfit = (reason: string) => errors.rowUnfit({ table: table.name, number, reason })
  const row = parseObject(line, unfit)
  const names = Object.keys(row)
  const foreign = names.find(name => !columns.has(name))
  if (foreign !== undefined) throw unfit(`it has a column ${foreign}`)
  if (names.length !== columns.size) throw unfit('a column is missing')
  for (const name of names) {
    const value = row[name]
    const type = table.types[name]
    const ids = type === 'uuid' ? [value] : type === 'uuid[]' ? value : []
    if (ids === null) continue
    if (!Array.isArray(ids) || ids.some(id => id !== null && (typeof id !== 'string' || !uuid.test(id))))
      throw unfit(`${name} is no id`)
  }
  return row
}

export function parseObject(line: string, unfit: (reason: string) => Error): Row {
  let row: unknown
  try {
    row = JSON.parse(line)
  } catch {
    throw unfit('it is no JSON')
  }
  if (typeof row !== 'object' || row === null || Array.isArray(row)) throw unfit('it is no object')
  if (hugeNumber.test(withoutStrings(line))) throw unfit('a number in it is too big')
  return row as Row
}

/** By hand: an expression that knows what is escaped has no stack for a string of some million characters. */
function withoutStrings(json: string): string {
  const parts: string[] = []
  let at = 0
  for (let open = json.indexOf('"'); open !== -1; open = json.indexOf('"', at)) {
    parts.push(json.slice(at, open))
    let close = open
    let escapes: number
    do {
      close = json.indexOf('"', close + 1)
      escapes = 0
      while (json[close - 1 - escapes] === '\\') escapes++
    } while (escapes % 2 === 1)
    at = close + 1
  }
  return [...parts, json.slice(at)].join('""')
}

/** Refuses an archive whose tables or columns this installation does not have, or has more of than it can fill. */
export function requireFit(manifest: TenantManifest, tables: readonly PortableTable[]): Map<string, PortableTable> {
  const fitting = new Map<string, PortableTable>()
  const unknown: string[] = []
  const missing: string[] = []
  for (const { table: name, columns, rows } of manifest.tables) {
    if (rows === 0) continue
    const table = tables.find(each => each.name === name)
    if (!table) {
      unknown.push(name)
      continue
    }
    fitting.set(name, table)
    const named = columns.map(column => column.name)
    unknown.push(...named.filter(column => !table.carried.includes(column)).map(column => `${name}.${column}`))
    const needed = table.carried.filter(column => table.required.includes(column))
    missing.push(...needed.filter(column => !named.includes(column)).map(column => `${name}.${column}`))
  }
  if (unknown.length > 0) throw errors.tablesUnknown({ what: unknown.join(', ') })
  if (missing.length > 0) throw errors.columnsMissing({ columns: missing.join(', ') })
  return fitting
}
