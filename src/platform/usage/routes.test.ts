import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { mailsTo } from '#test/mails.ts'
import { believedNoLonger, type Person, testWorld } from '#test/world.ts'
import { flushUsage } from './flows.ts'
import type { Limit, Limits } from './limits.ts'
import { rollUp } from './rollups.ts'
import { sendWarnings } from './warnings.ts'

const world = await testWorld({ meter: true })
const { app, admin, alice, bob, viewer } = world

await admin.query('insert into identity.operators (user_id) values ($1)', [bob.userId])
await believedNoLonger()

async function call<T>(
  person: Person,
  method: string,
  path: string,
  body?: unknown,
): Promise<{ status: number; body: T; headers: Headers }> {
  const response = await person.fetch(path, { method, body })
  return {
    status: response.status,
    body: (response.status === 204 ? undefined : await response.json()) as T,
    headers: response.headers,
  }
}

const limitOf = (limits: Limits, metric: string) => limits.limits.find(each => each.metric === metric) as Limit
const mine = async () => (await call<Limits>(alice, 'GET', '/usage/limits')).body
const limit = (metric: string, quota: number | null, isHard = true, tenantId = alice.tenantId) =>
  call<Limits>(bob, 'PUT', `/installation/tenants/${tenantId}/limits/${metric}`, { limit: quota, isHard })
const newList = (person: Person) =>
  call<{ id: string; code: string; quota: unknown; detail: string }>(person, 'POST', '/contractor-lists', {
    name: 'Partners',
  })

test('AG-02 AG-07 everybody has the plan Standard without limits until he is given another', async () => {
  const { plan, limits } = await mine()
  assert.deepEqual([plan.name, plan.since, plan.subscriptionStatus], ['standard', null, 'active'])
  assert.ok(limits.every(({ limit, share }) => limit === null && share === null))
  assert.equal(limitOf({ plan, limits }, 'tenancy.members').used, 2)
  const refused = await call<{ permission: string }>(viewer, 'GET', '/usage/limits')
  assert.deepEqual([refused.status, refused.body.permission], [403, 'usage.usage.read'])
})

test('AG-02 AG-07 operators make plans and give them; their limits hold at once', async () => {
  const made = await call<{ id: string; isDefault: boolean }>(bob, 'POST', '/plans', {
    name: 'team',
    displayName: 'Team',
    limits: [{ metric: 'contractors.lists', limit: 2 }],
  })
  assert.deepEqual([made.status, made.body.isDefault], [201, false])
  const again = await call<{ code: string }>(bob, 'POST', '/plans', { name: 'team', displayName: 'Team' })
  assert.deepEqual([again.status, again.body.code], [409, 'usage.plan_name_taken'])
  const unknown = await call<{ code: string }>(bob, 'POST', '/plans', {
    name: 'odd',
    displayName: 'Odd',
    limits: [{ metric: 'a.b', limit: 1 }],
  })
  assert.deepEqual([unknown.status, unknown.body.code], [404, 'usage.metric_unknown'])

  const given = await call<Limits>(bob, 'PUT', `/installation/tenants/${alice.tenantId}/plan`, {
    planId: made.body.id,
    subscriptionStatus: 'trialing',
    trialEndsAt: '2027-01-01T00:00:00Z',
  })
  assert.deepEqual([given.status, given.body.plan.name, given.body.plan.subscriptionStatus], [200, 'team', 'trialing'])
  assert.deepEqual([(await newList(alice)).status, (await newList(alice)).status], [201, 201])
  const refused = await newList(alice)
  assert.deepEqual([refused.status, refused.body.code], [409, 'usage.quota_exceeded'])
  assert.deepEqual(refused.body.quota, { metric: 'contractors.lists', limit: 2, used: 2 })
  assert.equal((await newList(bob)).status, 201, 'control: another tenant is not limited')
  assert.deepEqual(limitOf(await mine(), 'contractors.lists').share, 1)

  const changed = await call<{ limits: unknown }>(bob, 'PATCH', `/plans/${made.body.id}`, {
    limits: [{ metric: 'contractors.lists', limit: 3, isHard: true }],
  })
  assert.equal(changed.status, 200)
  assert.equal((await newList(alice)).status, 201)
  assert.equal((await newList(alice)).status, 409)

  const holders = await call<{ items: { tenantId: string }[] }>(bob, 'GET', `/plans/${made.body.id}/tenants`)
  assert.deepEqual(
    holders.body.items.map(({ tenantId }) => tenantId),
    [alice.tenantId],
  )
  const held = await call<{ code: string }>(bob, 'DELETE', `/plans/${made.body.id}`)
  assert.deepEqual([held.status, held.body.code], [409, 'usage.plan_held'])

  const { body: plans } = await call<{ items: { id: string; name: string; isBuiltIn: boolean }[] }>(
    bob,
    'GET',
    '/plans',
  )
  const standard = plans.items.find(({ name }) => name === 'standard')
  const needed = await call<{ code: string }>(bob, 'DELETE', `/plans/${standard?.id}`)
  assert.deepEqual([needed.status, needed.body.code], [409, 'usage.plan_needed'])
  await call(bob, 'PUT', `/installation/tenants/${alice.tenantId}/plan`, { planId: standard?.id })
  assert.equal((await newList(alice)).status, 201)
  const { rows } = await admin.query('select count(*)::integer as count from usage.tenant_plans where tenant_id = $1', [
    alice.tenantId,
  ])
  assert.equal(rows[0].count, 2, 'the plan before it stays on record')
})

