import assert from 'node:assert/strict'
import { test } from 'node:test'
import pg from 'pg'
import { commandsOn, runCommand } from '#test/commands.ts'
import { testWorld } from '#test/world.ts'
import { takeLease } from './leases.ts'
import { registerMaintenanceCommands } from './maintenance-commands.ts'
import { listLastRuns, recordMaintenance, runDueMaintenance, runMaintenance } from './runs.ts'
import { tasks } from './tasks.ts'

const { admin, app, db, adminConfig } = await testWorld({ placed: false })
const own = db.scoped({ system: true })

await admin.query(`
  create schema made;
  create table made.things (id int, word text);
  create index things_word on made.things (word);
  alter table made.things set (autovacuum_enabled = off)`)

test('PE-10 VACUUM clears dead rows away and writes down what it did', async () => {
  await admin.query(`insert into made.things select n, md5(n::text) from generate_series(1, 5000) as n`)
  await admin.query('delete from made.things where id > 1000')
  await admin.query('select pg_stat_force_next_flush()')
  const [run] = await runMaintenance(app, 'vacuum', { evenIfBusy: true, requestedBy: 'a test' })
  assert.equal(run?.status, 'done', run?.reason ?? '')
  const step = run.steps.find(({ name }) => name === 'made.things')
  assert.equal(step?.failure, null)
  assert.ok((step?.bytesAfter ?? 0) < (step?.bytesBefore ?? 0), 'the empty end of the file is given back')
  assert.ok((run.deadRowsBefore ?? 0) >= 4000 && (run.deadRowsAfter ?? 1e9) < (run.deadRowsBefore ?? 0))
  assert.ok(run.endedAt !== null && run.bytesBefore !== null && run.bytesAfter !== null)
  const [again] = await runMaintenance(app, 'vacuum', { evenIfBusy: true })
  assert.ok(!again?.steps.some(({ name }) => name === 'made.things'), 'a table that wants nothing is left alone')
})

test('PE-10 ANALYZE reads the statistics of tables that have changed', async () => {
  await admin.query(`insert into made.things select n, 'x' from generate_series(5001, 6000) as n`)
  const [run] = await runMaintenance(app, 'analyze', { evenIfBusy: true })
  assert.ok(
    run?.steps.some(({ name, failure }) => name === 'made.things' && failure === null),
    run?.reason ?? '',
  )
  const { rows } = await admin.query(`select from pg_stats where schemaname = 'made' and tablename = 'things'`)
  assert.equal(rows.length, 2)
})

test('PE-10 REINDEX builds invalid and bloated indexes anew, and drops what an interrupted one has left', async () => {
  await admin.query('set allow_system_table_mods = on')
  await admin.query(`
    create index things_id on made.things (id);
    create index things_id_ccnew on made.things (id);
    update pg_index set indisvalid = false where indexrelid in ('made.things_id'::regclass, 'made.things_id_ccnew'::regclass);
    create table made.words (id int, word text) with (autovacuum_enabled = off);
    insert into made.words select n, md5(n::text) from generate_series(1, 160000) as n;
    create index words_word on made.words (word);
    delete from made.words where id % 8 <> 0`)
  await admin.query('vacuum analyze made.words')
  const [run] = await runMaintenance(app, 'reindex', { evenIfBusy: true })
  assert.equal(run?.status, 'done', run?.reason ?? '')
  const did = Object.fromEntries(run.steps.map(step => [step.name, step]))
  assert.equal(did['made.things_id']?.did, 'reindex')
  assert.equal(did['made.things_id_ccnew']?.did, 'drop what an interrupted REINDEX has left')
  const { bytesBefore = 0, bytesAfter = 0 } = did['made.words_word'] ?? {}
  assert.ok(bytesAfter > 0 && bytesAfter < bytesBefore / 3, `${bytesBefore} → ${bytesAfter}`)
  const { rows } = await admin.query(`
    select c.relname, i.indisvalid from pg_index i join pg_class c on c.oid = i.indexrelid
    where i.indrelid in ('made.things'::regclass, 'made.words'::regclass) order by 1`)
  assert.deepEqual(rows, [
    { relname: 'things_id', indisvalid: true },
    { relname: 'things_word', indisvalid: true },
    { relname: 'words_word', indisvalid: true },
  ])
})

test('PE-10 a table that fails keeps no other from its turn, and the run says which', async () => {
  const holder = new pg.Client(adminConfig)
  await holder.connect()
  try {
    await admin.query(`update pg_index set indisvalid = false where indexrelid = 'made.things_id'::regclass`)
    await holder.query('begin; lock table made.things in share update exclusive mode')
    const [run] = await runMaintenance(app, 'reindex', { evenIfBusy: true })
    assert.equal(run?.status, 'failed')
    assert.match(run.reason ?? '', /1 of 1 failed, such as made\.things_id: .*lock timeout/)
  } finally {
    await holder.end()
  }
  const [run] = await runMaintenance(app, 'reindex', { evenIfBusy: true })
  assert.equal(run?.status, 'done', 'control: without the lock')
})

