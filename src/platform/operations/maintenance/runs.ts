import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { type Static, Type } from 'typebox'
import { type App, mainApp } from '#platform/app.ts'
import { json, type Queryable, type Statements, sql, statementsOf } from '#platform/database'
import { nullable, oneOf, timestamp, uuid } from '#platform/http'
import { asAdministrator, prepareSession } from '../administration.ts'
import { errors } from '../errors.ts'
import { sizeOf } from '../health/namespaces.ts'
import { findBusiness } from './business.ts'
import { findLeaseHolder, type Lease, takeLease } from './leases.ts'
import { findTask, type Step, type Task, tasks } from './tasks.ts'

export const runStatuses = ['running', 'done', 'failed', 'skipped'] as const

export const MaintenanceRun = Type.Object({
  id: uuid,
  task: Type.String(),
  databaseName: nullable(Type.String({ description: 'Of tenants, beside the main one: null for that' })),
  status: oneOf(runStatuses),
  startedAt: timestamp,
  endedAt: nullable(timestamp),
  reason: nullable(Type.String({ description: 'Why it was skipped, or has failed' })),
  tries: Type.Integer({ description: 'How often it was skipped in a row' }),
  bytesBefore: nullable(Type.Integer()),
  bytesAfter: nullable(Type.Integer()),
  deadRowsBefore: nullable(Type.Integer()),
  deadRowsAfter: nullable(Type.Integer()),
  steps: Type.Array(
    Type.Object({
      name: Type.String(),
      did: Type.String(),
      milliseconds: Type.Integer(),
      bytesBefore: Type.Integer(),
      bytesAfter: Type.Integer(),
      failure: nullable(Type.String()),
    }),
  ),
})
export type MaintenanceRun = Static<typeof MaintenanceRun>

const runColumns = sql`
  id, task, database_name, status, started_at, ended_at, reason, tries, bytes_before, bytes_after, dead_rows_before,
  dead_rows_after, steps`

/** The one of all maintenance: never two tasks at once, on whatever server. */
const leaseName = 'maintenance'
const leaseSeconds = 120

/** A whole VACUUM of a large table may take its time; one that hangs ends. */
const longestStatement = 4 * 3_600_000

export type MaintainOptions = {
  requestedBy?: string
  /** Also while the database has much to do. */
  evenIfBusy?: boolean
  progress?: (line: string) => void
}

/**
 * PE-10: does one task on the main database, and on those that tenants have of their own. Refuses what there is not, and
 * (`operations.maintenance_busy`) while another one is under way on any server. Skipped, with the reason, while a database
 * has much to do. A table that fails keeps no other from its turn.
 */
export async function runMaintenance(
  given: App,
  name: string,
  options: MaintainOptions = {},
): Promise<MaintenanceRun[]> {
  const app = mainApp(given)
  const task = findTask(name)
  if (!task) throw errors.taskUnknown({ task: name, tasks: tasks.map(each => each.name).join(', ') })
  return await holdingLease(app, lease => runEverywhere(app, task, lease, options))
}

/** Does what is due: called by the clock, so that what was skipped is tried again, and what was missed is caught up. */
export async function runDueMaintenance(given: App): Promise<MaintenanceRun[]> {
  const app = mainApp(given)
  const due = await listDueTasks(app)
  if (due.length === 0) return []
  const runs: MaintenanceRun[] = []
  await holdingLease(app, async lease => {
    for (const task of due) runs.push(...(await runEverywhere(app, task, lease, {})))
  })
  return runs
}

async function listDueTasks(app: App): Promise<Task[]> {
  const now = app.clock.now()
  const done = await app.db.scoped(system).run(sql<{ task: string; at: Date }>`
    select task, max(started_at) as at
    from operations.maintenance_runs
    where status in ('done', 'failed')
      and database_name is null
    group by task`)
  return tasks.filter(({ name, lastDue }) => {
    const last = done.find(({ task }) => task === name)
    return !last || last.at < lastDue(now)
  })
}

const system = { system: true } as const

