import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hashToken } from '#platform/crypto'
import { sql } from '#platform/database'
import { testWorld } from '#test/world.ts'
import { createDomain } from '../domains/domains.ts'
import { createParticipant, updateParticipant } from '../participants/participants.ts'
import { createAssignment, updateAssignment } from '../rounds/assignments.ts'
import { addDetail } from '../rounds/details.ts'
import { createTarget } from '../targets/targets.ts'
import { parseCalendar, propertyOf, unescaped } from './calendar-text.test.grammar.ts'
import { listFeedEvents } from './feed-events.ts'

const world = await testWorld()
const { db, admin, alice, bob, viewer, app, baseUrl } = world
const inTx = <T>(work: Parameters<typeof db.transaction<T>>[1]) => db.transaction(alice.scope, work)
await admin.query(`update tenancy.tenants set settings = settings || '{"timezone": "Europe/Berlin"}' where id = $1`, [
  alice.tenantId,
])

const chores = await inTx(tx => createDomain(tx, { name: 'chores', displayName: 'Chores, of the house' }))
const anna = await inTx(tx => createParticipant(tx, chores.id, { name: 'Anna' }))
const kitchen = await inTx(tx => createTarget(tx, chores.id, { name: 'Kitchen' }))
const door = await inTx(tx =>
  createTarget(tx, chores.id, { name: 'Door', weekday: 'saturday', startsAt: '20:00', endsAt: '02:00' }),
)
// The last Sunday of March, when summer time begins: of next year and so ahead, whenever this is run.
const march = new Date(Date.UTC(new Date().getUTCFullYear() + 1, 2, 31))
const fromSunday = (days: number) =>
  new Date(march.getTime() + (days - march.getUTCDay()) * 86_400_000).toISOString().slice(0, 10)
const bare = (days: number) => fromSunday(days).replaceAll('-', '')
const round = await inTx(tx =>
  createAssignment(tx, chores.id, { assignmentDate: fromSunday(-6), endsOn: fromSunday(7) }),
)
const put = (targetId: string) => inTx(tx => addDetail(tx, round.id, { participantId: anna.id, targetId }))
const publish = () =>
  inTx(tx => tx.run(sql`update assignments.assignments set published_at = now() where id = ${round.id}`))

const path = `/participants/${anna.id}/calendar-feed`
const newAddress = async () => {
  const answer = await alice.fetch(path, { method: 'PUT' })
  assert.equal(answer.status, 200)
  return String((await answer.json()).address).replace(app.publicUrl, baseUrl)
}
const feedOf = async () => (await (await alice.fetch(path)).json()).feed
const eventsAt = async (address: string) => {
  const answer = await fetch(address)
  assert.equal(answer.status, 200, address)
  return parseCalendar(await answer.text()).components.map(event => ({
    summary: unescaped(propertyOf(event, 'SUMMARY') ?? ''),
    uid: propertyOf(event, 'UID'),
    sequence: Number(propertyOf(event, 'SEQUENCE')),
    status: propertyOf(event, 'STATUS'),
    start: propertyOf(event, 'DTSTART'),
    end: propertyOf(event, 'DTEND'),
  }))
}
const brief = (events: Awaited<ReturnType<typeof eventsAt>>) =>
  events.map(({ summary, status, start, end }) => [summary, status, start, end].join(' '))

test('VS-08 a calendar program reads published rounds under a secret address, in the hours of the workspace, without signing in', async () => {
  assert.equal(await feedOf(), null)
  const address = await newAddress()
  await put(kitchen.id)
  await put(door.id)
  assert.deepEqual(await eventsAt(address), [], 'a draft is nobody’s business')
  await publish()
  const first = await eventsAt(address)
  assert.deepEqual(brief(first), [
    // 20:00 is 19:00 UTC in winter, 18:00 in summer; the first night is an hour shorter.
    `Door CONFIRMED ${bare(-1)}T190000Z ${bare(0)}T010000Z`,
    `Door CONFIRMED ${bare(6)}T180000Z ${bare(7)}T000000Z`,
    `Kitchen CONFIRMED ${bare(-6)} ${bare(8)}`,
  ])
  assert.equal(new Set(first.map(each => each.uid)).size, 3)
  assert.deepEqual(await eventsAt(address), first, 'the same as long as nothing changes')
  const answer = await fetch(address)
  assert.match(answer.headers.get('content-type') ?? '', /^text\/calendar; charset=utf-8$/)
  assert.equal(answer.headers.get('set-cookie'), null)
  assert.equal(answer.headers.get('cache-control'), 'private, no-cache')
  const known = await fetch(address, { headers: { 'if-none-match': answer.headers.get('etag') ?? '' } })
  assert.equal(known.status, 304, 'who has it already is told so')
  assert.equal(unescaped(propertyOf(parseCalendar(await answer.text()), 'NAME') ?? ''), 'Chores, of the house')
  assert.ok((await feedOf()).lastReadAt)

  await inTx(tx => tx.run(sql`delete from assignments.assignment_details where target_id = ${door.id}`))
  const second = await eventsAt(address)
  const uidsOf = (events: typeof first) => events.map(each => each.uid).toSorted()
  assert.deepEqual(uidsOf(second), uidsOf(first))
  assert.deepEqual(
    second.map(each => `${each.summary} ${each.status}`),
    ['Door CANCELLED', 'Door CANCELLED', 'Kitchen CONFIRMED'],
  )
  for (const [index, { sequence }] of second.entries()) assert.ok(sequence > (first[index]?.sequence ?? 0))
  await inTx(tx =>
    tx.run(sql`
      insert into assignments.assignment_details (assignment_id, participant_id, target_id)
      values (${round.id}, ${anna.id}, ${door.id})
    `),
  )
  assert.deepEqual(uidsOf(await eventsAt(address)), uidsOf(first), 'who is put on again has the same events again')
  await inTx(tx => updateAssignment(tx, round.id, { status: 'cancelled' }))
  assert.deepEqual(new Set((await eventsAt(address)).map(each => each.status)), new Set(['CANCELLED']))
  await inTx(tx => updateAssignment(tx, round.id, { status: 'active' }))
})

