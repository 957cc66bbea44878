import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from '#platform/database'
import { enqueue, type Job, relayOutbox } from '#platform/jobs'
import { defineMail, sendMail } from '#platform/mail'
import { notify } from '#platform/notifications'
import { placeTenant, relayOutboxes } from '#platform/tenancy'
import { countUsageIn } from '#platform/usage'
import { emitEvent } from '#platform/webhooks'
import { runJobs } from '#test/jobs.ts'
import { mailsTo } from '#test/mails.ts'
import { tenantDatabase } from '#test/tenant-databases.ts'
import { testWorld } from '#test/world.ts'
import { lookAtOutboxes } from '../src/platform/tenancy/outboxes.ts'

const world = await testWorld({ environment: { COMMONHOLD_OUTGOING_ALLOW: '127.0.0.0/8' } })
const elsewhere = await tenantDatabase(world)
const { app, admin, alice, bob, keys, login, viewer } = world
const { placed, placements } = app
assert.ok(placed && placements)
const { id: databaseId } = await placements.register(elsewhere.url)
await app.db.transaction({ system: true, tenantId: alice.tenantId }, tx => placeTenant(tx, alice.tenantId, databaseId))
placements.forget()
await alice.fetch('/contractor-lists')

const system = { system: true }
const received: { type: string; data: { name?: string } }[] = []
const server = createServer((request, response) => {
  let body = ''
  request.on('data', chunk => {
    body += chunk
  })
  request.on('end', () => {
    received.push(JSON.parse(body))
    response.writeHead(200).end()
  })
})
await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
after(() => server.close())
const hook = await alice.fetch('/webhooks', {
  method: 'POST',
  body: { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, eventTypes: ['*'] },
})
assert.equal(hook.status, 201)

const note: Job<{ tenantId: string; n: number }> = { name: 'work.note', description: 'Noted', async run() {} }
const leave = (n: number) => placed.transaction(alice.scope, tx => enqueue(tx, note, { tenantId: alice.tenantId, n }))
const queued = async () =>
  (await admin.query(`select (data ->> 'n')::int as n from jobs.job where name = 'work.note' order by 1`)).rows.map(
    ({ n }) => n,
  )
const countIn = async (client: typeof admin, table: string) =>
  Number((await client.query(`select count(*) from ${table}`)).rows[0].count)
const passNotes = () => admin.query('update tenancy.noted_outboxes set next_at = now()')

test('MT-17 MT-19 what a placed tenant’s person writes succeeds, and its webhooks are told', async () => {
  const made = await alice.fetch('/contractor-lists', { method: 'POST', body: { name: 'Told of' } })
  assert.equal(made.status, 201, await made.clone().text())
  assert.equal(await countIn(elsewhere.admin, 'jobs.outbox'), 1, 'it waits where it was written')
  assert.equal(received.length, 0)
  await runJobs(world)
  assert.deepEqual(
    received.map(({ type, data }) => [type, data.name]),
    [['contractors.list.created', 'Told of']],
  )
  assert.equal(await countIn(elsewhere.admin, 'jobs.outbox'), 0)
  assert.equal(await countIn(admin, 'tenancy.noted_outboxes'), 0, 'nobody looks there any more')
  // The other tenant's work goes the short way.
  await bob.fetch('/contractor-lists', { method: 'POST', body: { name: 'Here' } })
  assert.equal(await countIn(admin, 'jobs.outbox'), 0)
})

test('MT-17 MT-19 an undone transaction of a placed tenant sends nothing', async () => {
  await assert.rejects(
    placed.transaction(alice.scope, async tx => {
      await emitEvent(app, tx, { type: 'contractors.list.created', data: { id: 'never' } })
      await tx.run(sql`select 1 / 0`)
    }),
  )
  const before = received.length
  await runJobs(world)
  assert.equal(received.length, before)
  await placed.transaction(alice.scope, tx =>
    emitEvent(app, tx, { type: 'contractors.list.created', data: { id: 'done' } }),
  )
  await placed
    .scoped(alice.scope)
    .usesOutbox?.()
    .then(uses => assert.equal(uses, true))
  await runJobs(world)
  assert.equal(received.length, before + 1, 'control')
})

