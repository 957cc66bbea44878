import pg from 'pg'
import { type Static, Type } from 'typebox'
import { type App, appFor, mainApp } from '#platform/app.ts'
import { json, type Queryable, type Statements, sql, statementsOf } from '#platform/database'
import { nullable, oneOf, timestamp, uuid } from '#platform/http'
import { asAdministrator, prepareSession } from '../administration.ts'
import { errors } from '../errors.ts'
import { findLeaseHolder, type Lease, takeLease } from '../maintenance/leases.ts'
import { clearUnfinished, type OnStep } from './archives.ts'
import { type Declared, listDeclared, readShape, type Shape } from './declarations.ts'
import { readHolds } from './holds.ts'
import {
  archivePartition,
  countDuePartitions,
  listDuePartitions,
  type OwnerPlace,
  type PartitionStep,
  takeOwnership,
} from './partitions.ts'
import { countDue, removeDue } from './removals.ts'
import { archiveShelfOfApp } from './settings.ts'

const count = Type.Integer()
const text = Type.String()

export const RetentionRun = Type.Object({
  id: uuid,
  declaration: text,
  databaseName: nullable(Type.String({ description: 'Of tenants, beside the main one: null for that' })),
  status: oneOf(['running', 'done', 'failed']),
  startedAt: timestamp,
  endedAt: nullable(timestamp),
  requestedBy: { ...nullable(text), description: 'From where it was asked for; null for the one of every night' },
  removed: count,
  archived: count,
  steps: Type.Array(
    Type.Object({
      partition: text,
      did: oneOf(['archived', 'held', 'changed', 'failed']),
      rows: count,
      archive: nullable(text),
      reason: nullable(text),
    }),
  ),
  reason: nullable(text),
})
export type RetentionRun = Static<typeof RetentionRun>

export const RetentionDue = Type.Object({
  declaration: text,
  databaseName: nullable(text),
  due: Type.Integer({ description: 'Rows that the next run removes or archives' }),
  held: Type.Integer({ description: 'Rows beside those that a legal hold keeps' }),
  partitions: Type.Array(text),
  failure: { ...nullable(text), description: 'Why nothing could be counted there' },
})
export type RetentionDue = Static<typeof RetentionDue>

export type RetainOptions = {
  /** One declaration instead of all. */
  name?: string
  requestedBy?: string
  progress?: (line: string) => void
  /** Told where an archive is written: for tests, which end the program there. */
  onStep?: OnStep
}

const system = { system: true } as const
const leaseName = 'retention'
const leaseSeconds = 120
/** Days for which runs are kept. */
const keptDays = 400

const runColumns = sql`
  id, declaration, database_name, status, started_at, ended_at, requested_by, removed, archived, steps, reason`

/**
 * GG-16: removes and archives what modules declare, in the main database and in those that tenants have of their own.
 * Refuses while another server does it (`operations.retention_busy`). A declaration that fails keeps no other from its turn.
 */
export async function runRetention(given: App, options: RetainOptions = {}): Promise<RetentionRun[]> {
  const app = mainApp(given)
  const declared = listDeclared(app, options.name).filter(({ action }) => action !== 'keep')
  const own = app.db.scoped(system)
  const lease = await takeLease(own, leaseName, leaseSeconds)
  if (!lease) throw errors.retentionBusy({ holder: (await findLeaseHolder(own, leaseName)) ?? 'another server' })
  const renewing = setInterval(() => void lease.renew().catch(() => {}), (leaseSeconds * 1000) / 4)
  renewing.unref()
  try {
    await own.run(sql`
      update operations.retention_runs
      set status = 'failed', ended_at = now(), reason = 'the program that did it ended in the middle'
      where status = 'running'`)
    await own.run(sql`
      delete from operations.retention_runs
      where started_at < now() - ${keptDays} * interval '1 day'`)
    await clearUnfinished(archiveShelfOfApp(app))
    const runs: RetentionRun[] = []
    for (const each of declared) {
      await eachPlace(app, each, place =>
        runOnce(app, each, place, { lease, options }).then(run => void runs.push(run)),
      )
    }
    return runs
  } finally {
    clearInterval(renewing)
    await lease.release()
  }
}

/** What the next run would remove and archive: counts it, and changes nothing. */
export async function findDueRetention(given: App, name?: string): Promise<RetentionDue[]> {
  const app = mainApp(given)
  const holds = await readHolds(app.db.scoped(system))
  const now = app.clock.now()
  const found: RetentionDue[] = []
  for (const declared of listDeclared(app, name).filter(({ action }) => action !== 'keep')) {
    await eachPlace(app, declared, async ({ tx, database, failure }) => {
      if (failure !== undefined) {
        const nothing = { due: 0, held: 0, partitions: [] }
        found.push({ declaration: declared.name, databaseName: database, ...nothing, failure })
        return
      }
      const shape = await readShape(tx, declared)
      if (!shape) return
      const counts =
        declared.action === 'archive'
          ? await countDuePartitions(tx, declared, { shape, holds, now })
          : { ...(await countDue(tx, declared, { shape, holds, now })), partitions: [] }
      found.push({ declaration: declared.name, databaseName: database, ...counts, failure: null })
    })
  }
  return found
}

/** The last run of each declaration in each database. `own` in the system scope. */
export async function listLastRetention(own: Queryable): Promise<RetentionRun[]> {
  return await own.run(sql<RetentionRun>`
    select distinct on (declaration, database_name) ${runColumns}
    from operations.retention_runs
    order by declaration, database_name nulls first, started_at desc`)
}