test('VS-08 AG-01 an address is made anew, taken back and ends with its participant or workspace; all that is unknown is answered alike', async () => {
  const old = await newAddress()
  const address = await newAddress()
  const answerOf = async (url: string) => {
    const answer = await fetch(url)
    const { requestId: _, instance: __, ...body } = await answer.json()
    const headers = Object.fromEntries(answer.headers)
    return { status: answer.status, body, names: Object.keys(headers).toSorted(), type: headers['content-type'] }
  }
  const unknown = await answerOf(old)
  assert.deepEqual([unknown.status, unknown.body.code], [404, 'assignments.calendar_not_found'])
  const token = /([^/]+)\.ics$/.exec(address)?.[1] ?? ''
  const bytes = Buffer.from(token, 'base64url')
  const made = (tenantId: string, rest: Buffer) =>
    address.replace(
      token,
      Buffer.concat([Buffer.from(tenantId.replaceAll('-', ''), 'hex'), rest]).toString('base64url'),
    )
  const strangers = [
    made(bob.tenantId, bytes.subarray(16)),
    made('00000000-0000-4000-8000-000000000000', bytes.subarray(16)),
    made(alice.tenantId, Buffer.alloc(32, 7)),
    address.replace('.ics', ''),
    address.replace(token, 'x'),
    address.replace(token, `${token}A`),
  ]
  for (const stranger of strangers) assert.deepEqual(await answerOf(stranger), unknown, stranger)

  const ended = async (begin: () => Promise<unknown>, end: () => Promise<unknown>) => {
    await begin()
    assert.deepEqual(await answerOf(address), unknown)
    await end()
    await eventsAt(address)
  }
  const setActive = (isActive: boolean) => inTx(tx => updateParticipant(tx, anna.id, { isActive }))
  await ended(
    () => setActive(false),
    () => setActive(true),
  )
  const setTenant = (change: string) =>
    admin.query(`update tenancy.tenants set ${change} where id = $1`, [alice.tenantId])
  const restrict = (isOn: boolean) =>
    setTenant(`security_policy = jsonb_set(
      security_policy, '{ipRestrictions}',
      security_policy -> 'ipRestrictions' || '{"enabled": ${isOn}, "allowedRanges": ["203.0.113.0/24"]}'
    )`)
  await ended(
    () => restrict(true),
    () => restrict(false),
  )
  const suspend = (status: string) => setTenant(`status = '${status}'`)
  await ended(
    () => suspend('suspended'),
    () => suspend('active'),
  )

  for (const method of ['GET', 'PUT', 'DELETE'])
    assert.equal((await bob.fetch(path, { method })).status, 404, `${method} as the other tenant`)
  for (const method of ['PUT', 'DELETE'])
    assert.equal((await viewer.fetch(path, { method })).status, 403, `${method} as who only looks on`)
  await eventsAt(address)
  assert.deepEqual(
    await listFeedEvents(db.scoped(bob.scope), anna.id, { timeZone: 'UTC', publicUrl: app.publicUrl }),
    [],
    'in the scope of the other tenant',
  )
  assert.equal((await alice.fetch(path, { method: 'DELETE' })).status, 204)
  assert.deepEqual(await answerOf(address), unknown)
  assert.equal((await alice.fetch(path, { method: 'DELETE' })).status, 204)
})

test('VS-02 VS-08 the secret of an address is in no log and not in the database, which has its hash', async () => {
  const logged: string[] = []
  const log = app.log as unknown as Record<string, (...said: unknown[]) => void>
  const before = Object.fromEntries(['trace', 'debug', 'info', 'warn', 'error'].map(level => [level, log[level]]))
  for (const level of Object.keys(before)) log[level] = (...said) => logged.push(JSON.stringify(said))
  let token = ''
  try {
    const address = await newAddress()
    token = /([^/]+)\.ics$/.exec(address)?.[1] ?? ''
    await eventsAt(address)
    await fetch(address.replace('.ics', ''))
    await fetch(address, { method: 'POST' })
  } finally {
    Object.assign(log, before)
  }
  const requests = logged.filter(each => each.includes('/calendar/:file'))
  assert.ok(requests.length >= 2, 'control: requests are logged')
  assert.deepEqual(
    logged.filter(each => each.includes(token)),
    [],
  )
  const tables = ['assignments.calendar_feeds', 'audit.audit_logs', 'http.idempotency_keys']
  const holding = async (text: string) => {
    const found: string[] = []
    for (const table of tables) {
      const { rows } = await admin.query(`select from ${table} as t where t::text like $1 limit 1`, [`%${text}%`])
      if (rows.length > 0) found.push(table)
    }
    return found
  }
  assert.deepEqual(await holding(token), [])
  assert.deepEqual(await holding(Buffer.from(token).toString('hex')), [])
  assert.deepEqual(await holding(hashToken(token).toString('hex')), ['assignments.calendar_feeds'])
})

test('VS-08 a calendar is read 120 times a minute from one address, and then refused until later', async () => {
  const address = await newAddress()
  const headers = { 'x-forwarded-for': '198.51.100.77' }
  let status = 200
  let asked = 0
  for (; status === 200 && asked < 130; asked++) status = (await fetch(address, { headers })).status
  assert.deepEqual([asked, status], [121, 429])
})