test('MT-17 people are told, and mails sent, out of a placed tenant’s transaction, once and by whom', async () => {
  const mail = defineMail<{ word: string }>({
    name: 'work.said',
    description: 'Said',
    compose: ({ word }) => ({ subject: `Said: ${word}`, lines: [word] }),
  })
  const inBoth = { ...alice.scope, system: true, userName: 'Alice Archer' }
  await placed.transaction(inBoth, async tx => {
    await notify(app, tx, { userId: viewer.userId, kind: 'members.left', title: 'Somebody is here' })
    await sendMail(app, tx, { to: viewer.email, userId: viewer.userId, mail, values: { word: 'hello' } })
  })
  const { rows: waiting } = await elsewhere.admin.query('select data::text as text from jobs.outbox')
  assert.equal(waiting.length, 2)
  assert.ok(
    waiting.every(({ text }) => !text.includes(viewer.email)),
    'GG-17 addresses lie there sealed',
  )
  await runJobs(world)
  const { rows } = await admin.query(
    `select tenant_id, title, actor_id, actor_name from notifications.notifications where user_id = $1 and kind = 'members.left'`,
    [viewer.userId],
  )
  assert.deepEqual(rows, [
    { tenant_id: alice.tenantId, title: 'Somebody is here', actor_id: alice.userId, actor_name: 'Alice Archer' },
  ])
  const said = async () =>
    (await mailsTo(world, viewer.email)).filter(({ subject }) => subject === 'Said: hello').length
  assert.equal(await said(), 1)
  // A worker that dies after its commit has its job run again.
  await admin.query(
    `update jobs.job set state = 'created' where name in ('notifications.tell-put-out', 'mail.send-put-out')`,
  )
  await runJobs(world)
  assert.equal(await said(), 1)
  assert.equal(await countIn(admin, `notifications.notifications where kind = 'members.left'`), 1)
  await assert.rejects(
    placed.transaction(alice.scope, tx => countUsageIn(app, tx, 'http.requests', 1)),
    /a flow is not counted in a tenant's own database/,
  )
})

test('MT-17 what was taken over and not yet removed there is not taken over twice, whatever has become of the job', async () => {
  await leave(1)
  const broken = {
    scope: system,
    run: async () => {
      throw new Error('killed')
    },
  }
  await placed.within(databaseId, async database => {
    const there = database.scoped(system)
    let asked = 0
    const dying = {
      ...there,
      run: ((query: never) => (asked++ === 0 ? there.run(query) : broken.run())) as typeof there.run,
    }
    await assert.rejects(relayOutbox(app.db, dying, databaseId), /killed/)
    assert.deepEqual(await queued(), [1])
    assert.equal(await countIn(elsewhere.admin, 'jobs.outbox'), 1, 'control')
    await admin.query(`delete from jobs.job where name = 'work.note'`)
    assert.equal(await relayOutbox(app.db, there, databaseId), 0)
  })
  assert.deepEqual(await queued(), [])
  assert.equal(await countIn(elsewhere.admin, 'jobs.outbox'), 0)
})

test('MT-17 workers that are killed while they take over lose no job and double none', async () => {
  let total = 0
  let isOver = false
  const writing = (async () => {
    while (!isOver) {
      await leave(total++)
      await sleep(25)
    }
  })()
  for (let kill = 0; kill < 3; kill++) {
    const doomed = fork(new URL('./support/outboxes.doomed.ts', import.meta.url), [JSON.stringify({ login, keys })])
    await Promise.race([once(doomed, 'message'), sleep(20_000)])
    await sleep(kill * 7)
    doomed.kill('SIGKILL')
    await once(doomed, 'exit')
  }
  isOver = true
  await writing
  for (let waited = 0; waited < 100 && (await queued()).length < total; waited++) {
    await passNotes()
    await relayOutboxes(app)
    await sleep(50)
  }
  assert.deepEqual(
    await queued(),
    Array.from({ length: total }, (_, n) => n),
  )
  await admin.query(`delete from jobs.job where name = 'work.note'`)
})

test('MT-17 work of which nobody has told is found, as after a kill between commit and note', async () => {
  await leave(7)
  await admin.query('delete from tenancy.noted_outboxes')
  assert.equal(await relayOutboxes(app), 0)
  await lookAtOutboxes.run({}, app)
  assert.equal(await relayOutboxes(app), 1)
  assert.deepEqual(await queued(), [7])
  await admin.query(`delete from jobs.job where name = 'work.note'`)
})

test('MT-17 work waits in a database that is away, and goes on when it is back; the operators see why', async () => {
  await leave(8)
  await elsewhere.close()
  assert.equal(await relayOutboxes(app), 0)
  const { rows } = await admin.query(
    'select failures, last_error, next_at > now() as waits from tenancy.noted_outboxes',
  )
  assert.deepEqual([rows[0].failures, rows[0].waits], [1, true])
  assert.ok(rows[0].last_error)
  await elsewhere.reopen()
  for (let waited = 0; waited < 100 && (await queued()).length === 0; waited++) {
    await passNotes()
    await relayOutboxes(app)
    await sleep(100)
  }
  assert.deepEqual(await queued(), [8])
  assert.equal(await countIn(admin, 'tenancy.noted_outboxes'), 0)
})
