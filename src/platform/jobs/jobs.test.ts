import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { PgBoss } from 'pg-boss'
import type { App } from '#platform/app.ts'
import { systemClock } from '#platform/clock.ts'
import type { Keyring } from '#platform/crypto'
import { sql } from '#platform/database'
import { errorTable } from '#platform/errors.ts'
import { createLogger } from '#platform/http'
import { testDatabase } from '#test/database.ts'
import { enqueue, type Job, startWorker, type Worker } from './index.ts'

const { db, admin, login, adminConfig } = await testDatabase()

const lines: string[] = []
const app: App = {
  db,
  clock: systemClock,
  keyring: {} as Keyring,
  log: createLogger('debug', { write: line => lines.push(line) }),
  config: {},
  publicUrl: 'https://commonhold.example',
  modules: [],
}
const refusals = errorTable('work', {
  away: ['unavailable', 'The mail server is away.'],
  senseless: ['invalid', 'There is no such address.'],
})

const workers = new Set<Worker>()
after(() => Promise.all([...workers].map(worker => worker.stop())))

async function work(jobs: Job[], more: { concurrency?: number } = {}): Promise<Worker> {
  const modules = [{ name: 'work', jobs }]
  const worker = await startWorker({ app, connection: login, modules, pollSeconds: 0.5, ...more })
  workers.add(worker)
  return worker
}

async function stop(worker: Worker): Promise<void> {
  workers.delete(worker)
  await worker.stop()
}

async function until(condition: () => boolean | Promise<boolean>, seconds = 20): Promise<void> {
  for (const end = Date.now() + seconds * 1000; Date.now() < end; await sleep(50)) if (await condition()) return
  assert.fail('It did not happen in time')
}

const job = (name: string, run: Job['run'], more: Partial<Job> = {}): Job => ({ name, description: name, run, ...more })

async function stateOf(id: string | undefined): Promise<string> {
  const { rows } = await admin.query('select state from jobs.job where id = $1', [id])
  return rows[0]?.state
}

test('a job exists if, and only if, its transaction commits, also before any worker knows its kind', async () => {
  const done: unknown[] = []
  const greet = job('work.greet', async data => {
    done.push(data)
  })
  const failed = db.transaction({}, async tx => {
    await enqueue(tx, greet, { n: 1 })
    throw new Error('never mind')
  })
  await assert.rejects(failed, /never mind/)
  const id = await db.transaction({}, tx => enqueue(tx, greet, { n: 2 }))
  assert.match(String(id), /^[0-9a-f-]{36}$/)
  await enqueue(db.scoped({}), greet, { n: 3 })
  const worker = await work([greet])
  await until(() => done.length === 2)
  await stop(worker)
  assert.deepEqual(done.map(data => (data as { n: number }).n).sort(), [2, 3])
  assert.equal(await stateOf(id), 'completed')
})

test('a failure that may mend is repeated after a pause, a refusal that may not fails at once', async () => {
  const runs = { away: 0, bug: 0, senseless: 0 }
  const jobs = [
    job('work.away', async () => {
      runs.away += 1
      if (runs.away === 1) throw refusals.away()
    }),
    job(
      'work.bug',
      async () => {
        runs.bug += 1
        throw new Error('a bug')
      },
      { retryLimit: 1 },
    ),
    job('work.senseless', async () => {
      runs.senseless += 1
      throw refusals.senseless()
    }),
  ] as const
  const [away, bug, senseless] = await Promise.all(jobs.map(one => enqueue(db.unscoped, one, {})))
  const worker = await work([...jobs])
  await until(async () => (await stateOf(senseless)) === 'failed')
  await until(async () => (await stateOf(away)) === 'retry' && (await stateOf(bug)) === 'retry')
  const { rows } = await admin.query('select start_after > now() as later from jobs.job where state = $1', ['retry'])
  assert.deepEqual(rows, [{ later: true }, { later: true }])
  // The pause is not worth waiting for.
  await admin.query("update jobs.job set start_after = now() where state = 'retry'")
  await until(async () => (await stateOf(away)) === 'completed' && (await stateOf(bug)) === 'failed')
  await stop(worker)
  assert.deepEqual(runs, { away: 2, bug: 2, senseless: 1 })
  const log = lines.map(line => JSON.parse(line)).filter(line => line.job)
  const of = (name: string) => log.filter(line => line.job === name).map(line => line.msg)
  assert.deepEqual(of('work.away'), ['job failed, to be repeated', 'job done'])
  assert.deepEqual(of('work.senseless'), ['job failed for good'])
  assert.ok(log.every(line => typeof line.ms === 'number'))
})