async function holdingLease<T>(app: App, work: (lease: Lease) => Promise<T>): Promise<T> {
  const own = app.db.scoped(system)
  const lease = await takeLease(own, leaseName, leaseSeconds)
  if (!lease) {
    const holder = (await findLeaseHolder(own, leaseName)) ?? 'another server'
    throw errors.maintenanceBusy({ holder })
  }
  // Who died in the middle of one has left it so.
  await own.run(sql`
    update operations.maintenance_runs
    set status = 'failed', ended_at = now(), reason = 'the program that did it ended in the middle'
    where status = 'running'
      and task = any(${tasks.map(({ name }) => name)})`)
  const ended = new AbortController()
  const renewing = (async () => {
    while (!ended.signal.aborted) {
      await sleep((leaseSeconds * 1000) / 4, undefined, { signal: ended.signal, ref: false }).catch(() => {})
      if (!ended.signal.aborted) await lease.renew().catch(() => {})
    }
  })()
  try {
    return await work(lease)
  } finally {
    ended.abort()
    await renewing
    await lease.release()
  }
}

async function runEverywhere(app: App, task: Task, lease: Lease, options: MaintainOptions): Promise<MaintenanceRun[]> {
  const session = { name: 'commonhold operations', statementTimeout: longestStatement, lockTimeout: 5_000 }
  const runs = [await asAdministrator(app, tx => runOnce(app, task, { tx, database: null, lease, options }), session)]
  const { placements } = app
  for (const { id, name } of (await placements?.list()) ?? []) {
    const admin = (await placements?.adminOf(id)) as pg.ClientConfig
    const client = new pg.Client({ ...admin, connectionTimeoutMillis: 3_000 })
    client.on('error', () => {})
    try {
      await client.connect()
      await prepareSession(client, session)
      runs.push(await runOnce(app, task, { tx: statementsOf(client), database: name, lease, options }))
    } catch (error) {
      runs.push(await writeOutcome(app, task, name, 'failed', (error as Error).message))
    } finally {
      await client.end().catch(() => {})
    }
  }
  return runs
}

type Place = { tx: Statements; database: string | null; lease: Lease; options: MaintainOptions }

async function runOnce(app: App, task: Task, { tx, database, lease, options }: Place): Promise<MaintenanceRun> {
  const { requestedBy, evenIfBusy, progress } = options
  const own = app.db.scoped(system)
  const reason = evenIfBusy ? undefined : await findBusiness(tx)
  if (reason) return await skip(own, task, database, reason)
  const before = await weigh(tx)
  const { id } = await own.one(sql<{ id: string }>`
    insert into operations.maintenance_runs (task, database_name, requested_by, bytes_before, dead_rows_before)
    values (${task.name}, ${database}, ${requestedBy ?? null}, ${before.bytes}, ${before.deadRows})
    returning id`)
  const steps: Step[] = []
  let failure: string | undefined
  try {
    await tx.run(sql`select set_config('vacuum_cost_delay', '1', false)`)
    for (const { name, did, statement } of await task.find(tx)) {
      if (!(await lease.renew())) throw new Error('another server has taken maintenance over')
      progress?.(`${did} ${name}`)
      steps.push(await take(tx, name, did, statement))
    }
  } catch (error) {
    failure = (error as Error).message
  }
  const failed = steps.filter(step => step.failure !== null)
  failure ??=
    failed.length > 0
      ? `${failed.length} of ${steps.length} failed, such as ${failed[0]?.name}: ${failed[0]?.failure}`
      : undefined
  const after = await weigh(tx).catch(() => ({ bytes: null, deadRows: null }))
  return await own.one(sql<MaintenanceRun>`
    update operations.maintenance_runs
    set
      status = ${failure === undefined ? 'done' : 'failed'},
      ended_at = clock_timestamp(),
      reason = ${failure?.slice(0, 1_000) ?? null},
      bytes_after = ${after.bytes},
      dead_rows_after = ${after.deadRows},
      steps = ${json(steps)}
    where id = ${id}
    returning ${runColumns}`)
}

/** One row says how often in a row it was skipped. */
async function skip(own: Queryable, task: Task, database: string | null, reason: string): Promise<MaintenanceRun> {
  const again = await own.maybe(sql<MaintenanceRun>`
    update operations.maintenance_runs
    set tries = tries + 1, ended_at = now(), reason = ${reason}
    where id = (
      select id
      from operations.maintenance_runs
      where task = ${task.name}
        and database_name is not distinct from ${database}
      order by started_at desc
      limit 1
    )
      and status = 'skipped'
    returning ${runColumns}`)
  return (
    again ??
    (await own.one(sql<MaintenanceRun>`
      insert into operations.maintenance_runs (task, database_name, status, ended_at, reason)
      values (${task.name}, ${database}, 'skipped', now(), ${reason})
      returning ${runColumns}`))
  )
}

