import pg from 'pg'
import { quoted, type Side } from '#platform/database'
import type { PortableTable } from './contents.ts'
import type { Row } from './row-checks.ts'

const anyUuid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g

/**
 * By what ids the rows of an archive are known from now on. One old id has one new one in whatever table, column, list or JSON
 * it stands. Those of accounts and of shared rows are in memory, those of the tenant's own rows in a table that only this
 * connection sees.
 */
export class IdMap {
  private readonly side: Side
  /** Accounts, shared rows and the tenant. */
  readonly known = new Map<string, string>()
  /** Shared rows that this installation does not have, with the values by which they were looked for. */
  readonly missing = new Map<string, string>()
  private pending: string[] = []

  constructor(side: Side) {
    this.side = side
  }

  async begin(): Promise<void> {
    await this.side.query('create temporary table archive_ids (old uuid primary key, new uuid)')
  }

  /** Notes the row's own ids: those in its key that lead to no other table. */
  async note(table: PortableTable, row: Row): Promise<void> {
    for (const column of ownIdsOf(table)) this.pending.push(String(row[column]))
    if (this.pending.length >= 5_000) await this.flush()
  }

  async flush(): Promise<void> {
    await this.side.query(
      'insert into pg_temp.archive_ids (old) select distinct unnest($1::uuid[]) on conflict do nothing',
      [this.pending],
    )
    this.pending = []
  }

  /** Gives new ids in place of those that rows of this database have. Returns how many. */
  async renew(tables: Iterable<PortableTable>): Promise<number> {
    await this.side.query('analyze pg_temp.archive_ids')
    let renewed = 0
    for (const table of tables) {
      for (const column of ownIdsOf(table)) {
        const { rowCount } = await this.side.query(
          `update pg_temp.archive_ids as id
          set new = gen_random_uuid()
          where new is null and exists (select from ${quoted(table.name)} as t where t.${quoted(column)} = id.old)`,
        )
        renewed += rowCount ?? 0
      }
    }
    return renewed
  }

  /** The new id of each old one among these that belongs to the archive. */
  async lookUp(lines: readonly string[]): Promise<Map<string, string>> {
    const wanted = new Set<string>()
    const found = new Map<string, string>()
    for (const line of lines) {
      for (const [id] of line.matchAll(anyUuid)) {
        const known = this.known.get(id)
        if (known === undefined) wanted.add(id)
        else found.set(id, known)
      }
    }
    const { rows } = await this.side.query<{ old: string; new: string }>(
      'select old::text, coalesce(new, old)::text as new from pg_temp.archive_ids where old = any ($1::uuid[])',
      [[...wanted]],
    )
    for (const row of rows) found.set(row.old, row.new)
    return found
  }
}

/** The line with all ids of the archive as they are now, wherever in it they stand. */
export const renewIn = (line: string, ids: ReadonlyMap<string, string>): string =>
  line.replaceAll(anyUuid, id => ids.get(id) ?? id)

/** What a column leads to that the archive has not. */
export type Stray = { column: string; isMissingHere: boolean; reason: string }

/** A row may lead to what came with it, and to nothing else: not to whatever this database happens to have under an id. */
export function findStray(
  { spaces, name }: PortableTable,
  row: Row,
  ids: ReadonlyMap<string, string>,
  missing: ReadonlyMap<string, string>,
): Stray | undefined {
  for (const [column, space] of Object.entries(spaces)) {
    const id = row[column]
    if (typeof id !== 'string' || space === name || ids.has(id)) continue
    const key = missing.get(id)
    return key === undefined
      ? { column, isMissingHere: false, reason: `${column} names a row of ${space} that is not in the archive` }
      : { column, isMissingHere: true, reason: `${space} has no ${key} here` }
  }
  return undefined
}

const ownIdsOf = ({ key, spaces, name }: PortableTable): string[] => key.filter(column => spaces[column] === name)

/** Looks shared rows up by the first set of columns of which all have values. */
export async function findShared(
  side: Side,
  table: string,
  keys: readonly (readonly [string, ...string[]])[],
  wanted: readonly { id: string; key: Readonly<Record<string, string | null>> }[],
): Promise<{ found: Map<string, string>; missing: Map<string, string> }> {
  const found = new Map<string, string>()
  const missing = new Map<string, string>()
  const { rows: columns } = await side.query<{ name: string; type: string }>(
    `select attname::text as name, format_type(atttypid, atttypmod) as type
    from pg_attribute
    where attrelid = $1::regclass and attnum > 0 and not attisdropped`,
    [quoted(table)],
  )
  const typeOf = (name: string) => columns.find(column => column.name === name)?.type ?? 'text'
  for (const set of keys) {
    const rows = wanted.filter(
      ({ id, key }) => set.every(column => key[column] != null) && !found.has(id) && !missing.has(id),
    )
    if (rows.length === 0) continue
    const conditions = set.map(
      column => `t.${quoted(column)} = (r.value -> 'key' ->> ${pg.escapeLiteral(column)})::${typeOf(column)}`,
    )
    const { rows: matches } = await side.query<{ id: string; here: string }>(
      `select r.value ->> 'id' as id, t.id::text as here
      from jsonb_array_elements($1::jsonb) as r
      join ${quoted(table)} as t on ${conditions.join(' and ')}`,
      [JSON.stringify(rows)],
    )
    for (const { id, here } of matches) found.set(id, here)
    for (const { id, key } of rows.filter(row => !found.has(row.id)))
      missing.set(id, set.map(column => `${column} ${key[column]}`).join(', '))
  }
  for (const { id } of wanted) if (!found.has(id) && !missing.has(id)) missing.set(id, `row ${id}`)
  return { found, missing }
}
