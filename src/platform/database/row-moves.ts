import { pipeline } from 'node:stream/promises'
import pg from 'pg'
import { from as copyFrom, to as copyTo } from 'pg-copy-streams'
import { errorTable } from '#platform/errors.ts'
import { columnList, quoted, readTenantTables, type TenantTable } from './tenant-tables.ts'

const errors = errorTable('database', {
  moveNotAllowed: ['forbidden', 'The login {login} may not move tenants: it has to be a superuser, or have bypassrls.'],
})

/** An administrator's connection that is bound by no row security, in a database that rows of a tenant leave or reach. */
export type Side = pg.Client

/** Count and order-independent hash of a tenant's rows in one table. */
export type Digest = { rows: number; hash: string }

/**
 * Changed rows by their table, as they were when they were read; a key without a row is gone. Rows are texts of JSON:
 * numbers read here would lose what a float does not hold.
 */
export type Changes = { ids: string[]; tables: Map<string, { keys: Row[]; rows: string[]; digest: Digest }> }

type Row = Readonly<Record<string, unknown>>

const triggers = { note_move_insert: 'insert', note_move_update: 'update', note_move_delete: 'delete' } as const

/** A trigger of the same tables: who writes waits for his turn before he locks rows. */
const turn = 'await_move_turn'

/** Connects such that both sides write values alike, nothing ends a long statement, and copies fire no triggers. */
export async function connectSide(admin: pg.ClientConfig): Promise<Side> {
  const client = new pg.Client({ application_name: 'commonhold move', connectionTimeoutMillis: 5_000, ...admin })
  client.on('error', () => {})
  await client.connect()
  await client.query(`
    set statement_timeout = 0;
    set idle_in_transaction_session_timeout = 0;
    set timezone = 'UTC';
    set datestyle = 'ISO, YMD';
    set intervalstyle = 'iso_8601';
    set bytea_output = 'hex';
    set extra_float_digits = 1;
    set jit = off`)
  // Not row_security = off: functions that act for the tables' owner would be refused.
  const { rows } = await client.query(
    'select rolsuper or rolbypassrls as "seesAll" from pg_roles where rolname = current_user',
  )
  if (!rows[0]?.seesAll) {
    await client.end()
    throw errors.moveNotAllowed({ login: admin.user })
  }
  return client
}

/**
 * Takes the right to move a tenant to the end of the transaction that `holder` is in; false where another has it. A lock
 * without a row: the rows that tell of the move are written beside it, and it goes with the connection of who dies.
 */
export async function holdMove(holder: Side, tenantId: string): Promise<boolean> {
  const { rows } = await holder.query(
    `select pg_try_advisory_xact_lock(hashtext('commonhold move'), hashtext($1)) as held`,
    [tenantId],
  )
  return rows[0].held
}

/** As a replica: neither audit nor keys nor marks of time, for what is written is what was there. */
export async function asReplica<T>(side: pg.ClientBase, work: () => Promise<T>): Promise<T> {
  await side.query('begin; set local session_replication_role = replica')
  try {
    const result = await work()
    await side.query('commit')
    return result
  } catch (error) {
    await side.query('rollback').catch(() => {})
    throw error
  }
}

/**
 * From now on the keys of the tenant's written rows are noted. Waits for those who write to the tables at this moment;
 * gives up after a second, for behind it all tenants' writers wait, and then tries again.
 */
export async function beginNoting(
  source: Side,
  tables: readonly Pick<TenantTable, 'name' | 'key'>[],
  tenantId: string,
): Promise<void> {
  await patiently(source, async () => {
    await sendAll(
      source,
      tables.map(({ name }) => `lock table ${quoted(name)} in share row exclusive mode`),
    )
    const { rows } = await source.query<{ place: number; names: string[] }>(
      `select place::integer, array_agg(tgname::text) as names
      from unnest($1::regclass[]) with ordinality as locked (id, place)
      join pg_trigger on tgrelid = locked.id
      group by place`,
      [tables.map(({ name }) => quoted(name))],
    )
    const known = new Map(rows.map(({ place, names }) => [place, new Set(names)]))
    const made = tables.flatMap(({ name, key }, index) => {
      const notes = Object.entries(triggers).map(([trigger, operation]) => {
        const sides = [
          operation !== 'insert' && 'old table as old_rows',
          operation !== 'delete' && 'new table as new_rows',
        ]
        const statement = `create trigger ${trigger} after ${operation} on ${quoted(name)}
          referencing ${sides.filter(Boolean).join(' ')}
          for each statement execute function platform.note_move_changes(
            ${pg.escapeLiteral(name)}, ${pg.escapeLiteral(`{${key.join(',')}}`)}
          )`
        return [trigger, statement] as const
      })
      const waits = `create trigger ${turn} before insert or update or delete on ${quoted(name)}
        for each statement execute function platform.await_move_turn()`
      return [[turn, waits] as const, ...notes].flatMap(([trigger, statement]) =>
        known.get(index + 1)?.has(trigger) ? [] : [statement],
      )
    })
    await sendAll(source, made)
    await source.query(
      `insert into platform.moving_tenants (tenant_id) values ($1)
      on conflict (tenant_id) do update set state = 'open', paused_until = null`,
      [tenantId],
    )
  })
}