test('a recurring job runs once for each time over two workers, and is gone with its declaration', async () => {
  const runs: { at: number; by: number }[] = []
  const tick = (by: number) =>
    job(
      'work.tick',
      async () => {
        runs.push({ at: Date.now(), by })
      },
      { cron: '* * * * *' },
    )
  const both = await Promise.all([work([tick(1)]), work([tick(2)])])
  await until(() => runs.length > 0, 30)
  await sleep(3000)
  await Promise.all(both.map(stop))
  const { rows } = await admin.query(
    "select count(*)::int from jobs.job where name = 'work.tick' group by date_trunc('minute', created_on)",
  )
  assert.ok(rows.length === runs.length && rows.every(row => row.count === 1), JSON.stringify(rows))
  assert.equal((await admin.query("select from jobs.schedule where name = 'work.tick'")).rowCount, 1)
  await stop(await work([]))
  assert.equal((await admin.query("select from jobs.schedule where name = 'work.tick'")).rowCount, 0)
})

test('a recurring job does not overlap with itself', async () => {
  const slow = job('work.slow', async () => sleep(1500), { cron: '0 0 1 1 *' })
  const worker = await work([slow], { concurrency: 4 })
  const first = await enqueue(db.unscoped, slow, {})
  await until(async () => (await stateOf(first)) === 'active')
  assert.equal(await enqueue(db.unscoped, slow, {}), undefined)
  await until(async () => (await stateOf(first)) === 'completed')
  assert.notEqual(await enqueue(db.unscoped, slow, {}), undefined)
  await stop(worker)
})

test('stopping waits for the job at work', async () => {
  let isDone = false
  const slow = job('work.stopped', async () => {
    await sleep(1000)
    isDone = true
  })
  const id = await enqueue(db.unscoped, slow, {})
  const worker = await work([slow])
  await until(async () => (await stateOf(id)) === 'active')
  await stop(worker)
  assert.ok(isDone)
  assert.equal(await stateOf(id), 'completed')
})

test('the job of a killed worker is run by the next one', async () => {
  let runs = 0
  const orphan = job('work.orphan', async () => {
    runs += 1
  })
  const id = await enqueue(db.unscoped, orphan, {})
  const doomed = fork(new URL('./jobs.test.doomed.ts', import.meta.url), [JSON.stringify(login)])
  await once(doomed, 'message')
  assert.equal(await stateOf(id), 'active')
  doomed.kill('SIGKILL')
  await once(doomed, 'exit')
  const worker = await work([orphan])
  await sleep(1000)
  assert.equal(runs, 0, 'its heart may still beat')
  // Half a minute of silence, without waiting for it.
  await admin.query("update jobs.job set heartbeat_on = now() - interval '31 seconds' where id = $1", [id])
  await admin.query("update jobs.queue set monitor_claim_on = null, monitor_on = null where name = 'work.orphan'")
  await until(async () => (await stateOf(id)) === 'retry', 40)
  await admin.query("update jobs.job set start_after = now() where state = 'retry'")
  await until(async () => (await stateOf(id)) === 'completed')
  assert.equal(runs, 1)
  await stop(worker)
})

test('a worker goes on after its connections were cut', async () => {
  let runs = 0
  const steady = job('work.steady', async () => {
    runs += 1
  })
  const worker = await work([steady])
  await enqueue(db.unscoped, steady, {})
  await until(() => runs === 1)
  const cut = await admin.query(
    "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'commonhold worker'",
  )
  assert.ok(Number(cut.rowCount) > 0)
  await enqueue(db.unscoped, steady, {})
  await until(() => runs === 2)
  await stop(worker)
})

test('the program cannot change the queue’s tables, and they are as this pg-boss expects them', async () => {
  for (const statement of [
    'alter table jobs.job add x int',
    'create table jobs.x (id int)',
    'truncate jobs.job',
    'drop table jobs.job',
    'delete from jobs.queue',
    "select jobs.delete_queue('work.greet')",
    `select jobs.create_queue('x', '{"partition": true, "policy": "standard"}')`,
  ]) {
    await assert.rejects(db.unscoped.run(sql.raw(statement)), { code: '42501' }, statement)
  }
  const boss = new PgBoss({
    ...(adminConfig as object),
    schema: 'jobs',
    migrate: false,
    supervise: false,
    schedule: false,
  })
  await boss.start()
  const drift = await boss.detectSchemaDrift()
  await boss.stop({ graceful: false })
  assert.ok(drift.ok, JSON.stringify(drift))
})