test('AG-07 a plan that is made the default holds for everybody who was given none', async () => {
  const { body: plan } = await call<{ id: string }>(bob, 'POST', '/plans', {
    name: 'basic',
    displayName: 'Basic',
    isDefault: true,
    limits: [{ metric: 'contractors.lists', limit: 0 }],
  })
  assert.equal((await newList(bob)).status, 409)
  assert.equal((await newList(alice)).status, 201, 'control: she was given Standard')
  const stays = await call<{ code: string }>(bob, 'PATCH', `/plans/${plan.id}`, { isActive: false })
  assert.deepEqual([stays.status, stays.body.code], [409, 'usage.plan_default_stays'])
  const { body: plans } = await call<{ items: { id: string; name: string }[] }>(bob, 'GET', '/plans')
  await call(bob, 'PATCH', `/plans/${plans.items.find(({ name }) => name === 'standard')?.id}`, { isDefault: true })
  assert.equal((await newList(bob)).status, 201)
  assert.equal((await call(bob, 'PATCH', `/plans/${plan.id}`, { isActive: false })).status, 200)
  const inactive = await call<{ code: string }>(bob, 'PUT', `/installation/tenants/${bob.tenantId}/plan`, {
    planId: plan.id,
  })
  assert.deepEqual([inactive.status, inactive.body.code], [409, 'usage.plan_inactive'])
  assert.equal((await call(bob, 'DELETE', `/plans/${plan.id}`)).status, 204)
})

test('AG-02 a limit of its own stands in place of the plan’s, and members are held to it', async () => {
  assert.equal((await limit('tenancy.members', 2)).status, 200)
  const person = await world.admin.query('select id from identity.users where id = $1', [bob.userId])
  assert.equal(person.rows.length, 1)
  const join = admin.query('insert into tenancy.user_tenants (tenant_id, user_id) values ($1, $2)', [
    alice.tenantId,
    bob.userId,
  ])
  await assert.rejects(join, /The limit of tenancy.members is reached/)
  assert.equal(limitOf(await mine(), 'tenancy.members').isOwn, true)
  assert.equal(
    (await call(bob, 'DELETE', `/installation/tenants/${alice.tenantId}/limits/tenancy.members`)).status,
    204,
  )
  assert.equal(
    (await call(bob, 'DELETE', `/installation/tenants/${alice.tenantId}/limits/tenancy.members`)).status,
    404,
  )
  await admin.query('insert into tenancy.user_tenants (tenant_id, user_id) values ($1, $2)', [
    alice.tenantId,
    bob.userId,
  ])
  assert.equal(limitOf(await mine(), 'tenancy.members').used, 3)
  await admin.query('delete from tenancy.user_tenants where tenant_id = $1 and user_id = $2', [
    alice.tenantId,
    bob.userId,
  ])
  for (const path of ['limits/tenancy.members', 'plan']) {
    const body = path === 'plan' ? { planId: randomUUID() } : { limit: 1, isHard: true }
    assert.equal((await call(bob, 'PUT', `/installation/tenants/${randomUUID()}/${path}`, body)).status, 404)
  }
})

test('AG-02 list items are held to a limit, and an item that was refused is nowhere', async () => {
  const { body: list } = await newList(alice)
  await admin.query(
    `insert into contractors.contractor_profiles (uei, name) values ('ZQGGHJH74DW7', 'One'), ('ZQGGHJH74DW8', 'Two')`,
  )
  await limit('contractors.list_items', 1)
  const add = (uei: string) => call<{ code: string }>(alice, 'POST', `/contractor-lists/${list.id}/items`, { uei })
  assert.equal((await add('ZQGGHJH74DW7')).status, 201)
  const refused = await add('ZQGGHJH74DW8')
  assert.deepEqual([refused.status, refused.body.code], [409, 'usage.quota_exceeded'])
  assert.equal((await call(alice, 'DELETE', `/contractor-lists/${list.id}`)).status, 204)
  assert.equal(limitOf(await mine(), 'contractors.list_items').used, 0, 'a cascade gives back too')
})