/** Notes nothing of this tenant any more, and of none where it was the last; what was noted is forgotten. */
export async function endNoting(side: pg.ClientBase, tenantId: string): Promise<void> {
  await side.query('delete from platform.moving_tenants where tenant_id = $1', [tenantId])
  await side.query('delete from platform.move_changes where tenant_id = $1', [tenantId])
  const { rows: left } = await side.query<{ name: string; table: string }>(`
    select tgname as name, tgrelid::regclass::text as table
    from pg_trigger
    where tgfoid in ('platform.note_move_changes'::regproc, 'platform.await_move_turn'::regproc)
      and not exists (select from platform.moving_tenants)`)
  // A table at a time: each is a transaction, for whose end a durable server waits for its disk.
  for (const [table, triggers] of Map.groupBy(left, each => each.table)) {
    const dropped = triggers.map(({ name }) => `drop trigger if exists ${quoted(name)} on ${table}`)
    await patiently(side, () => sendAll(side, dropped))
  }
}

/** In one round trip. */
async function sendAll(side: pg.ClientBase, statements: readonly string[]): Promise<void> {
  if (statements.length > 0) await side.query(statements.join(';\n'))
}

/**
 * Refuses writes of the tenant for at most `milliseconds`, once all that are under way have ended; false where they do
 * not end in time. The pause ends by itself: who dies in it harms nobody.
 */
export async function pause(source: Side, tenantId: string, milliseconds: number): Promise<boolean> {
  await source.query('begin; set local lock_timeout = 2000')
  try {
    await source.query(`select from platform.moving_tenants where tenant_id = $1 for update`, [tenantId])
    await source.query(
      `update platform.moving_tenants
      set state = 'paused', paused_until = clock_timestamp() + $2 * interval '1 millisecond'
      where tenant_id = $1`,
      [tenantId, milliseconds],
    )
    await source.query('commit')
    return true
  } catch (error) {
    await source.query('rollback')
    if (isLockTimeout(error)) return false
    throw error
  }
}

/** Ends a pause with writes allowed again. */
export async function resume(source: Side, tenantId: string): Promise<void> {
  await source.query(
    `update platform.moving_tenants set state = 'open', paused_until = null where tenant_id = $1 and state = 'paused'`,
    [tenantId],
  )
}

/** Ends a pause with the rows here an old copy. False where the pause has ended before, or nearly. */
export async function leave(source: Side, tenantId: string): Promise<boolean> {
  const { rowCount } = await source.query(
    `update platform.moving_tenants
    set state = 'gone', paused_until = null
    where tenant_id = $1
      and (state = 'gone' or (state = 'paused' and paused_until > clock_timestamp() + interval '500 milliseconds'))`,
    [tenantId],
  )
  return rowCount === 1
}

/** Copies all of a tenant's rows of one table, in place of what is there of them. Returns how many. */
export async function copyTable(
  source: Side,
  target: Side,
  table: TenantTable,
  tenantId: string,
  options: { signal?: AbortSignal } = {},
): Promise<number> {
  await removeRows(target, table, tenantId)
  if (table.isPartitioned) await makePartitions(source, target, table, tenantId)
  const columns = columnList(table.columns)
  return await asReplica(target, async () => {
    const rows = `select ${columns} from ${quoted(table.name)} where tenant_id = ${pg.escapeLiteral(tenantId)}`
    const reading = source.query(copyTo(`copy (${rows}) to stdout`))
    const writing = target.query(copyFrom(`copy ${quoted(table.name)} (${columns}) from stdin`))
    await pipeline(reading, writing, options.signal ? { signal: options.signal } : {})
    return writing.rowCount ?? 0
  })
}

