import type { ClientConfig } from 'pg'
import { PgBoss } from 'pg-boss'
import type { App } from '#platform/app.ts'
import { DomainError } from '#platform/errors.ts'
import type { Module } from '#platform/module.ts'
import type { Job } from './job.ts'
import { queueOptionsOf, schema } from './queues.ts'

export type WorkerOptions = {
  app: App
  /** The program's own login: the worker has a few connections of its own, and no right to change tables. */
  connection: ClientConfig
  modules: readonly Module[]
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
  const { app, connection, modules, concurrency = 2, pollSeconds = 2 } = options
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
    for (const job of jobs) await takeUp(boss, app, job, job.cron === undefined ? concurrency : 1, pollSeconds)
  } catch (error) {
    await boss.stop({ graceful: false })
    throw error
  }
  return { stop: () => boss.stop({ graceful: true, timeout: 10_000 }) }
}

async function takeUp(boss: PgBoss, app: App, job: Job, localConcurrency: number, pollingIntervalSeconds: number) {
  const { policy, ...changeable } = queueOptionsOf(job)
  await boss.createQueue(job.name, { policy, ...changeable })
  // Of a queue that was there already the options may have changed with the program.
  await boss.updateQueue(job.name, changeable)
  if (job.cron !== undefined) await boss.schedule(job.name, job.cron, {}, { tz: 'UTC' })
  await boss.work(job.name, { localConcurrency, pollingIntervalSeconds, perJobResults: true }, async ([taken]) => {
    if (!taken) return []
    return [{ id: taken.id, ...(await perform(app, job, taken.id, taken.data as object)) }]
  })
}

async function perform(app: App, job: Job, id: string, data: object) {
  const started = performance.now()
  const about = () => ({ job: job.name, jobId: id, ms: Math.round(performance.now() - started) })
  try {
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