test('AG-02 requests by programs are counted and held to the month, in the headers too; another tenant is not', async () => {
  await flushUsage(app)
  const used = limitOf(await mine(), 'http.requests').used
  await flushUsage(app)
  assert.equal(limitOf(await mine(), 'http.requests').used, used + 1)
  assert.ok(limitOf(await mine(), 'http.bytes_sent').used > 1000)

  const before = limitOf(await mine(), 'http.requests').used
  await limit('http.requests', before + 10)
  // What this process remembers is at most some seconds old; a flush and a later clock stand for them.
  await flushUsage(app)
  const clock = app.clock
  app.clock = { now: () => new Date(clock.now().getTime() + 6_000) }
  try {
    await alice.fetch('/contractor-lists')
    await new Promise(resolve => setTimeout(resolve, 200))
    const statuses: number[] = []
    let last: Response | undefined
    for (let i = 0; i < 20; i++) {
      last = await alice.fetch('/contractor-lists')
      statuses.push(last.status)
      await last.text()
    }
    assert.ok(statuses.filter(status => status === 200).length >= 3, String(statuses))
    assert.equal(statuses.at(-1), 429)
    assert.equal(statuses.indexOf(429), statuses.filter(status => status === 200).length)
    assert.match(last?.headers.get('ratelimit') ?? '', /"month";r=0;t=\d+/)
    assert.ok(Number(last?.headers.get('retry-after')) > 0)
    assert.equal((await alice.fetch('/me')).status, 200, 'what needs no permission still answers')
    assert.equal((await bob.fetch('/contractor-lists')).status, 200, 'control: another tenant is not limited')
  } finally {
    app.clock = clock
  }
  await flushUsage(app)
  const { body: standing } = await call<Limits>(bob, 'GET', `/installation/tenants/${alice.tenantId}/limits`)
  assert.equal(limitOf(standing, 'http.requests').used, before + 10)
  await limit('http.requests', null)
  app.clock = { now: () => new Date(clock.now().getTime() + 20_000) }
  try {
    await (await alice.fetch('/contractor-lists')).text()
    await new Promise(resolve => setTimeout(resolve, 200))
    assert.equal((await alice.fetch('/contractor-lists')).status, 200, 'a larger plan is felt within seconds')
  } finally {
    app.clock = clock
  }
})

test('AG-02 bytes sent to a tenant are held to the month as well', async () => {
  await limit('http.bytes_sent', 10)
  const clock = app.clock
  app.clock = { now: () => new Date(clock.now().getTime() + 60_000) }
  try {
    await (await alice.fetch('/contractor-lists')).text()
    await new Promise(resolve => setTimeout(resolve, 200))
    const { status, body } = await call<{ code: string; quota: { metric: string } }>(alice, 'GET', '/contractor-lists')
    assert.deepEqual([status, body.code, body.quota.metric], [429, 'usage.monthly_quota_exceeded', 'http.bytes_sent'])
    assert.equal((await bob.fetch('/contractor-lists')).status, 200, 'control: another tenant is not limited')
    await limit('http.bytes_sent', 10, false)
    app.clock = { now: () => new Date(clock.now().getTime() + 120_000) }
    await (await alice.fetch('/contractor-lists')).text()
    await new Promise(resolve => setTimeout(resolve, 200))
    assert.equal((await alice.fetch('/contractor-lists')).status, 200, 'a soft limit refuses nothing')
    await limit('http.bytes_sent', null)
  } finally {
    app.clock = clock
  }
})

test('AG-02 owners are told at 80 and at 100 percent, once in a month', async () => {
  await flushUsage(app)
  await rollUp(app.db.scoped({ system: true }))
  await sendWarnings(app)
  const told = async () =>
    (await mailsTo(world, alice.email)).filter(({ subject }) => /limit/.test(subject)).map(({ subject }) => subject)
  const before = (await told()).length
  const used = limitOf(await mine(), 'contractors.lists').used
  await limit('contractors.lists', used + 1)
  await sendWarnings(app)
  await sendWarnings(app)
  assert.deepEqual((await told()).slice(before), ['Contractor lists: 80 % of the limit are used'])
  await newList(alice)
  await Promise.all([sendWarnings(app), sendWarnings(app)])
  assert.deepEqual((await told()).slice(before + 1), ['Contractor lists: the limit is reached'])
  const others = (await mailsTo(world, bob.email)).filter(({ subject }) => /limit/.test(subject))
  assert.deepEqual(others, [], 'another tenant’s owner is told nothing')
})

test('AG-02 usage is answered by hour, day and month, and a range that is too long is refused', async () => {
  type Answer = { by: string; series: { metric: string; points: { value: number | null }[] }[]; code?: string }
  for (const [by, count] of [
    ['hour', 48],
    ['day', 30],
    ['month', 12],
  ] as const) {
    const { body } = await call<Answer>(alice, 'GET', `/usage?by=${by}`)
    assert.deepEqual([body.by, body.series[0]?.points.length], [by, count])
    assert.deepEqual(
      body.series.map(({ metric }) => metric),
      [
        'http.requests',
        'http.bytes_sent',
        'tenancy.members',
        'contractors.lists',
        'contractors.list_items',
        'contractors.saved_searches',
        'contractors.exports',
        'assignments.participants',
        'assignments.rounds',
      ],
    )
  }
  const one = await call<Answer>(alice, 'GET', '/usage?metric=contractors.lists&by=day')
  assert.ok((one.body.series[0]?.points.at(-1)?.value ?? 0) > 0)
  for (const [query, status] of [
    ['metric=no.such', 404],
    ['by=hour&from=2020-01-01T00:00:00Z', 400],
    ['from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z', 400],
    ['by=week', 400],
  ] as const) {
    assert.equal((await call(alice, 'GET', `/usage?${query}`)).status, status, query)
  }
})
