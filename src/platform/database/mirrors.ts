import type pg from 'pg'
import { columnList, quoted, readTenantTables, type SharedTable } from './tenant-tables.ts'

/** For a shared table what of its rows is copied into tenants' databases beside keys and required columns; all of it, or these. */
export type MirroredColumns = Readonly<Record<string, 'all' | readonly string[]>>

/** How rows of the main database are read: as the platform itself. */
export type ReadMain = (statement: string, values: unknown[]) => Promise<{ row: Row }[]>

type Row = Readonly<Record<string, unknown>>

export type MirrorOptions = {
  readMain: ReadMain
  /** An administrator's connection to the tenant's database: copies fire no triggers there. */
  target: pg.ClientBase
  /** Schemas of the modules whose data tenants have elsewhere. */
  schemas: readonly string[]
  columns: MirroredColumns
}

const most = 1_000

/** Brings these rows of a shared table; tells whether any was not there. `column` is unique. */
export async function bringRows(
  options: MirrorOptions,
  wanted: { table: string; column: string; values: readonly string[] },
): Promise<boolean> {
  const { shared } = await readTenantTables(options.target, options.schemas)
  const table = shared.find(({ name }) => name === wanted.table)
  if (!table?.columns.includes(wanted.column)) throw new Error(`${wanted.table} is not referred to by tenants' tables`)
  let isNew = false
  for (const values of chunksOf([...new Set(wanted.values)])) {
    const known = await keysIn(options.target, table, wanted.column, values)
    const missing = values.filter(value => !known.has(value))
    if (missing.length === 0) continue
    const rows = await rowsOfMain(options, table, isAnyOf(table, wanted.column), [missing])
    if (rows.length > 0) await write(options, table, rows)
    isNew ||= rows.length > 0
  }
  return isNew
}

/** Brings the tenant itself, what the platform has of it that keys lead to (its members) and whom those name. */
export async function bringTenant(options: MirrorOptions, tenantId: string): Promise<boolean> {
  const { tables, shared } = await readTenantTables(options.target, options.schemas)
  let isNew = false
  const roots = new Map<string, string>()
  for (const { references } of [...tables, ...shared]) {
    for (const { table, columns, referred } of references) {
      if (columns.length === 1 && columns[0] === 'tenant_id') roots.set(table, referred[0] as string)
    }
  }
  for (const [table, column] of roots)
    isNew = (await bringRows(options, { table, column, values: [tenantId] })) || isNew
  for (const table of shared.filter(({ hasTenant }) => hasTenant)) {
    const rows = await rowsOfMain(options, table, 't.tenant_id = $1', [tenantId])
    for (const { columns, table: parent, referred } of table.references) {
      const column = columns[0] as string
      if (columns.length > 1 || column === 'tenant_id') continue
      const values = rows.flatMap(row => (typeof row[column] === 'string' ? [row[column]] : []))
      isNew = (await bringRows(options, { table: parent, column: referred[0] as string, values })) || isNew
    }
    const { rows: before } = await options.target.query(`select from ${quoted(table.name)} where tenant_id = $1`, [
      tenantId,
    ])
    if (rows.length > 0) await write(options, table, rows)
    isNew ||= before.length < rows.length
  }
  return isNew
}

/**
 * Compares all that was brought with what it is now: changed rows are written anew, and what is gone goes, with all
 * that its own database says goes with it.
 */
