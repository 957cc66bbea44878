import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { App } from '#platform/app.ts'
import { systemClock } from '#platform/clock.ts'
import type { Keyring } from '#platform/crypto'
import { createLogger } from '#platform/http'
import { testDatabase } from '#test/database.ts'
import { enqueue, type Job, startWorker, type Worker } from './index.ts'
import { parkJob, settleParkedJobs } from './parking.ts'

const { db, admin, login } = await testDatabase()
const log = createLogger('fatal')
const app: App = {
  db,
  clock: systemClock,
  keyring: {} as Keyring,
  log,
  config: {},
  publicUrl: 'https://commonhold.example',
  modules: [],
}

/** What tenancy says of tenants. */
const standing = new Map<string, 'active' | 'held'>()
const standings = async (ids: readonly string[]) =>
  new Map(ids.flatMap(id => (standing.has(id) ? [[id, standing.get(id) as 'active' | 'held']] : [])))

const workers = new Set<Worker>()
after(() => Promise.all([...workers].map(worker => worker.stop())))

async function work(jobs: Job[]): Promise<Worker> {
  const modules = [{ name: 'work', jobs }]
  const worker = await startWorker({ app, connection: login, modules, standings, pollSeconds: 0.5 })
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

const countOf = async (query: string, ...values: unknown[]) =>
  Number((await admin.query(`select count(*) ${query}`, values)).rows[0].count)
const parked = (tenantId: string) => countOf('from jobs.parked_jobs where tenant_id = $1', tenantId)

test('MT-12 a suspension in the middle parks what is queued; with the reactivation all of it runs, once, over two workers', async () => {
  const [held, open] = [randomUUID(), randomUUID()]
  standing.set(held, 'active').set(open, 'active')
  const runs = new Map<string, number>()
  let wasSuspended = false
  const note: Job<{ tenantId?: string; n: number }> = {
    name: 'work.note',
    description: 'Notes that it ran',
    async run({ tenantId, n }) {
      const key = `${tenantId} ${n}`
      runs.set(key, (runs.get(key) ?? 0) + 1)
      if (tenantId === held && runs.size > 8 && !wasSuspended) {
        wasSuspended = true
        standing.set(held, 'held')
      }
      await sleep(10)
    },
  }
  const queue = () =>
    db.transaction({}, async tx => {
      for (let n = 0; n < 20; n++) for (const tenantId of [held, open]) await enqueue(tx, note, { tenantId, n })
      await enqueue(tx, note, { n: 0 })
    })
  await queue()
  const both = await Promise.all([work([note as Job]), work([note as Job])])
  const ranOf = (tenantId: string | undefined) => [...runs.keys()].filter(key => key.startsWith(`${tenantId} `)).length
  await until(async () => ranOf(open) === 20 && ranOf(undefined) === 1 && ranOf(held) + (await parked(held)) === 20)
  const before = ranOf(held)
  assert.ok(before < 20, 'control: some were still waiting')
  await sleep(4_000)
  assert.equal(ranOf(held), before, 'as long as it is suspended nothing runs')
  assert.equal(await countOf(`from jobs.job where data ->> 'tenantId' = $1 and state <> 'completed'`, held), 0)

  standing.set(held, 'active')
  await until(() => ranOf(held) === 20)
  await sleep(500)
  assert.deepEqual([...new Set(runs.values())], [1], 'nothing ran twice')
  assert.equal(await parked(held), 0)
  await Promise.all(both.map(stop))
})

test('MT-12 a job keeps its id, its tries and its time while it is parked, and the queue does not drop it', async () => {
  const tenantId = randomUUID()
  const later: Job<{ tenantId: string }> = { name: 'work.later', description: 'Later', async run() {} }
  const id = (await enqueue(db.unscoped, later, { tenantId }, { startAfter: 3600 })) as string
  await admin.query('update jobs.job set retry_count = 3, priority = 7 where id = $1', [id])
  const read = async () =>
    (
      await admin.query(
        `select id, name, data, priority, retry_count, start_after, created_on, policy, retry_limit, heartbeat_seconds,
           keep_until > start_after + interval '13 days' as is_kept, state
         from jobs.job where id = $1`,
        [id],
      )
    ).rows[0]
  const before = await read()
  await parkJob(app, tenantId, { name: 'work.later', id })
  assert.equal(await read(), undefined)
  standing.set(tenantId, 'held')
  assert.deepEqual(await settleParkedJobs(app, standings), { resumed: 0, dropped: 0 })
  await admin.query(`update jobs.parked_jobs set parked_at = now() - interval '60 days' where id = $1`, [id])
  standing.set(tenantId, 'active')
  const both = await Promise.all([settleParkedJobs(app, standings), settleParkedJobs(app, standings)])
  assert.equal(both[0].resumed + both[1].resumed, 1, 'two workers put it back once')
  assert.deepEqual(await read(), before)
})

test('MT-11 a job of a tenant that is no more is dropped, queued or parked', async () => {
  const [gone, parkedOf] = [randomUUID(), randomUUID()]
  let runs = 0
  const orphan: Job<{ tenantId: string }> = {
    name: 'work.of-nobody',
    description: 'Runs for nobody',
    async run() {
      runs++
    },
  }
  const id = (await enqueue(db.unscoped, orphan, { tenantId: parkedOf })) as string
  await parkJob(app, parkedOf, { name: orphan.name, id })
  await enqueue(db.unscoped, orphan, { tenantId: gone })
  const worker = await work([orphan as Job])
  await until(async () => (await countOf('from jobs.job where name = $1', orphan.name)) === 0)
  await until(async () => (await parked(parkedOf)) === 0)
  await stop(worker)
  assert.equal(runs, 0)
})

test('MT-12 a worker that is killed while it parks loses no job and doubles none', async () => {
  const tenantId = randomUUID()
  const total = 60
  const note: Job<{ tenantId: string; n: number }> = { name: 'work.doomed', description: 'Parked', async run() {} }
  await db.transaction({}, async tx => {
    for (let n = 0; n < total; n++) await enqueue(tx, note, { tenantId, n })
  })
  for (const pause of [5, 40, 120]) {
    const doomed = fork(new URL('./parking.test.doomed.ts', import.meta.url), [JSON.stringify(login)])
    await once(doomed, 'message')
    await sleep(pause)
    doomed.kill('SIGKILL')
    await once(doomed, 'exit')
  }
  await until(async () => (await countOf(`from pg_stat_activity where application_name = 'commonhold worker'`)) === 0)
  const { rows } = await admin.query(
    `select n::int, count(*)::int
     from (
       select data ->> 'n' as n from jobs.job where data ->> 'tenantId' = $1::text
       union all
       select data ->> 'n' from jobs.parked_jobs where tenant_id = $1::text::uuid
     ) as everywhere
     group by n
     order by 1`,
    [tenantId],
  )
  assert.deepEqual(
    rows,
    Array.from({ length: total }, (_, n) => ({ n, count: 1 })),
  )
  assert.ok((await parked(tenantId)) > 0, 'control: some were parked')
})