/**
 * Adds the tenant's rows of a log to those at the target, where some of them may be already; nothing is taken away
 * anywhere. With `since` only rows that were made after it (of the column by which the log is partitioned).
 */
export async function appendLog(
  source: Side,
  target: Side,
  log: string,
  tenantId: string,
  since?: Date,
): Promise<void> {
  const { rows } = await source.query<{ columns: string[]; time: string }>(
    `select
      (select array_agg(attname::text order by attnum) from pg_attribute
        where attrelid = p.partrelid and attnum > 0 and not attisdropped and attgenerated = ''
          and not exists (
            -- The numbers of transactions are each server's own: there a row is new.
            select from pg_attrdef
            where adrelid = attrelid and adnum = attnum and pg_get_expr(adbin, adrelid) ~ 'txid_current|pg_current_xact_id'
          )) as columns,
      a.attname as time
    from pg_partitioned_table as p
    join pg_attribute as a on a.attrelid = p.partrelid and a.attnum = p.partattrs[0]
    where p.partrelid = $1::regclass`,
    [log],
  )
  const { columns, time } = rows[0] as { columns: string[]; time: string }
  const later = since ? ` and ${quoted(time)} > ${pg.escapeLiteral(since.toISOString())}` : ''
  const condition = `tenant_id = ${pg.escapeLiteral(tenantId)}${later}`
  const { rows: months } = await source.query(
    `select distinct date_trunc('month', ${quoted(time)}) as month from ${quoted(log)} where ${condition}`,
  )
  for (const { month } of months) {
    await target.query('select platform.make_month_partitions($1::regclass, $2::timestamptz, 0)', [log, month])
  }
  await target.query(`begin; create temporary table moved_log (like ${quoted(log)}) on commit drop`)
  try {
    const reading = source.query(
      copyTo(`copy (select ${columnList(columns)} from ${quoted(log)} where ${condition}) to stdout`),
    )
    await pipeline(reading, target.query(copyFrom(`copy moved_log (${columnList(columns)}) from stdin`)))
    await target.query(
      `insert into ${quoted(log)} (${columnList(columns)}) overriding system value
      select ${columnList(columns)} from moved_log
      on conflict do nothing`,
    )
    await target.query('commit')
  } catch (error) {
    await target.query('rollback')
    throw error
  }
}

/** Removes a tenant's rows of one table, in portions; returns how many. */
export async function removeRows(side: pg.ClientBase, table: TenantTable, tenantId: string): Promise<number> {
  let removed = 0
  for (;;) {
    const { rowCount } = await asReplica(side, () =>
      side.query(
        `delete from ${quoted(table.name)}
        where (tableoid, ctid) in (select tableoid, ctid from ${quoted(table.name)} where tenant_id = $1 limit 50000)`,
        [tenantId],
      ),
    )
    removed += rowCount ?? 0
    if (!rowCount) return removed
  }
}

/** How many rows a tenant has of its own in a database of tenants, by table. */
export async function countTenantRows(
  side: pg.ClientBase,
  schemas: readonly string[],
  tenantId: string,
): Promise<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const { name } of (await readTenantTables(side, schemas)).tables) {
    const { rows } = await side.query<{ count: number }>(
      `select count(*)::integer as count from ${quoted(name)} where tenant_id = $1`,
      [tenantId],
    )
    counts[name] = rows[0]?.count ?? 0
  }
  return counts
}

/**
 * Removes all that bears the tenant's id in a database of tenants, audit entries aside, and what was copied there for it:
 * its own row, and people whom nothing there names any more. Returns how many rows of its own went.
 * `copied` names the tables of tenants and of people.
 */
