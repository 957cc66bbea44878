import { rmSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import pg, { type ClientConfig } from 'pg'
import { withAdmin } from './base-backups.ts'
import type { Shelf } from './catalogue.ts'
import type { Target } from './plans.ts'
import { parseLsn } from './positions.ts'
import { type Recovery, recoverAside } from './recoveries.ts'
import type { RunProgress } from './runs.ts'
import { findReceiverState } from './wal-files.ts'

export type DrillOptions = {
  shelf: Shelf
  systemIdentifier: string
  /** The server itself and its database, to hold the copy against; without it the copy is only looked at. */
  source?: ClientConfig
  into: string
  installation?: string
  /** For how long WAL up to the moment that is compared may take to come in, in seconds. */
  patience?: number
  onProgress?: (progress: RunProgress) => void
}

/** What a restore drill found. `compared` counts tables whose rows were held against those of the server at the same moment. */
export type Drill = {
  recovery: Recovery
  milliseconds: number
  indexes: number
  tables: number
  rows: number
  compared: number
  notCompared: string | null
  faults: string[]
}

/**
 * The restore drill (GG-20): recovers the copy aside, lets amcheck look at every B-tree and every table, reads every table,
 * and holds the rows against those that the server had at that very moment. The copy is removed.
 */
export async function runDrill(options: DrillOptions): Promise<Drill> {
  const { shelf, systemIdentifier, source, into, installation, onProgress = () => {} } = options
  const began = performance.now()
  onProgress({ step: 'Counting the rows of the server' })
  const moment = source ? await holdMoment(options, source) : { why: 'the server itself was not asked' }
  const target: Target = 'point' in moment ? { restorePoint: moment.point } : { latest: true }
  const copy = await recoverAside({
    ...{ shelf, systemIdentifier, target, into, durable: false },
    ...(installation !== undefined && { installation }),
    onProgress: ({ bytes, expectedBytes }) => onProgress({ step: 'Laying the copy out', bytes, expectedBytes }),
  }).catch(error => {
    rmSync(into, { recursive: true, force: true })
    throw error
  })
  try {
    const faults: string[] = []
    let [indexes, tables, rows, compared] = [0, 0, 0, 0]
    for (const database of await listDatabases(copy.adminConfig('template1'))) {
      await withAdmin(copy.adminConfig(database), async client => {
        onProgress({ step: `Looking at the indexes and rows of ${database}` })
        indexes += await checkStructure(client, database, faults)
        const found = await countRows(client)
        tables += found.size
        for (const [table, { count, hash }] of found) {
          rows += count
          const expected = 'counts' in moment && moment.database === database ? moment.counts.get(table) : undefined
          if (!expected) continue
          compared++
          if (expected.count !== count)
            faults.push(`The table ${table} has ${count} rows, and the server had ${expected.count}`)
          // One that has grown past what is compared meanwhile has no hash on one side.
          else if (hash !== null && expected.hash !== null && expected.hash !== hash)
            faults.push(`The table ${table} has as many rows as the server (${count}), and not the same`)
        }
        if ('counts' in moment && moment.database === database) {
          for (const table of moment.counts.keys()) if (!found.has(table)) faults.push(`The table ${table} is missing`)
        }
      })
    }
    const milliseconds = Math.round(performance.now() - began)
    const notCompared = 'why' in moment ? moment.why : null
    return { recovery: copy.recovery, milliseconds, indexes, tables, rows, compared, notCompared, faults }
  } finally {
    await copy.stop()
    rmSync(into, { recursive: true, force: true })
  }
}

type Counts = Map<string, { count: number; hash: string | null }>
type Moment = { point: string; database: string; counts: Counts } | { why: string }

/** A restore point, and the rows that there were at it: found where nothing was committed around it. */
async function holdMoment(options: DrillOptions, source: ClientConfig): Promise<Moment> {
  const point = `commonhold_drill_${Date.now()}`
  const archive = { ...options.shelf, systemIdentifier: options.systemIdentifier }
  if (!findReceiverState(archive)) return { why: 'no WAL is received' }
  try {
    return await withAdmin(source, async reader =>
      withAdmin(source, async writer => {
        const quiet = await findQuietMoment(reader, writer, point)
        if (!quiet) return { why: 'the server was never at rest' }
        const counts = await countRows(reader)
        await reader.query('commit')
        const { rows } = await reader.query('select current_database() as name')
        if (!(await isReceived(archive, quiet.lsn, options.patience ?? 30)))
          return { why: 'WAL up to now did not come in' }
        return { point: quiet.name, database: rows[0].name as string, counts }
      }),
    )
  } catch (error) {
    if (!(error instanceof pg.DatabaseError)) throw error
    return { why: error.message }
  }
}

async function findQuietMoment(reader: pg.Client, writer: pg.Client, point: string) {
  const snapshot = 'select pg_current_snapshot()::text as snapshot'
  for (let tries = 0; tries < 200; tries++) {
    await reader.query('begin isolation level repeatable read, read only')
    const before = (await reader.query(snapshot)).rows[0].snapshot
    if ((await writer.query(snapshot)).rows[0].snapshot === before) {
      const name = `${point}_${tries}`
      const { rows } = await writer.query('select pg_create_restore_point($1)::text as lsn', [name])
      if (await isAtRest(writer, before)) return { name, lsn: rows[0].lsn as string }
    }
    await reader.query('rollback')
    await sleep(20)
  }
  return undefined
}

/**
 * Nothing has ended since the snapshot, and nobody may be about to: who commits is written down as done before others see it, and
 * would be in the copy already.
 */
async function isAtRest(client: pg.Client, snapshot: string): Promise<boolean> {
  const { rows } = await client.query(
    `select
      not exists (
        select
        from pg_stat_activity
        where backend_xid is not null
          and state not like 'idle in transaction%'
          and backend_type <> 'autovacuum worker'
          and pid <> pg_backend_pid()
      ) as "isIdle"`,
  )
  return (
    rows[0].isIdle &&
    (await client.query('select pg_current_snapshot()::text as snapshot')).rows[0].snapshot === snapshot
  )
}

async function isReceived(
  archive: Shelf & { systemIdentifier: string },
  lsn: string,
  patience: number,
): Promise<boolean> {
  const deadline = Date.now() + patience * 1000
  for (;;) {
    const state = findReceiverState(archive)
    if (state && parseLsn(state.lsn) >= parseLsn(lsn)) return true
    if (Date.now() > deadline) return false
    await sleep(250)
  }
}

async function listDatabases(config: ClientConfig): Promise<string[]> {
  return await withAdmin(config, async client => {
    const { rows } = await client.query('select datname from pg_database where datallowconn order by datname')
    return rows.map(row => row.datname as string)
  })
}

/** What larger ones hold is not compared, with the server or with their indexes: it would take too long. */
const mostCompared = 256 * 2 ** 20

async function checkStructure(client: pg.Client, database: string, faults: string[]): Promise<number> {
  const { rows: available } = await client.query("select from pg_available_extensions where name = 'amcheck'")
  if (available.length === 0) return 0
  await client.query('create extension if not exists amcheck')
  const { rows: indexes } = await client.query(
    `select c.oid, c.oid::regclass::text as name, pg_relation_size(c.oid) <= $1 as "isSmall"
    from pg_index i
    join pg_class c on c.oid = i.indexrelid
    join pg_am a on a.oid = c.relam
    where a.amname = 'btree'
      and c.relkind = 'i'
      and c.relpersistence = 'p'
      and i.indisvalid
      and i.indisready`,
    [mostCompared],
  )
  for (const { oid, name, isSmall } of indexes) {
    await client.query('select bt_index_check($1::regclass, $2)', [oid, isSmall]).catch((error: Error) => {
      faults.push(`The index ${name} of ${database} is broken: ${error.message}`)
    })
  }
  const { rows: tables } = await client.query(`
    select c.oid, c.oid::regclass::text as name
    from pg_class c
    join pg_am a on a.oid = c.relam
    where a.amname = 'heap'
      and c.relkind in ('r', 'm')
      and c.relpersistence = 'p'`)
  for (const { oid, name } of tables) {
    const told = await client
      .query('select count(*)::int as count, min(msg) as first from verify_heapam($1::regclass)', [oid])
      .then(({ rows }) => rows[0] as { count: number; first: string | null })
      .catch((error: Error) => ({ count: 1, first: error.message }))
    if (told.count > 0)
      faults.push(
        `The table ${name} of ${database} is broken in ${told.count} ${told.count === 1 ? 'place' : 'places'}: ${told.first}`,
      )
  }
  return indexes.length
}

/** Settings on which it depends how a value is written; those of the copy are not those of the server. */
const writing = `
  set timezone = 'UTC';
  set datestyle = 'ISO, MDY';
  set intervalstyle = 'postgres';
  set extra_float_digits = 1;
  set bytea_output = 'hex';
  set lc_monetary = 'C';
  set search_path = ''`

/** Tables up to 256 MB by the content of their rows, larger ones by their number. */
async function countRows(client: pg.Client): Promise<Counts> {
  await client.query(writing)
  const { rows } = await client.query(
    `select format('%I.%I', n.nspname, c.relname) as name, pg_relation_size(c.oid) <= $1 as "isSmall"
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    where c.relkind = 'r'
      and c.relpersistence = 'p'
      and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')
    order by 1`,
    [mostCompared],
  )
  const counts: Counts = new Map()
  for (const { name, isSmall } of rows as { name: string; isSmall: boolean }[]) {
    const hash = isSmall ? 'sum(hashtextextended(t::text, 0)::numeric)::text' : 'null::text'
    const { rows: found } = await client.query(`select count(*)::float8 as count, ${hash} as hash from only ${name} t`)
    counts.set(name, found[0])
  }
  return counts
}
