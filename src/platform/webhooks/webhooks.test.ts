import assert from 'node:assert/strict'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import { Webhook } from 'standardwebhooks'
import { sql } from '#platform/database'
import { runJobs } from '#test/jobs.ts'
import { testWorld } from '#test/world.ts'
import { type Delivery, type DeliveryDetails, deliverEvent, pauses } from './deliveries.ts'
import type { Endpoint, NewEndpoint } from './endpoints.ts'
import { dispatchEvent, emitEvent, forgetEndpoints, removeOldEvents } from './events.ts'

const world = await testWorld({ environment: { COMMONHOLD_OUTGOING_ALLOW: '127.0.0.0/8' } })
const { admin, alice, app, bob, viewer } = world

type Received = { headers: IncomingHttpHeaders; body: string }

/** A server of somebody else, on loopback, which this installation is told it may reach. */
async function receiver(answer: () => number = () => 200, meeting = async () => {}) {
  const received: Received[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', chunk => {
      body += chunk
    })
    request.on('end', async () => {
      received.push({ headers: request.headers, body })
      await meeting()
      response.writeHead(answer(), { location: 'http://127.0.0.1:1/', 'content-type': 'text/plain' }).end('said so\0')
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  after(() => server.close())
  return { received, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook` }
}

async function answer<T>(response: Response, status: number): Promise<T> {
  const text = await response.text()
  assert.equal(response.status, status, text)
  return (text ? JSON.parse(text) : undefined) as T
}

async function refusal(response: Response, status: number, code: string): Promise<void> {
  assert.equal((await answer<{ code: string }>(response, status)).code, code)
}

async function newEndpoint(url: string, eventTypes = ['*'], by = alice): Promise<NewEndpoint> {
  return await answer(await by.fetch('/webhooks', { method: 'POST', body: { url, eventTypes } }), 201)
}

const deliveriesOf = async ({ id }: Endpoint) =>
  (await answer<{ items: Delivery[] }>(await alice.fetch(`/webhooks/${id}/deliveries`), 200)).items
const remove = async ({ id }: Endpoint) => answer(await alice.fetch(`/webhooks/${id}`, { method: 'DELETE' }), 204)
const makeList = async (name: string) =>
  answer<{ id: string }>(await alice.fetch('/contractor-lists', { method: 'POST', body: { name } }), 201)

/** The pauses between tries are over. */
const passPauses = () => admin.query(`update jobs.job set start_after = now() where name = 'webhooks.deliver-event'`)

const headersFor = (headers: IncomingHttpHeaders) => ({
  'webhook-id': String(headers['webhook-id']),
  'webhook-timestamp': String(headers['webhook-timestamp']),
  'webhook-signature': String(headers['webhook-signature']),
})

test('MT-19 what happens is sent signed as Standard Webhooks wants it, and its own library verifies it', async () => {
  const { received, url } = await receiver()
  const endpoint = await newEndpoint(url, ['contractors.list.created'])
  assert.match(endpoint.secret, /^whsec_[A-Za-z0-9+/]{43}=$/)
  const list = await makeList('Told of')
  await runJobs(world)
  assert.equal(received.length, 1)
  const [{ headers, body }] = received as [Received]
  const verified = new Webhook(endpoint.secret).verify(body, headersFor(headers)) as Record<string, unknown>
  assert.equal(verified.type, 'contractors.list.created')
  assert.deepEqual(verified.data, { id: list.id, name: 'Told of' })
  assert.throws(() => new Webhook(endpoint.secret).verify(`${body} `, headersFor(headers)))
  const [delivery] = await deliveriesOf(endpoint)
  assert.deepEqual([delivery?.status, delivery?.attempts, delivery?.lastStatusCode], ['succeeded', 1, 200])
  assert.equal(headers['webhook-id'], `msg_${delivery?.eventId}`)
  const details = await answer<DeliveryDetails>(await alice.fetch(`/webhook-deliveries/${delivery?.id}`), 200)
  assert.deepEqual(details.payload, JSON.parse(body))
  assert.equal(details.tries[0]?.response, 'said so')
  await alice.fetch(`/contractor-lists/${list.id}`, { method: 'DELETE' })
  await runJobs(world)
  assert.equal(received.length, 1, 'of what it has not subscribed to it hears nothing')
  const stored = await admin.query('select to_jsonb(e) as row from webhooks.endpoints as e where id = $1', [
    endpoint.id,
  ])
  const logged = await admin.query('select changes from audit.audit_logs where resource_id = $1', [endpoint.id])
  assert.ok(!JSON.stringify([stored.rows, logged.rows]).includes(endpoint.secret.slice(6)), 'GG-17')
  assert.ok(logged.rows.length > 0, 'control: its changes are logged')
  await remove(endpoint)
})

test('MT-19 what is undone is not sent', async () => {
  const { received, url } = await receiver()
  const endpoint = await newEndpoint(url)
  await assert.rejects(
    app.db.transaction(alice.scope, async tx => {
      await emitEvent(app, tx, { type: 'contractors.list.created', data: { id: 'never' } })
      await tx.run(sql`select 1 / 0`)
    }),
  )
  await runJobs(world)
  assert.equal(received.length, 0)
  await app.db.transaction(alice.scope, tx =>
    emitEvent(app, tx, { type: 'contractors.list.created', data: { id: 'done' } }),
  )
  await runJobs(world)
  assert.equal(received.length, 1, 'control')
  await assert.rejects(
    app.db.transaction(alice.scope, tx => emitEvent(app, tx, { type: 'contractors.unheard', data: {} })),
    { code: 'webhooks.event_type_unknown' },
  )
  await remove(endpoint)
})

test('MT-19 what is not taken is sent again with growing pauses, under one id, and fails after three days', async () => {
  let status = 503
  const { received, url } = await receiver(() => status)
  const endpoint = await newEndpoint(url)
  await makeList('Retried')
  await runJobs(world)
  assert.equal(received.length, 1)
  const due = await admin.query(
    `select extract(epoch from start_after - now()) as seconds from jobs.job
     where name = 'webhooks.deliver-event' and state = 'created'`,
  )
  assert.ok(Number(due.rows[0].seconds) > 3 && Number(due.rows[0].seconds) < 6, 'the first pause is 5 seconds')
  status = 200
  await passPauses()
  await runJobs(world)
  const ids = new Set(received.map(({ headers }) => headers['webhook-id']))
  assert.deepEqual([received.length, ids.size], [2, 1])
  assert.equal((await deliveriesOf(endpoint))[0]?.status, 'succeeded')

  status = 500
  await makeList('Never taken')
  for (let round = 0; round <= pauses.length; round++) {
    await runJobs(world)
    await passPauses()
  }
  await runJobs(world)
  const [failed] = await deliveriesOf(endpoint)
  assert.deepEqual([failed?.status, failed?.attempts], ['failed', pauses.length + 1])
  assert.ok(pauses.reduce((sum, each) => sum + each, 0) > 3 * 86_400)
  await remove(endpoint)
})

test('MT-19 a job that is run twice sends nothing twice once the try is written down', async () => {
  const { received, url } = await receiver()
  const endpoint = await newEndpoint(url)
  const { id: eventId } = { id: crypto.randomUUID() }
  const tenantId = alice.tenantId
  const event = { tenantId, eventId, type: 'contractors.list.created', occurredAt: new Date().toISOString(), data: {} }
  await Promise.all(Array.from({ length: 5 }, () => dispatchEvent.run(event, app)))
  await runJobs(world)
  assert.equal(received.length, 1)
  const [delivery] = await deliveriesOf(endpoint)
  await deliverEvent.run({ tenantId, deliveryId: delivery?.id as string, number: 1 }, app)
  assert.equal(received.length, 1)
  await remove(endpoint)
})

test('MT-19 a delivery is replayed, and a test reaches one endpoint alone', async () => {
  const [one, other] = [await receiver(), await receiver()]
  const endpoint = await newEndpoint(one.url, ['contractors.item.added'])
  const neighbour = await newEndpoint(other.url, ['contractors.item.added'])
  await answer(await alice.fetch(`/webhooks/${endpoint.id}/test`, { method: 'POST' }), 202)
  await runJobs(world)
  assert.deepEqual([one.received.length, other.received.length], [1, 0])
  const [delivery] = await deliveriesOf(endpoint)
  assert.equal(delivery?.type, 'webhooks.test')
  const replay = await answer<DeliveryDetails>(
    await alice.fetch(`/webhook-deliveries/${delivery?.id}/replay`, { method: 'POST' }),
    201,
  )
  assert.equal(replay.isReplay, true)
  await runJobs(world)
  assert.deepEqual(one.received[1]?.headers['webhook-id'], one.received[0]?.headers['webhook-id'])
  await remove(endpoint)
  await remove(neighbour)
})

test('MT-19 a new secret signs beside the old one for its overlap', async () => {
  const { received, url } = await receiver()
  const endpoint = await newEndpoint(url)
  const rotated = await answer<NewEndpoint>(
    await alice.fetch(`/webhooks/${endpoint.id}/secret`, { method: 'POST', body: { overlapHours: 1 } }),
    201,
  )
  assert.notEqual(rotated.secret, endpoint.secret)
  await makeList('Signed twice')
  await runJobs(world)
  const [{ headers, body }] = received as [Received]
  for (const secret of [endpoint.secret, rotated.secret]) new Webhook(secret).verify(body, headersFor(headers))
  await admin.query(`update webhooks.endpoints set previous_secret_until = now() where id = $1`, [endpoint.id])
  await makeList('Signed once')
  await runJobs(world)
  const last = received[1] as Received
  new Webhook(rotated.secret).verify(last.body, headersFor(last.headers))
  assert.throws(() => new Webhook(endpoint.secret).verify(last.body, headersFor(last.headers)))
  await remove(endpoint)
})

test('MT-19 one that is gone, or fails for five days, is switched off, and its maker is told', async () => {
  const gone = await receiver(() => 410)
  const endpoint = await newEndpoint(gone.url)
  await makeList('Gone')
  await runJobs(world)
  const seen = await answer<Endpoint>(await alice.fetch(`/webhooks/${endpoint.id}`), 200)
  assert.deepEqual([seen.isEnabled, seen.disabledReason], [false, 'It answered 410: it is gone.'])
  const told = await admin.query(`select title from notifications.notifications where kind = 'webhooks.switched_off'`)
  assert.equal(told.rows.length, 1)
  await refusal(await alice.fetch(`/webhooks/${endpoint.id}/test`, { method: 'POST' }), 409, 'webhooks.endpoint_off')
  await answer(await alice.fetch(`/webhooks/${endpoint.id}`, { method: 'PATCH', body: { isEnabled: true } }), 200)
  await remove(endpoint)

  const failing = await receiver(() => 500)
  const second = await newEndpoint(failing.url)
  await makeList('Failing')
  await runJobs(world)
  assert.equal((await answer<Endpoint>(await alice.fetch(`/webhooks/${second.id}`), 200)).isEnabled, true)
  await admin.query(`update webhooks.endpoints set failing_since = now() - interval '5 days 1 hour' where id = $1`, [
    second.id,
  ])
  await passPauses()
  await runJobs(world)
  assert.equal((await answer<Endpoint>(await alice.fetch(`/webhooks/${second.id}`), 200)).isEnabled, false)
  await remove(second)
})

test('AG-01 MT-19 another tenant hears, sees and changes none of it, and who may not see gets nothing', async () => {
  const { received, url } = await receiver()
  const theirs = await receiver()
  const endpoint = await newEndpoint(url)
  const bobs = await newEndpoint(theirs.url, ['*'], bob)
  await makeList('Ours alone')
  await runJobs(world)
  assert.deepEqual([received.length, theirs.received.length], [1, 0])
  const [delivery] = await deliveriesOf(endpoint)
  for (const [method, path, body] of [
    ['GET', `/webhooks/${endpoint.id}`],
    ['PATCH', `/webhooks/${endpoint.id}`, { isEnabled: false }],
    ['DELETE', `/webhooks/${endpoint.id}`],
    ['POST', `/webhooks/${endpoint.id}/secret`, { overlapHours: 0 }],
    ['POST', `/webhooks/${endpoint.id}/test`],
    ['GET', `/webhooks/${endpoint.id}/deliveries`],
  ] as const) {
    await refusal(await bob.fetch(path, { method, body }), 404, 'webhooks.endpoint_not_found')
  }
  for (const [method, path] of [
    ['GET', ''],
    ['POST', '/replay'],
  ] as const) {
    const response = await bob.fetch(`/webhook-deliveries/${delivery?.id}${path}`, { method })
    await refusal(response, 404, 'webhooks.delivery_not_found')
  }
  await refusal(await viewer.fetch('/webhooks'), 403, 'http.permission_missing')
  await remove(endpoint)
  await answer(await bob.fetch(`/webhooks/${bobs.id}`, { method: 'DELETE' }), 204)
})

test('MT-19 input that makes no sense is refused, and twenty are the most', async () => {
  const post = (body: object) => alice.fetch('/webhooks', { method: 'POST', body })
  for (const url of ['ftp://example.com/', 'nonsense', 'javascript:alert(1)', 'https://user:pass@example.com/']) {
    await refusal(await post({ url, eventTypes: ['*'] }), 400, 'webhooks.url_invalid')
  }
  const url = 'https://example.com/hook'
  await refusal(await post({ url, eventTypes: ['contractors.unheard'] }), 400, 'webhooks.event_type_unknown')
  const made = await Promise.all(Array.from({ length: 25 }, () => post({ url, eventTypes: ['*'] })))
  const counts = Map.groupBy(made, ({ status }) => status)
  assert.deepEqual([counts.get(201)?.length, counts.get(409)?.length], [20, 5])
  await admin.query('delete from webhooks.endpoints')
  forgetEndpoints(app, alice.tenantId)
})

test('MT-19 a try that two workers make at once counts once, with one outcome and one next try', async () => {
  const waiting: (() => void)[] = []
  let statuses = [503, 500]
  // Answers once both are there, so that each has found the try to be made before the other has settled it.
  const { received, url } = await receiver(
    () => statuses.pop() ?? 200,
    () =>
      new Promise<void>(resolve => {
        waiting.push(resolve)
        if (waiting.length === 2) for (const each of waiting.splice(0)) each()
      }),
  )
  const endpoint = await newEndpoint(url)
  const { tenantId } = alice
  const occurredAt = new Date().toISOString()
  await dispatchEvent.run(
    { tenantId, eventId: crypto.randomUUID(), type: 'contractors.list.created', occurredAt, data: {} },
    app,
  )
  const [delivery] = await deliveriesOf(endpoint)
  assert.deepEqual([delivery?.status, delivery?.attempts], ['pending', 0])
  const attempt = (number: number) => deliverEvent.run({ tenantId, deliveryId: delivery?.id ?? '', number }, app)
  const nextTries = async (number: number) =>
    (
      await admin.query(
        `select count(*)::integer as count from jobs.job
         where name = 'webhooks.deliver-event' and data ->> 'deliveryId' = $1 and data ->> 'number' = $2`,
        [delivery?.id, String(number)],
      )
    ).rows[0].count
  await Promise.all([attempt(1), attempt(1)])
  assert.equal(received.length, 2, 'control: both were at it')
  const failed = (await deliveriesOf(endpoint))[0] as Delivery
  assert.deepEqual([failed.status, failed.attempts], ['pending', 1])
  const { tries } = await answer<DeliveryDetails>(await alice.fetch(`/webhook-deliveries/${failed.id}`), 200)
  assert.deepEqual(
    tries.map(({ number, statusCode }) => [number, statusCode]),
    [[1, failed.lastStatusCode]],
    'what is told is what was counted',
  )
  assert.equal(await nextTries(2), 1)

  // One is taken and the other not: whichever is first stands, and what has ended is not begun again.
  statuses = [200, 503]
  await Promise.all([attempt(2), attempt(2)])
  const ended = (await deliveriesOf(endpoint))[0] as Delivery
  assert.equal(ended.attempts, 2)
  assert.equal(ended.status, ended.lastStatusCode === 200 ? 'succeeded' : 'pending')
  assert.equal(await nextTries(3), ended.status === 'pending' ? 1 : 0)
  await attempt(2)
  await attempt(1)
  assert.equal(received.length, 4, 'a try that was made is not made again')
  await remove(endpoint)
})

test('MT-19 events are kept 30 days', async () => {
  const { url } = await receiver()
  const endpoint = await newEndpoint(url)
  await makeList('Old')
  await runJobs(world)
  assert.equal((await deliveriesOf(endpoint)).length, 1)
  await admin.query(`update webhooks.events set created_at = now() - interval '31 days'`)
  await removeOldEvents.run({}, app)
  assert.equal((await deliveriesOf(endpoint)).length, 0)
  await remove(endpoint)
})