/** The newest first. `own` in the system scope. */
export async function listRetentionRuns(own: Queryable, limit: number): Promise<RetentionRun[]> {
  return await own.run(sql<RetentionRun>`
    select ${runColumns}
    from operations.retention_runs
    order by started_at desc, id
    limit ${limit}`)
}

type Place = { tx: Statements; client: pg.Client | undefined; database: string | null; failure?: string }

/** The main database, and of a module that has tenants' data there those of tenants; one that is away says so in `failure`. */
async function eachPlace(app: App, { module, job }: Declared, work: (place: Place) => Promise<void>): Promise<void> {
  const session = { statementTimeout: 4 * 3_600_000, lockTimeout: 5_000 }
  await asAdministrator(
    app,
    async (tx, isAdministrator, client) => {
      if (isAdministrator) await tx.run(sql`select set_config('app.system', 'on', false)`)
      await work({ tx, client, database: null })
    },
    session,
  )
  const { placements } = app
  if (module.placement !== 'tenant' || job !== undefined || !placements) return
  for (const { id, name } of await placements.list()) {
    const client = new pg.Client({ ...(await placements.adminOf(id)), connectionTimeoutMillis: 3_000 })
    client.on('error', () => {})
    try {
      const failure = await client.connect().then(
        () => undefined,
        error => (error as Error).message,
      )
      if (failure !== undefined) {
        await work({ tx: statementsOf(client), client, database: name, failure })
        continue
      }
      await prepareSession(client, session)
      await client.query(`select set_config('app.system', 'on', false)`)
      await work({ tx: statementsOf(client), client, database: name })
    } finally {
      await client.end().catch(() => {})
    }
  }
}

async function runOnce(
  app: App,
  declared: Declared,
  place: Place,
  { lease, options }: { lease: Lease; options: RetainOptions },
): Promise<RetentionRun> {
  const own = app.db.scoped(system)
  const { id } = await own.one(sql<{ id: string }>`
    insert into operations.retention_runs (declaration, database_name, requested_by)
    values (${declared.name}, ${place.database}, ${options.requestedBy ?? null})
    returning id`)
  const did = { removed: 0, steps: [] as PartitionStep[] }
  let failure = place.failure
  try {
    if (failure === undefined) await retain(app, declared, place, { did, lease, options })
  } catch (error) {
    failure = (error as Error).message
  }
  const failed = did.steps.find(step => step.did === 'failed')
  failure ??= failed && `${failed.partition}: ${failed.reason}`
  return await own.one(sql<RetentionRun>`
    update operations.retention_runs
    set
      status = ${failure === undefined ? 'done' : 'failed'},
      ended_at = clock_timestamp(),
      removed = ${did.removed},
      archived = ${did.steps.reduce((sum, step) => sum + (step.did === 'archived' ? step.rows : 0), 0)},
      steps = ${json(did.steps)},
      reason = ${failure?.slice(0, 1_000) ?? null}
    where id = ${id}
    returning ${runColumns}`)
}

async function retain(
  app: App,
  declared: Declared,
  place: Place,
  { did, lease, options }: { did: { removed: number; steps: PartitionStep[] }; lease: Lease; options: RetainOptions },
): Promise<void> {
  const { name, action, job } = declared
  const { progress, onStep } = options
  const where = place.database ? ` in ${place.database}` : ''
  const now = app.clock.now()
  const shape = await readShape(place.tx, declared)
  if (!shape) return
  if (job !== undefined) {
    const counted = async () => {
      const { due, held } = await countDue(place.tx, declared, { shape, holds: { tenants: [], users: [] }, now })
      return due + held
    }
    const before = await counted()
    progress?.(`${name}: ${job}`)
    try {
      await runJob(app, declared, job)
    } finally {
      did.removed = Math.max(0, before - (await counted()))
    }
    return
  }
  if (action === 'remove') {
    await removeDue(app, place.tx, declared, {
      shape,
      now,
      async onBatch(removed) {
        did.removed = removed
        progress?.(`${name}: ${removed} rows removed${where}`)
        await keep(lease)
      },
    })
    return
  }
  await archiveDue(app, declared, place, { shape, now, did, lease, progress, onStep })
}

async function archiveDue(
  app: App,
  declared: Declared,
  { tx, client, database }: Place,
  {
    shape,
    now,
    did,
    lease,
    progress,
    onStep,
  }: {
    shape: Shape
    now: Date
    did: { steps: PartitionStep[] }
    lease: Lease
    progress: ((line: string) => void) | undefined
    onStep: OnStep | undefined
  },
): Promise<void> {
  if (!client) throw errors.retentionUnable()
  const place: OwnerPlace = { client, tx, database }
  await takeOwnership(place, shape.owner)
  for (const partition of await listDuePartitions(tx, declared, now)) {
    await keep(lease)
    progress?.(`${declared.name}: archiving ${partition.name}${database ? ` in ${database}` : ''}`)
    try {
      did.steps.push(
        await archivePartition(app, place, partition, {
          shape,
          declared,
          onStep,
          onRows: rows => {
            if (rows % 200_000 === 0) progress?.(`${partition.name}: ${rows} rows written`)
          },
        }),
      )
    } catch (error) {
      await client.query('rollback')
      const reason = (error as Error).message
      did.steps.push({ partition: partition.name, did: 'failed', rows: 0, archive: null, reason })
    }
  }
}

async function keep(lease: Lease): Promise<void> {
  if (!(await lease.renew())) throw new Error('another server has taken retention over')
}

async function runJob(app: App, { module }: Declared, name: string): Promise<void> {
  const job = module.jobs?.find(each => each.name === name)
  if (!job) throw new Error(`${module.name} has no job ${name}`)
  await job.run({}, appFor(module, app))
}
