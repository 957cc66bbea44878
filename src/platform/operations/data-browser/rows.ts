import { Type } from 'typebox'
import type { App } from '#platform/app.ts'
import { recordEvent } from '#platform/audit'
import { type Queryable, type Scope, sql } from '#platform/database'
import { cutPage, readCursor } from '#platform/http'
import { getTenantRecord } from '#platform/tenancy'
import { errors } from '../errors.ts'
import { type BrowsedColumn, type BrowsedTable, listBrowsedTables } from './tables.ts'

export const matches = ['equals', 'prefix', 'empty'] as const

export type RowSearch = {
  tenantId: string
  table: string
  column?: string | undefined
  match?: (typeof matches)[number] | undefined
  value?: string | undefined
  limit: number
  cursor?: string | undefined
}

export type BrowsedRows = {
  table: BrowsedTable
  /** Values as PostgreSQL writes them, in the order of the columns; `[redacted]` where they are secrets. */
  items: (string | null)[][]
  nextCursor: string | null
}

/** Characters of a value that are shown. */
const mostOfValue = 4_000

/**
 * Rows of a table as a tenant's own queries see them: under row security in its scope, in its own database if it has one,
 * in a transaction that can only read. That it was looked at is in that tenant's audit log before the first row is read.
 *
 * Names are taken from the catalog, never from the question: refuses (`operations.table_unknown`, `.column_unknown`) what
 * is not there, and a filter on a column whose values are secrets (`operations.column_redacted`).
 */
export async function browseRows(app: App, scope: Scope, search: RowSearch): Promise<BrowsedRows> {
  const { tenantId, limit } = search
  const table = (await listBrowsedTables(app)).find(({ name }) => name === search.table)
  if (!table) throw errors.tableUnknown({ table: search.table })
  const filter = filterOf(table, search)
  const key = table.columns.filter(({ isKey }) => isKey)
  // What is sorted by stands in the cursor.
  const isPaged = key.length > 0 && key.every(({ isRedacted }) => !isRedacted)
  const { column, match, value } = search
  const fingerprint = JSON.stringify(['operations.data', tenantId, table.name, column, match, value])
  const after = readCursor(
    search.cursor,
    fingerprint,
    Type.Array(Type.String(), { minItems: key.length, maxItems: key.length }),
  )

  await noteLook(app, scope, search)
  const db = table.isPlaced ? (app.placed ?? app.db) : app.db
  const names = sql.join(key.map(each => columnOf(each)))
  const rows = await db
    .transaction({ tenantId }, async tx => {
      await tx.run(sql`set transaction read only`)
      await tx.run(sql`set local statement_timeout = '5s'`)
      return await tx.run(sql<{ key: string[]; shown: (string | null)[] }>`
        select
          array[${isPaged ? sql.join(key.map(each => sql`${columnOf(each)}::text`)) : sql``}]::text[] as key,
          array[${sql.join(table.columns.map(shownOf))}]::text[] as shown
        from ${sql.raw(quoted(table.name))} as t
        where ${table.hasTenant ? sql`t.tenant_id = ${tenantId}` : sql`true`}
          and ${filter}
          and ${
            after && isPaged
              ? sql`(${names}) > (${sql.join(after.map((each, at) => sql`${each}::text::${typeOf(key[at])}`))})`
              : sql`true`
          }
        ${isPaged ? sql`order by ${names}` : sql``}
        limit ${limit + 1}`)
    })
    .catch(refuse)
  const page = cutPage(rows, limit, fingerprint, row => row.key)
  return { table, items: page.items.map(({ shown }) => shown), nextCursor: isPaged ? page.nextCursor : null }
}

/** In the log of the tenant whose data it is. */
async function noteLook({ db }: App, scope: Scope, { tenantId, table, column, match, value, cursor }: RowSearch) {
  await db.transaction({ system: true }, tx => getTenantRecord(tx, tenantId))
  await db.transaction({ ...scope, tenantId }, async (tx: Queryable) => {
    await recordEvent(tx, {
      action: 'read_rows',
      resource: table,
      details: {
        tenantId,
        ...(column !== undefined && { filter: { column, match: match ?? 'equals', value: value ?? null } }),
        isNextPage: cursor !== undefined,
      },
    })
  })
}

function filterOf(table: BrowsedTable, { column: name, match = 'equals', value = '' }: RowSearch) {
  if (name === undefined) return sql`true`
  const column = table.columns.find(each => each.name === name)
  if (!column) throw errors.columnUnknown({ table: table.name, column: name })
  // Whoever may compare can find out, a character at a time.
  if (column.isRedacted) throw errors.columnRedacted({ column: name })
  if (match === 'empty') return sql`${columnOf(column)} is null`
  if (match === 'prefix') return sql`${columnOf(column)}::text like ${`${value.replace(/[\\%_]/g, '\\$&')}%`}`
  if (column.type.startsWith('json')) return sql`${columnOf(column)}::jsonb = ${value}::text::jsonb`
  return sql`${columnOf(column)} = ${value}::text::${typeOf(column)}`
}

function shownOf(column: BrowsedColumn) {
  if (column.isRedacted) return sql`case when ${columnOf(column)} is not null then '[redacted]' end`
  if (column.type === 'jsonb') return sql`left(jsonb_pretty(${columnOf(column)}), ${mostOfValue})`
  return sql`left(${columnOf(column)}::text, ${mostOfValue})`
}

const columnOf = ({ name }: BrowsedColumn) => sql.raw(`t.${quotedPart(name)}`)
/** As `format_type` has written it. */
const typeOf = (column: BrowsedColumn | undefined) => sql.raw(column?.type ?? 'text')
const quoted = (name: string) => {
  const dot = name.indexOf('.')
  return `${quotedPart(name.slice(0, dot))}.${quotedPart(name.slice(dot + 1))}`
}
const quotedPart = (name: string) => `"${name.replaceAll('"', '""')}"`

function refuse(error: unknown): never {
  const { code } = error as { code?: string }
  if (code === '57014') throw errors.rowsTooSlow({}, error)
  if (code === '42501') throw errors.rowsClosed({}, error)
  // What was given is no value of that type: class 22, and 42883 for types that know no equality.
  if (code?.startsWith('22') || code === '42883') throw errors.valueUnfit({ reason: (error as Error).message }, error)
  throw error
}
