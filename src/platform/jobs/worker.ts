import type { ClientConfig } from 'pg'
import { PgBoss } from 'pg-boss'
import { type App, appFor } from '#platform/app.ts'
import { DomainError } from '#platform/errors.ts'
import type { Module } from '#platform/module.ts'
import type { Job } from './job.ts'
import { dropJob, parkJob, type Standings, settleParkedJobs, tenantOf } from './parking.ts'
import { queueOptionsOf, schema } from './queues.ts'

export type WorkerOptions = {
  app: App
  /** The program's own login: the worker has a few connections of its own, and no right to change tables. */
  connection: ClientConfig
  modules: readonly Module[]
  /** MT-12: jobs of tenants that are not active wait, and go on when they are. Without it all of them run. */
  standings?: Standings
  /** MT-17: takes over what was put into the outboxes of tenants' own databases. */
  relay?: () => Promise<unknown>
  /** Jobs of one kind at a time in this process; recurring ones run one at a time everywhere. */
  concurrency?: number
  /** How often the queue is asked, in seconds. */
  pollSeconds?: number
}

export type Worker = {
  /** Takes no more jobs and waits 10 s for those at work; what is not done then goes back into the queue. */
  stop(): Promise<void>
}

/**
 * Runs the modules' jobs and puts recurring ones into the queue when they are due (UTC).
 * A job that throws is repeated with growing pauses (5 s to 1 h, `retryLimit` times), except for a DomainError that a
 * repetition cannot mend (all kinds but unavailable and limited): that fails at once. A job whose worker dies is run
 * again by another one after half a minute, so jobs must bear being run twice.
 */
export async function startWorker(options: WorkerOptions): Promise<Worker> {
  const { app, connection, modules, standings, relay, concurrency = 2, pollSeconds = 2 } = options
  const { host, port, user, database, password, ssl } = connection
  const boss = new PgBoss({
    host,
    port,
    user,
    database,
    password: password as string | undefined,
    ssl,
    ...(connection.connectionString ? { connectionString: connection.connectionString } : {}),
    application_name: 'commonhold worker',
    max: 4,
    schema,
    migrate: false,
    createSchema: false,
    // An index is the owner's to rebuild.
    reindex: false,
    superviseIntervalSeconds: 15,
    monitorIntervalSeconds: 15,
    // Jobs here do not wait for each other, which pg-boss would look for every five seconds.
    flowIntervalSeconds: 3600,
    cronWorkerIntervalSeconds: Math.max(1, Math.ceil(pollSeconds)),
    cronMonitorIntervalSeconds: Math.min(30, Math.ceil(pollSeconds * 10)),
  })
  boss.on('error', err => app.log.error({ err }, 'job queue failed'))
  boss.on('warning', ({ message, data }) => app.log.warn({ data }, message))
  await boss.start()
  try {
    const jobs = modules.flatMap(module => module.jobs ?? [])
    await forgetSchedules(boss, jobs)
    for (const module of modules) {
      const seen = { app: appFor(module, app), standings }
      for (const job of module.jobs ?? []) {
        await takeUp(boss, seen, job, job.cron === undefined ? concurrency : 1, pollSeconds)
      }
    }
  } catch (error) {
    await boss.stop({ graceful: false })
    throw error
  }
  const settle = async (known: Standings) => {
    const { resumed, dropped } = await settleParkedJobs(app, known)
    if (resumed + dropped > 0) app.log.info({ resumed, dropped }, 'jobs of tenants go on')
  }
  const ends = [
    ...(standings ? [doEvery(settleSeconds, () => settle(standings), app, 'parked jobs could not be looked at')] : []),
    ...(relay ? [doEvery(relaySeconds, relay, app, 'outboxes could not be looked at')] : []),
  ]
  return {
    async stop() {
      await Promise.all(ends.map(end => end()))
      await boss.stop({ graceful: true, timeout: 10_000 })
    },
  }
}

/** How soon the jobs of a tenant go on that is active again, at most. */
const settleSeconds = 3
/** How soon work that was put out in a tenant's own database is in the queue, at most. */
const relaySeconds = 2

/** One round at a time. Returns what ends it, once the round under way is over. */
function doEvery(seconds: number, work: () => Promise<unknown>, app: App, trouble: string): () => Promise<void> {
  let round: Promise<void> | undefined
  const begin = async () => {
    try {
      await work()
    } catch (err) {
      app.log.error({ err }, trouble)
    } finally {
      round = undefined
    }
  }
  const timer = setInterval(() => {
    round ??= begin()
  }, seconds * 1000)
  return async () => {
    clearInterval(timer)
    await round
  }
}

/** What jobs are run with. */
type Workshop = { app: App; standings: Standings | undefined }

async function takeUp(
  boss: PgBoss,
  workshop: Workshop,
  job: Job,
  localConcurrency: number,
  pollingIntervalSeconds: number,
) {
  const { policy, ...changeable } = queueOptionsOf(job)
  await boss.createQueue(job.name, { policy, ...changeable })
  // Of a queue that was there already the options may have changed with the program.
  await boss.updateQueue(job.name, changeable)
  if (job.cron !== undefined) await boss.schedule(job.name, job.cron, {}, { tz: 'UTC' })
  await boss.work(job.name, { localConcurrency, pollingIntervalSeconds, perJobResults: true }, async ([taken]) => {
    if (!taken) return []
    return [{ id: taken.id, ...(await perform(workshop, job, taken.id, taken.data as object)) }]
  })
}

async function perform({ app, standings }: Workshop, job: Job, id: string, data: object) {
  const started = performance.now()
  const about = () => ({ job: job.name, jobId: id, ms: Math.round(performance.now() - started) })
  try {
    const tenantId = tenantOf(data)
    const standing = tenantId && standings && ((await standings([tenantId])).get(tenantId) ?? 'gone')
    if (tenantId && standing === 'held') {
      await parkJob(app, tenantId, { name: job.name, id })
      app.log.info({ ...about(), tenantId }, 'job parked, its tenant is not active')
      return { status: 'completed' as const }
    }
    if (standing === 'gone') {
      await dropJob(app, { name: job.name, id })
      app.log.info({ ...about(), tenantId }, 'job dropped, its tenant is no more')
      return { status: 'completed' as const }
    }
    await job.run(data, app)
    app.log.info(about(), 'job done')
    return { status: 'completed' as const }
  } catch (err) {
    const isFinal = err instanceof DomainError && err.kind !== 'unavailable' && err.kind !== 'limited'
    app.log.error({ ...about(), isFinal, err }, isFinal ? 'job failed for good' : 'job failed, to be repeated')
    const output = { message: err instanceof Error ? err.message : String(err) }
    return { status: isFinal ? ('deadletter' as const) : ('failed' as const), output }
  }
}

/** Removes the schedules of jobs that the program no longer has, or that no longer recur. */
async function forgetSchedules(boss: PgBoss, jobs: readonly Job[]): Promise<void> {
  const recurring = new Set(jobs.filter(job => job.cron !== undefined).map(job => job.name))
  for (const { name, key } of await boss.getSchedules()) {
    if (!recurring.has(name)) await boss.unschedule(name, key)
  }
}