export async function removeTenantRows(
  side: pg.ClientBase,
  schemas: readonly string[],
  copied: { tenants: string; people: string },
  tenantId: string,
): Promise<number> {
  await endNoting(side, tenantId)
  const { tables } = await readTenantTables(side, schemas)
  let removed = 0
  for (const table of tables.toReversed()) removed += await removeRows(side, table, tenantId)
  const own = new Set(tables.map(({ name }) => name))
  const { rows: bearing } = await side.query<{ name: string }>(`
    select n.nspname || '.' || c.relname as name
    from pg_class as c
    join pg_namespace as n on n.oid = c.relnamespace
    join pg_attribute as a on a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped
    where c.relkind in ('r', 'p')
      and not c.relispartition
      and n.nspname !~ '^pg_|^information_schema$|^audit$'`)
  const { rows: naming } = await side.query<{ name: string; column: string }>(
    `
    select n.nspname || '.' || c.relname as name, a.attname as column
    from pg_constraint as k
    join pg_class as c on c.oid = k.conrelid
    join pg_namespace as n on n.oid = c.relnamespace
    join pg_attribute as a on a.attrelid = c.oid and a.attnum = k.conkey[1]
    where k.contype = 'f'
      and k.conparentid = 0
      and k.confrelid = $1::regclass
      and cardinality(k.conkey) = 1`,
    [copied.people],
  )
  await asReplica(side, async () => {
    for (const { name } of bearing.filter(({ name }) => !own.has(name))) {
      await side.query(`delete from ${quoted(name)} where tenant_id = $1`, [tenantId])
    }
    await side.query(`delete from ${quoted(copied.tenants)} where id = $1`, [tenantId])
    const unnamed = naming.map(
      ({ name, column }) =>
        `not exists (select from ${quoted(name)} as named where named.${quoted(column)} = person.id)`,
    )
    await side.query(`delete from ${quoted(copied.people)} as person where ${unnamed.join(' and ')}`)
  })
  return removed
}

/** What is noted now, with the rows as they are in the same moment. `source` is in a transaction with one snapshot. */
export async function readChanges(source: Side, tables: readonly TenantTable[], tenantId: string): Promise<Changes> {
  const { rows: noted } = await source.query<{ id: string; table: string; key: Row }>(
    `select id, table_name as table, key from platform.move_changes where tenant_id = $1`,
    [tenantId],
  )
  const changes: Changes = { ids: noted.map(({ id }) => id), tables: new Map() }
  for (const table of tables) {
    const keys = new Map(
      noted
        .filter(change => change.table === table.name)
        .map(({ key }) => [JSON.stringify(table.key.map(column => key[column])), key]),
    )
    if (keys.size === 0) continue
    const { rows } = await source.query<{ row: string }>(
      `select to_jsonb(picked)::text as row
      from ${quoted(table.name)} as t
      join jsonb_populate_recordset(null::${quoted(table.name)}, $1) as k on ${table.key.map(column => `t.${quoted(column)} = k.${quoted(column)}`).join(' and ')}
      cross join lateral (select ${columnList(table.columns, 't')}) as picked`,
      [JSON.stringify([...keys.values()])],
    )
    changes.tables.set(table.name, {
      keys: [...keys.values()],
      rows: rows.map(({ row }) => row),
      digest: await digest(source, table, tenantId, [...keys.values()]),
    })
  }
  return changes
}

/** Makes the changed rows at the target what they are at the source; all in one transaction. */
export async function applyChanges(target: Side, tables: readonly TenantTable[], changes: Changes): Promise<void> {
  await asReplica(target, async () => {
    for (const table of tables) {
      const changed = changes.tables.get(table.name)
      if (!changed) continue
      await target.query(
        `delete from ${quoted(table.name)} as t
        using jsonb_populate_recordset(null::${quoted(table.name)}, $1) as k
        where ${table.key.map(column => `t.${quoted(column)} = k.${quoted(column)}`).join(' and ')}`,
        [JSON.stringify(changed.keys)],
      )
    }
    for (const table of tables) {
      const changed = changes.tables.get(table.name)
      if (!changed?.rows.length) continue
      const columns = columnList(table.columns)
      await target.query(
        `insert into ${quoted(table.name)} (${columns}) overriding system value
        select ${columns} from jsonb_populate_recordset(null::${quoted(table.name)}, $1)`,
        [`[${changed.rows.join()}]`],
      )
    }
  })
}

export async function forgetChanges(source: Side, tenantId: string, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return
  await source.query('delete from platform.move_changes where tenant_id = $1 and id = any ($2)', [tenantId, ids])
}