function writeOutcome(
  app: App,
  task: Task,
  database: string,
  status: 'failed',
  reason: string,
): Promise<MaintenanceRun> {
  return app.db.scoped(system).one(sql<MaintenanceRun>`
    insert into operations.maintenance_runs (task, database_name, status, ended_at, reason)
    values (${task.name}, ${database}, ${status}, now(), ${reason.slice(0, 1_000)})
    returning ${runColumns}`)
}

/** Names come from the catalog, quoted by it. */
async function take(tx: Statements, name: string, did: string, statement: string): Promise<Step> {
  const size = async () => {
    const known = await tx.maybe(sql<{ bytes: number }>`
      select ${sizeOf('pg_relation_size', 'c.oid')} as bytes
      from pg_class c
      where c.oid = to_regclass(${name})`)
    return known?.bytes ?? 0
  }
  const bytesBefore = await size()
  const began = performance.now()
  let failure: string | null = null
  try {
    await tx.run(sql.raw(statement))
  } catch (error) {
    failure = (error as Error).message
    // What a REINDEX that failed leaves behind is in the way of the next.
    if (statement.startsWith('reindex')) await dropLeftovers(tx, name)
  }
  const milliseconds = Math.round(performance.now() - began)
  return { name, did, milliseconds, bytesBefore, bytesAfter: await size(), failure }
}

async function dropLeftovers(tx: Statements, index: string): Promise<void> {
  const rows = await tx.run(sql<{ name: string }>`
    select c.oid::regclass::text as name
    from pg_index i
    join pg_class c on c.oid = i.indexrelid
    where not i.indisvalid
      and c.relname ~ '_ccnew[0-9]*$'
      and i.indrelid = (select indrelid from pg_index where indexrelid = to_regclass(${index}))`)
  for (const { name } of rows) await tx.run(sql.raw(`drop index concurrently if exists ${name}`)).catch(() => {})
}

async function weigh(tx: Statements): Promise<{ bytes: number | null; deadRows: number | null }> {
  return await tx.one(sql<{ bytes: number; deadRows: number }>`
    select
      pg_database_size(current_database()) as bytes,
      (select coalesce(sum(n_dead_tup), 0) from pg_stat_user_tables)::bigint as dead_rows`)
}

/** What a module does by the clock itself, with a record beside the others': a materialised view that it refreshes, say. */
export async function recordMaintenance<T>(given: App, task: string, work: () => Promise<T>): Promise<T> {
  const own = mainApp(given).db.scoped(system)
  const { id } = await own.one(sql<{ id: string }>`
    insert into operations.maintenance_runs (task)
    values (${task})
    returning id`)
  const end = (status: 'done' | 'failed', reason: string | null) =>
    own.run(sql`
      update operations.maintenance_runs
      set status = ${status}, ended_at = clock_timestamp(), reason = ${reason}
      where id = ${id}`)
  try {
    const result = await work()
    await end('done', null)
    return result
  } catch (error) {
    await end('failed', (error as Error).message.slice(0, 1_000))
    throw error
  }
}

/** The newest first. `own` in the system scope. */
export async function listMaintenanceRuns(own: Queryable, limit: number, task?: string): Promise<MaintenanceRun[]> {
  return await own.run(sql<MaintenanceRun>`
    select ${runColumns}
    from operations.maintenance_runs
    where ${task === undefined ? sql`true` : sql`task = ${task}`}
    order by started_at desc, id
    limit ${limit}`)
}

/** The last run of each task, of those that modules do too. */
export async function listLastRuns(own: Queryable): Promise<MaintenanceRun[]> {
  return await own.run(sql<MaintenanceRun>`
    select distinct on (task, database_name) ${runColumns}
    from operations.maintenance_runs
    order by task, database_name nulls first, started_at desc`)
}

/** Days for which runs are kept. */
export const keptDays = 400

export async function removeOldRuns(own: Queryable): Promise<void> {
  await own.run(sql`
    delete from operations.maintenance_runs
    where started_at < now() - ${keptDays} * interval '1 day'`)
  // Those of every hour fill pages and tell nothing after a month.
  await own.run(sql`
    delete from operations.maintenance_runs
    where started_at < now() - interval '30 days'
      and status = 'done'
      and not task = any(${tasks.map(({ name }) => name)})`)
}
