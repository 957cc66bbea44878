import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import { Webhook } from 'standardwebhooks'
import type { Finding } from '#platform/checks.ts'
import { runJobs } from '#test/jobs.ts'
import { believedNoLonger, testWorld } from '#test/world.ts'
import { updateAlarms } from './alarms.ts'

const received: { body: string; headers: Record<string, string> }[] = []
let answers = 204
const receiver = createServer((request, response) => {
  let body = ''
  request.on('data', part => {
    body += part
  })
  request.on('end', () => {
    received.push({ body, headers: request.headers as Record<string, string> })
    response.writeHead(answers).end()
  })
}).listen(0, '127.0.0.1')
await new Promise(resolve => receiver.once('listening', resolve))
after(() => receiver.close())
const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`

let findings: Finding[] = []
let isBlind = false
const world = await testWorld({
  environment: {
    COMMONHOLD_ALARM_URL: `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/alarms`,
    COMMONHOLD_ALARM_SECRET: secret,
    COMMONHOLD_OUTGOING_ALLOW: '127.0.0.1',
  },
  modules: [
    {
      name: 'made',
      checks: [
        {
          code: 'made.trouble',
          title: 'Trouble',
          isAlarm: true,
          run: async () => {
            if (isBlind) throw new Error('nobody sees')
            return findings
          },
        },
      ],
    },
  ],
})
const { admin, app, alice, bob } = world
await admin.query('insert into identity.operators (user_id) values ($1)', [alice.userId])
await believedNoLonger()

const trouble = (object: string, message = 'It burns.'): Finding => ({
  severity: 'critical',
  object,
  message,
  advice: 'Put it out.',
})
const ours = (alarms: { code: string; object: string }[]) =>
  alarms.filter(({ code }) => code === 'made.trouble').map(({ object }) => object)
const update = async () => {
  const { opened, closed } = await updateAlarms(app)
  return { opened: ours(opened), closed: ours(closed) }
}
const toldTo = async (userId: string) =>
  (
    await admin.query(
      `select kind, title from notifications.notifications where user_id = $1 and data ->> 'code' = 'made.trouble' order by created_at, id`,
      [userId],
    )
  ).rows.map(({ kind, title }) => `${kind}: ${title}`)
/** As if so much time had passed since it was seen. */
const age = (minutes: number) =>
  admin.query(
    `update operations.alarms set last_seen_at = last_seen_at - $1 * interval '1 minute' where closed_at is null`,
    [minutes],
  )

test('GG-23 an alarm is told when it opens and when it is over, to operators and no one else, and never between', async () => {
  findings = [trouble('barn'), trouble('silo')]
  assert.deepEqual((await update()).opened.sort(), ['barn', 'silo'])
  findings = [trouble('barn', 'It burns higher.'), trouble('silo')]
  for (let round = 0; round < 3; round++) assert.deepEqual(await update(), { opened: [], closed: [] })
  const { rows } = await admin.query(
    `select object, message from operations.alarms where code = 'made.trouble' order by 1`,
  )
  assert.deepEqual(rows[0], { object: 'barn', message: 'It burns higher.' }, 'the row says how it is now')
  assert.equal((await toldTo(alice.userId)).length, 2)
  assert.deepEqual(await toldTo(bob.userId), [])

  findings = [trouble('silo')]
  await update()
  await age(20)
  assert.deepEqual(await update(), { opened: [], closed: [] }, 'what comes and goes is open still')
  findings = [trouble('barn'), trouble('silo')]
  assert.deepEqual(await update(), { opened: [], closed: [] })
  findings = [trouble('silo')]
  await age(31)
  assert.deepEqual(await update(), { opened: [], closed: ['barn'] })
  assert.deepEqual(
    (await toldTo(alice.userId)).at(-1),
    'operations.alarm_closed: Over: It burns higher.'.replace(' higher', ''),
  )
})

test('GG-23 of one thing there is one open alarm, however many servers look at once', async () => {
  findings = [trouble('mill')]
  const looked = await Promise.all([update(), update(), update(), update()])
  assert.equal(looked.flatMap(({ opened }) => opened).length, 1)
  const { rows } = await admin.query(`select count(*)::int as count from operations.alarms where object = 'mill'`)
  assert.equal(rows[0].count, 1)
  await assert.rejects(
    admin.query(
      `insert into operations.alarms (code, object, severity, message, advice) values ('made.trouble', 'mill', 'info', '', '')`,
    ),
    /alarms_one_open/,
  )
})

test('GG-23 alarms of a check that cannot look stay open', async () => {
  findings = []
  isBlind = true
  await age(60)
  assert.deepEqual(await update(), { opened: [], closed: [] })
  isBlind = false
  assert.ok((await update()).closed.includes('mill'), 'control: seen to be gone they are over')
})

test('GG-23 alarms are sent elsewhere, signed, and again where they were not taken', async () => {
  await runJobs(world)
  received.length = 0
  findings = [trouble('well')]
  await update()
  answers = 500
  await assert.rejects(runJobs(world), { code: 'operations.alarm_not_taken' })
  answers = 204
  await admin.query(`update jobs.job set start_after = now() where state = 'retry'`)
  await runJobs(world)
  assert.equal(received.length, 2)
  const [first, second] = received
  assert.equal(first?.headers['webhook-id'], second?.headers['webhook-id'], 'who gets it twice knows it')
  const told = new Webhook(secret).verify(second?.body ?? '', second?.headers ?? {}) as Record<
    string,
    Record<string, unknown>
  >
  assert.deepEqual([told.type, told.data?.object, told.data?.severity], ['operations.alarm.opened', 'well', 'critical'])
  assert.throws(() =>
    new Webhook(`whsec_${Buffer.alloc(32, 8).toString('base64')}`).verify(second?.body ?? '', second?.headers ?? {}),
  )
})

test('GG-23 an operator acknowledges an alarm by the API; nobody else sees it, and what is over is refused', async () => {
  const { items } = (await (await alice.fetch('/operations/alarms')).json()) as {
    items: { id: string; object: string; closedAt: string | null }[]
  }
  const well = items.find(({ object }) => object === 'well')
  assert.ok(well)
  const acknowledge = (id: string, who = alice) =>
    who.fetch(`/operations/alarms/${id}/acknowledgement`, { method: 'POST' })
  assert.equal((await acknowledge(well.id, bob)).status, 403)
  assert.equal((await bob.fetch('/operations/alarms')).status, 403)
  const done = await acknowledge(well.id)
  assert.equal(done.status, 200)
  assert.ok(((await done.json()) as { acknowledgedAt: string }).acknowledgedAt)
  const over = items.find(({ closedAt }) => closedAt !== null)
  assert.equal((await acknowledge(over?.id ?? '')).status, 409)
  assert.equal((await acknowledge(alice.userId)).status, 404)
})

test('GG-23 /metrics tells the main figures of the database and the open alarms', async () => {
  const text = await (await fetch(`${world.baseUrl}/metrics`)).text()
  const value = (series: string) =>
    Number(
      text
        .split('\n')
        .find(line => line.startsWith(`${series} `))
        ?.split(' ')[1],
    )
  assert.ok(value('operations_database_bytes') > 1e6)
  assert.ok(value('operations_connections_limit') >= value('operations_connections{state="active"}'))
  assert.ok(value('operations_alarms_open{severity="critical"}') >= 1)
  assert.ok(value('operations_oldest_transaction_seconds') >= 0)
  assert.ok(value('operations_transaction_ids_used') > 0)
})