/** Count and hash of a tenant's rows; with `keys` of those rows alone. */
export async function digest(side: Side, table: TenantTable, tenantId: string, keys?: readonly Row[]): Promise<Digest> {
  const ofKeys = keys
    ? `join jsonb_populate_recordset(null::${quoted(table.name)}, $2) as k on ${table.key.map(column => `t.${quoted(column)} = k.${quoted(column)}`).join(' and ')}`
    : ''
  const { rows } = await side.query<Digest>(
    `select
      count(*)::integer as rows,
      coalesce(sum(('x' || left(md5(row(${columnList(table.columns, 't')})::text), 16))::bit(64)::bigint::numeric), 0)::text as hash
    from ${quoted(table.name)} as t
    ${ofKeys}
    where t.tenant_id = $1`,
    keys ? [tenantId, JSON.stringify(keys)] : [tenantId],
  )
  return rows[0] as Digest
}

/** Values that a tenant's rows have in columns that lead to shared rows, by the table and column that they lead to. */
export async function referredValues(
  source: Side,
  tables: readonly TenantTable[],
  tenantId: string,
): Promise<{ table: string; column: string; values: string[] }[]> {
  const found: { table: string; column: string; values: string[] }[] = []
  for (const { name, column, reference } of leadingOut(tables)) {
    const { rows } = await source.query<{ value: string }>(
      `select distinct ${quoted(column)}::text as value from ${quoted(name)} where tenant_id = $1 and ${quoted(column)} is not null`,
      [tenantId],
    )
    found.push({ ...reference, values: rows.map(({ value }) => value) })
  }
  return found
}

/** A sentence for each key of the tenant's rows that leads nowhere: copies are written without the database's own check. */
export async function findDangling(target: Side, tables: readonly TenantTable[], tenantId: string): Promise<string[]> {
  const faults: string[] = []
  for (const { name, references } of tables) {
    for (const { table, columns, referred } of references) {
      const { rows } = await target.query<{ count: number }>(
        `select count(*)::integer as count
        from ${quoted(name)} as t
        where t.tenant_id = $1
          and ${columns.map(column => `t.${quoted(column)} is not null`).join(' and ')}
          and not exists (
            select from ${quoted(table)} as p
            where ${columns.map((column, index) => `p.${quoted(referred[index] as string)} = t.${quoted(column)}`).join(' and ')}
          )`,
        [tenantId],
      )
      if (rows[0]?.count) faults.push(`${rows[0].count} rows of ${name} refer to rows of ${table} that are not there`)
    }
  }
  return faults
}

/** Columns of tenants' tables that lead to a shared row, `tenant_id` aside. */
export function leadingOut(tables: readonly TenantTable[]) {
  const ours = new Set(tables.map(({ name }) => name))
  return tables.flatMap(({ name, references }) =>
    references
      .filter(({ table, columns }) => !ours.has(table) && columns.length === 1 && columns[0] !== 'tenant_id')
      .map(({ table, columns, referred }) => ({
        name,
        column: columns[0] as string,
        reference: { table, column: referred[0] as string },
      })),
  )
}

async function makePartitions(source: Side, target: Side, { name }: TenantTable, tenantId: string): Promise<void> {
  const { rows: keys } = await source.query<{ column: string }>(
    `select a.attname as column
    from pg_partitioned_table as p
    join pg_attribute as a on a.attrelid = p.partrelid and a.attnum = p.partattrs[0]
    where p.partrelid = $1::regclass`,
    [name],
  )
  const column = quoted(keys[0]?.column ?? '')
  const { rows: months } = await source.query<{ month: Date }>(
    `select distinct date_trunc('month', ${column}) as month from ${quoted(name)} where tenant_id = $1`,
    [tenantId],
  )
  for (const { month } of months) {
    await target.query('select platform.make_month_partitions($1::regclass, $2::timestamptz, 0)', [name, month])
  }
}

async function patiently(side: pg.ClientBase, work: () => Promise<unknown>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    await side.query('begin; set local lock_timeout = 1000')
    try {
      await work()
      await side.query('commit')
      return
    } catch (error) {
      await side.query('rollback')
      if (!isLockTimeout(error) || attempt === 30) throw error
      await new Promise(resolve => setTimeout(resolve, 100 * attempt))
    }
  }
}

function isLockTimeout(error: unknown): boolean {
  return error instanceof pg.DatabaseError && (error.code === '55P03' || error.code === '40P01')
}