export async function refreshMirrors(options: MirrorOptions): Promise<{ changed: number; removed: number }> {
  const { shared } = await readTenantTables(options.target, options.schemas)
  const count = { changed: 0, removed: 0 }
  for (const table of shared) {
    const picked = pickedColumns(options, table)
    const key = table.key.at(-1) as string
    let after: string | null = null
    for (;;) {
      const { rows: there }: pg.QueryResult<{ id: string; row: Row }> = await options.target.query(
        `select t.${quoted(key)}::text as id, to_jsonb(picked) as row
        from ${quoted(table.name)} as t
        cross join lateral (select ${columnList(picked, 't')}) as picked
        where $1::text is null or t.${quoted(key)} > $1::${table.types[key]}
        order by t.${quoted(key)}
        limit ${most}`,
        [after],
      )
      const ids = there.map(({ id }) => id)
      if (ids.length === 0) break
      after = ids.at(-1) ?? null
      const here = await rowsOfMain(options, table, isAnyOf(table, key), [ids])
      const now = new Map(here.map(row => [String(row[key]), row]))
      const changed = there.flatMap(({ id, row }) => {
        const current = now.get(id)
        return current && !isSame(current, row) ? [current] : []
      })
      if (changed.length > 0) await write(options, table, changed)
      const gone = ids.filter(id => !now.has(id))
      if (gone.length > 0) await remove(options.target, table, key, gone)
      count.changed += changed.length
      count.removed += gone.length
      if (ids.length < most) break
    }
  }
  return count
}

function pickedColumns({ columns }: MirrorOptions, table: SharedTable): string[] {
  const wanted = columns[table.name] ?? []
  if (wanted === 'all') return table.columns
  const picked = new Set([...table.key, ...table.required, ...wanted])
  return table.columns.filter(column => picked.has(column))
}

async function rowsOfMain(
  options: MirrorOptions,
  table: SharedTable,
  condition: string,
  values: unknown[],
): Promise<Row[]> {
  const picked = columnList(pickedColumns(options, table), 't')
  const found = await options.readMain(
    `select to_jsonb(picked) as row
    from ${quoted(table.name)} as t
    cross join lateral (select ${picked}) as picked
    where ${condition}`,
    values,
  )
  return found.map(({ row }) => row)
}

async function keysIn(
  target: pg.ClientBase,
  table: SharedTable,
  column: string,
  values: readonly string[],
): Promise<Set<string>> {
  const { rows } = await target.query<{ value: string }>(
    `select t.${quoted(column)}::text as value from ${quoted(table.name)} as t where ${isAnyOf(table, column)}`,
    [values],
  )
  return new Set(rows.map(({ value }) => value))
}

/** As a replica: nothing that the platform does on a change of its own rows (audit, marks of time) happens to a copy. */
async function write(options: MirrorOptions, table: SharedTable, rows: readonly Row[]): Promise<void> {
  const { target } = options
  const picked = pickedColumns(options, table)
  const changed = picked.filter(column => !table.key.includes(column))
  const update = changed.map(column => `${quoted(column)} = excluded.${quoted(column)}`).join(', ')
  await target.query('begin; set local session_replication_role = replica; set local row_security = off')
  try {
    await target.query(
      `insert into ${quoted(table.name)} (${columnList(picked)})
      select ${columnList(picked)} from jsonb_populate_recordset(null::${quoted(table.name)}, $1)
      on conflict (${columnList(table.key)}) do ${update ? `update set ${update}` : 'nothing'}`,
      [JSON.stringify(rows)],
    )
    await target.query('commit')
  } catch (error) {
    await target.query('rollback')
    throw error
  }
}

async function remove(target: pg.ClientBase, table: SharedTable, key: string, ids: readonly string[]): Promise<void> {
  await target.query(`begin; select set_config('app.system', 'on', true)`)
  try {
    await target.query(`delete from ${quoted(table.name)} as t where ${isAnyOf(table, key)}`, [ids])
    await target.query('commit')
  } catch (error) {
    await target.query('rollback')
    throw error
  }
}

/** In the column's own type, so that its index serves. */
function isAnyOf({ types }: SharedTable, column: string): string {
  return `t.${quoted(column)} = any ($1::text[]::${types[column]}[])`
}

function isSame(one: Row, other: Row): boolean {
  return Object.keys(one).every(column => JSON.stringify(one[column]) === JSON.stringify(other[column]))
}

function chunksOf<T>(all: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(all.length / most) }, (_, index) => all.slice(index * most, (index + 1) * most))
}