test('PE-10 maintenance waits while the database has much to do, says why, and counts how often', async () => {
  await admin.query('delete from operations.maintenance_runs')
  const busy = await Promise.all(
    Array.from({ length: 12 }, async () => {
      const client = new pg.Client(adminConfig)
      client.on('error', () => {})
      await client.connect()
      return client
    }),
  )
  try {
    const sleeping = busy.map(client => client.query('select pg_sleep(600)').catch(() => {}))
    for (;;) {
      const { rows } = await admin.query(
        `select from pg_stat_activity where state = 'active' and query = 'select pg_sleep(600)'`,
      )
      if (rows.length === 12) break
    }
    const [first] = await runMaintenance(app, 'vacuum')
    assert.deepEqual([first?.status, first?.tries], ['skipped', 1])
    // Other databases of the server may have something to do as well.
    assert.ok(Number(/^(\d+) sessions are at work$/.exec(first?.reason ?? '')?.[1]) >= 12, first?.reason ?? '')
    const [second] = await runMaintenance(app, 'vacuum')
    assert.deepEqual([second?.id, second?.tries], [first?.id, 2])
    await Promise.all(
      (
        await admin.query(
          `select pid from pg_stat_activity where query = 'select pg_sleep(600)' and datname = current_database()`,
        )
      ).rows.map(({ pid }) => admin.query('select pg_cancel_backend($1)', [pid])),
    )
    await Promise.all(sleeping)
  } finally {
    await Promise.all(busy.map(client => client.end()))
  }
  const did: string[] = []
  for (let ticks = 0; did.length < 3 && ticks < 200; ticks++) {
    const runs = await runDueMaintenance(app)
    did.push(...runs.filter(({ status }) => status !== 'skipped').map(({ task, status }) => `${task} ${status}`))
  }
  assert.deepEqual(
    did,
    ['vacuum done', 'analyze done', 'reindex done'],
    'what was skipped has its turn at the next tick',
  )
  assert.deepEqual(await runDueMaintenance(app), [], 'and is not due again before its next time')
})

test('PE-10 two servers never do maintenance at once; who died with it keeps it no longer than its lease', async () => {
  const lease = await takeLease(own, 'maintenance', 100)
  assert.ok(lease)
  await assert.rejects(runMaintenance(app, 'vacuum'), { code: 'operations.maintenance_busy' })
  await admin.query(`update operations.leases set expires_at = now() - interval '1 second'`)
  await admin.query(`insert into operations.maintenance_runs (task) values ('vacuum')`)
  const [run] = await runMaintenance(app, 'vacuum', { evenIfBusy: true })
  assert.equal(run?.status, 'done')
  assert.equal(await lease.renew(), false, 'the one who slept knows that he has lost it')
  const { rows } = await admin.query(
    `select reason from operations.maintenance_runs where status = 'failed' and reason like '%ended in the middle'`,
  )
  assert.equal(rows.length, 1)
  const taken = await Promise.all([1, 2, 3, 4].map(() => takeLease(own, 'of four', 100)))
  assert.equal(taken.filter(Boolean).length, 1)
})

test('PE-10 what a module does by the clock is recorded beside the others, failures too', async () => {
  assert.equal(await recordMaintenance(app, 'made.summary', async () => 7), 7)
  await assert.rejects(
    recordMaintenance(app, 'made.broken', () => Promise.reject(new Error('no view'))),
    /no view/,
  )
  const last = (await listLastRuns(own)).filter(({ task }) => task.startsWith('made.'))
  assert.deepEqual(
    last.map(({ task, status, reason }) => [task, status, reason]),
    [
      ['made.broken', 'failed', 'no view'],
      ['made.summary', 'done', null],
    ],
  )
  const { written } = await runCommand(commandsOn(app, registerMaintenanceCommands), ['list'])
  assert.match(written, /^made\.broken: failed, \S+, no view$/m)
  assert.match(written, /^made\.summary: done, \S+, made anew in [\d.]+ s$/m)
  assert.match(written, /^vacuum: done, \S+, (\d+ done|nothing wanted it)/m)
})

test('PE-10 VACUUM is due each night, ANALYZE on Sundays, REINDEX on the first of the month', () => {
  const due = (name: string, now: string) =>
    tasks
      .find(task => task.name === name)
      ?.lastDue(new Date(now))
      .toISOString()
  assert.equal(due('vacuum', '2026-03-04T02:59:00Z'), '2026-03-03T03:00:00.000Z')
  assert.equal(due('vacuum', '2026-03-04T03:00:00Z'), '2026-03-04T03:00:00.000Z')
  assert.equal(due('analyze', '2026-03-04T12:00:00Z'), '2026-03-01T03:30:00.000Z')
  assert.equal(due('analyze', '2026-03-01T03:00:00Z'), '2026-02-22T03:30:00.000Z')
  assert.equal(due('reindex', '2026-03-01T03:59:00Z'), '2026-02-01T04:00:00.000Z')
  assert.equal(due('reindex', '2026-01-01T03:59:00Z'), '2025-12-01T04:00:00.000Z')
})
