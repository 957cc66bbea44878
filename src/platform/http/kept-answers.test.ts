import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, beforeEach, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Type } from 'typebox'
import { accountsOf } from '#platform/accounts'
import type { App } from '#platform/app.ts'
import { sql } from '#platform/database'
import { DomainError } from '#platform/errors.ts'
import type { Module } from '#platform/module.ts'
import { joinAs, newPerson, type Person, signIn, testWorld } from '#test/world.ts'
import { Reply, route } from './index.ts'
import { type KeptAnswer, KeptAnswers } from './kept-answers.ts'
import { checkRoutes } from './routes.ts'

/** What the handlers below were asked, and what they wait for. */
const asked: string[] = []
let gate: Promise<unknown> = Promise.resolve()
let failure: Error | undefined

const query = Type.Object({ q: Type.Optional(Type.String()), r: Type.Optional(Type.String()) })
const Counted = Type.Object({
  lists: Type.Integer(),
  asks: Type.Integer(),
  tenantId: Type.String(),
  userId: Type.String(),
})
const counted = (name: string, kept: { seconds: number; per: 'user' | 'permissions' }, etag: boolean) =>
  route({
    method: 'GET',
    path: `/probe/${name}`,
    allow: 'probe.read',
    reads: 'report',
    summary: 'Count lists',
    kept,
    etag,
    query,
    response: Counted,
    async handle({ scope }, app) {
      asked.push(name)
      const asks = asked.length
      const counts = await (app.placed ?? app.db).scoped(scope).one(sql<{ lists: number; tenantId: string }>`
        select count(*)::integer as lists, current_setting('app.tenant_id') as tenant_id
        from contractors.contractor_lists`)
      await gate
      if (failure) throw failure
      return { ...counts, asks, userId: scope.userId ?? 'nobody' }
    },
  })
const wide = { seconds: 60, per: 'user' } as const
const refused = (name: string, handle: (request: { headers: object }) => Promise<object>) =>
  route({
    method: 'GET',
    path: `/probe/${name}`,
    allow: 'probe.read',
    summary: 'Never kept',
    kept: wide,
    response: Type.Object({}),
    handle: handle as never,
  })

const probe = {
  name: 'probe',
  permissions: {
    'probe.read': { description: 'See counts', roles: ['owner', 'admin', 'viewer'] },
    'probe.write': { description: 'Change counts', roles: ['owner', 'admin'] },
  },
  routes: [
    counted('own', wide, true),
    counted('shared', { seconds: 60, per: 'permissions' }, false),
    counted('brief', { seconds: 0.2, per: 'user' }, false),
    refused('headers', async ({ headers }) => headers),
    refused('replies', async () => new Reply(200, {}, { headers: { 'x-of': 'one caller' } })),
    route({
      method: 'POST',
      path: '/probe/failed-writes',
      allow: 'probe.write',
      summary: 'Write, and fail',
      response: Type.Null(),
      status: 204,
      async handle() {
        throw new DomainError('probe.failed', 'conflict', 'It failed.')
      },
    }),
  ],
} satisfies Module

const world = await testWorld({ modules: [probe as unknown as Module] })
const { alice, bob, viewer, app, baseUrl, admin } = world
const kept = app.kept as NonNullable<App['kept']>

beforeEach(() => {
  kept.clear()
  asked.length = 0
  gate = Promise.resolve()
  failure = undefined
})

type Count = { lists: number; asks: number; tenantId: string; userId: string }
async function read(person: Person, path = '/probe/own', headers: Record<string, string> = {}): Promise<Count> {
  const answer = await person.fetch(path, { headers })
  assert.equal(answer.status, 200, path)
  return (await answer.json()) as Count
}

async function makeList(person: Person): Promise<void> {
  const answer = await person.fetch('/contractor-lists', { method: 'POST', body: { name: `List ${randomUUID()}` } })
  assert.equal(answer.status, 201)
}

test('PE-12 the same report is given again without being asked for, with its age and the same entity tag', async () => {
  const first = await alice.fetch('/probe/own')
  const again = await alice.fetch('/probe/own')
  assert.deepEqual(await again.json(), await first.json())
  assert.equal(asked.length, 1)
  assert.deepEqual([first.headers.get('age'), again.headers.get('age')], ['0', '0'])
  assert.equal(again.headers.get('etag'), first.headers.get('etag'))
  assert.equal(again.headers.get('cache-control'), 'private, no-cache', 'nobody else gives it without asking')
  const known = await alice.fetch('/probe/own', { headers: { 'if-none-match': first.headers.get('etag') ?? '' } })
  assert.deepEqual([known.status, await known.text(), asked.length], [304, '', 1])
  assert.equal((await alice.fetch('/probe/shared')).headers.get('cache-control'), 'no-store')
  await sleep(1_050)
  assert.ok(Number((await alice.fetch('/probe/own')).headers.get('age')) >= 1)
})

test('PE-12 it is kept for its seconds and no longer', async () => {
  await read(alice, '/probe/brief')
  await sleep(250)
  assert.equal((await read(alice, '/probe/brief')).asks, 2)
})

test('PE-12 other parameters are another report, in whatever order they come', async () => {
  await read(alice, '/probe/own?q=1&r=2')
  await read(alice, '/probe/own?r=2&q=1')
  assert.equal(asked.length, 1)
  for (const path of ['/probe/own', '/probe/own?q=1', '/probe/own?q=2&r=1', '/probe/shared?q=1&r=2'])
    await read(alice, path)
  assert.equal(asked.length, 5)
})

test('PE-12 AG-01 another tenant gets none of it, not with the same user either', async () => {
  await makeList(alice)
  kept.clear()
  assert.ok((await read(alice)).lists > 0)
  assert.equal((await read(bob)).lists, 0)
  await joinAs(world, alice.userId, bob.tenantId, 'owner')
  accountsOf(app).principals.forgetAll()
  for (const path of ['/probe/own', '/probe/shared']) {
    const here = await read(alice, path, { 'x-tenant-id': alice.tenantId })
    const there = await read(alice, path, { 'x-tenant-id': bob.tenantId })
    assert.deepEqual([here.tenantId, there.tenantId], [alice.tenantId, bob.tenantId], path)
    assert.equal(there.lists, 0)
  }
})

test('PE-12 another user of the tenant gets his own, and one answer is for all with the same permissions where it says so', async () => {
  const second = await signedInAs('owner')
  assert.equal((await read(alice)).userId, alice.userId)
  assert.equal((await read(second)).userId, second.userId)
  assert.equal(asked.length, 2)
  const shared = await read(alice, '/probe/shared')
  assert.equal(shared.userId, 'nobody', 'its handler is not told who asks')
  assert.deepEqual(await read(second, '/probe/shared'), shared, 'control: the same permissions')
  assert.equal((await read(viewer, '/probe/shared')).asks, shared.asks + 1, 'fewer permissions')
})

test('PE-12 who has lost the permission is refused what is kept, and with other permissions it is asked for anew', async () => {
  const person = await signedInAs('owner')
  const first = await read(person)
  await moveTo(person, 'viewer')
  assert.equal((await read(person)).asks, first.asks + 1)
  assert.equal((await read(person)).asks, first.asks + 1, 'control: kept')
  await moveTo(person, undefined)
  const answer = await person.fetch('/probe/own')
  assert.deepEqual([answer.status, asked.length], [403, first.asks + 1])
  assert.equal((await fetch(`${baseUrl}/api/v1/probe/own`)).status, 401)
})

test('PE-12 after one’s own write, or a colleague’s, the report is never older; another tenant’s stays', async () => {
  const before = await read(alice)
  const theirs = await read(bob)
  const shared = await read(viewer, '/probe/shared')
  await makeList(alice)
  assert.equal((await read(alice)).lists, before.lists + 1)
  assert.equal((await read(viewer, '/probe/shared')).asks, shared.asks + 2)
  assert.equal((await read(bob)).asks, theirs.asks, 'control: kept')
})

test('PE-12 what a job writes in a tenant, or a request that fails in the end, is not missing either', async () => {
  const first = await read(alice)
  const { tenantId } = alice
  const db = app.placed ?? app.db
  await db.scoped({ tenantId }).run(sql`update contractors.contractor_lists set name = name || '.'`)
  assert.equal((await read(alice)).asks, first.asks + 1)
  await db.transaction({ tenantId }, tx => tx.run(sql`select 1`))
  assert.equal((await read(alice)).asks, first.asks + 2)
  await alice.fetch('/probe/failed-writes', { method: 'POST' })
  assert.equal((await read(alice)).asks, first.asks + 3)
  await app.db.scoped({ userId: alice.userId }).run(sql`
    update identity.users set full_name = full_name where id = ${alice.userId}`)
  assert.equal((await read(alice)).asks, first.asks + 4)
  await db.scoped({ tenantId: bob.tenantId }).run(sql`update contractors.contractor_lists set name = name`)
  assert.equal((await read(alice)).asks, first.asks + 4, 'control: kept')
})

test('PE-12 a report that was begun before a write is given to who has asked for it, and kept for nobody', async () => {
  const open = closed()
  const early = read(alice)
  await until(() => asked.length === 1)
  await makeList(alice)
  const late = read(alice)
  await until(() => asked.length === 2)
  open()
  assert.equal((await late).lists, (await early).lists + 1)
  assert.equal((await read(alice)).asks, 2)
  kept.clear()
  assert.equal(kept.bytes, 0, 'the first one takes no memory')
})

test('PE-12 of the same reports at the same time one is made', async () => {
  const before = kept.counts.shared
  const open = closed()
  const answers = Array.from({ length: 10 }, () => read(alice))
  const others = read(viewer)
  await until(() => kept.counts.shared === before + 9 && asked.length === 2)
  open()
  assert.deepEqual([...new Set((await Promise.all(answers)).map(({ userId }) => userId))], [alice.userId])
  assert.equal((await others).userId, viewer.userId)
  assert.equal(asked.length, 2)
})

test('PE-12 errors are not kept', async () => {
  failure = new Error('once')
  const open = closed()
  const failed = [alice.fetch('/probe/own'), alice.fetch('/probe/own')]
  await until(() => asked.length === 1)
  open()
  for (const answer of await Promise.all(failed)) assert.equal(answer.status, 500)
  failure = new DomainError('probe.gone', 'not_found', 'It is not there.')
  assert.equal((await alice.fetch('/probe/own')).status, 404)
  failure = undefined
  assert.equal((await read(alice)).asks, asked.length)
})

test('PE-12 a handler whose answers are kept is given nothing by which they are not told apart', async () => {
  assert.equal((await alice.fetch('/probe/headers')).status, 500)
  assert.equal((await alice.fetch('/probe/replies')).status, 500)
  const [own] = probe.routes
  for (const wrong of [{ method: 'POST' }, { allow: 'session' }, { allow: 'public' }, { produces: 'text/csv' }])
    assert.throws(
      () => checkRoutes([{ ...probe, routes: [{ ...own, reads: undefined, ...wrong }] } as unknown as Module]),
      /cannot be kept/,
      JSON.stringify(wrong),
    )
  checkRoutes([{ ...probe, routes: [own] } as unknown as Module])
})

test('PE-12 the overviews of contractors and of operations are kept, and metrics tell of it', async () => {
  await admin.query('insert into identity.operators (user_id) values ($1) on conflict do nothing', [alice.userId])
  accountsOf(app).principals.forgetAll()
  for (const path of [
    '/contractor-summary',
    '/contractor-summary/industries?parent=54',
    '/operations/overview',
    '/operations/health/tables',
    '/operations/health/indexes',
  ]) {
    const before = { ...kept.counts }
    const first = await alice.fetch(path)
    const again = await alice.fetch(path)
    assert.deepEqual([first.status, await first.text()], [200, await again.text()])
    assert.deepEqual([kept.counts.made - before.made, kept.counts.kept - before.kept], [1, 1], path)
  }
  const metrics = await (await fetch(`${baseUrl}/metrics`)).text()
  for (const [outcome, count] of Object.entries(kept.counts))
    assert.match(metrics, new RegExp(`^http_kept_answers_total\\{outcome="${outcome}"\\} ${count}$`, 'm'))
  assert.match(metrics, /^http_kept_answers_bytes [1-9]\d+$/m)
})

test('PE-12 with no memory for it nothing is kept', async () => {
  const without = await testWorld({
    modules: [probe as unknown as Module],
    environment: { COMMONHOLD_KEPT_ANSWERS_MEGABYTES: '0' },
  })
  assert.equal((await read(without.alice)).asks, 1)
  assert.equal((await read(without.alice)).asks, 2)
})

const answerOf = (text: string): KeptAnswer => ({ text, etag: undefined, nextCursor: undefined })
const caller = { tenantId: 't', userId: undefined, position: undefined }

test('PE-12 the oldest answers go first, and what takes more than all the memory is not kept', async () => {
  const most = 10_000
  const store = new KeptAnswers(most)
  after(() => store.clear())
  let made = 0
  const give = (key: string, length: number) =>
    store.give(key, caller, 60, async () => {
      made++
      return answerOf('x'.repeat(length))
    })
  for (let key = 0; key < 100; key++) {
    await give(`${key}`, 1_000)
    assert.ok(store.bytes <= most)
  }
  assert.ok(store.bytes > most / 2)
  made = 0
  await give('99', 1_000)
  assert.equal(made, 0, 'control: the newest is there')
  await give('90', 1_000)
  assert.equal(made, 1)
  const before = store.bytes
  await give('large', most)
  await give('large', most)
  assert.deepEqual([made, store.bytes], [3, before])
  store.clear()
  assert.equal(store.bytes, 0)
})

test('PE-12 who brings along that he has written through another server gets nothing older', async () => {
  const store = new KeptAnswers(10_000)
  after(() => store.clear())
  let made = 0
  const give = async (position: number | undefined) =>
    (await store.give('key', { ...caller, position }, 60, async () => answerOf(`${++made}`))).answer.text
  assert.deepEqual([await give(undefined), await give(undefined)], ['1', '1'])
  assert.deepEqual([await give(7), await give(7), await give(3), await give(undefined)], ['2', '2', '2', '2'])
  assert.equal(await give(8), '3')
})

test('PE-12 what is written in nobody’s name is everybody’s, but not what the platform writes for itself', async () => {
  const store = new KeptAnswers(10_000)
  after(() => store.clear())
  let made = 0
  const give = async () => (await store.give('key', caller, 60, async () => answerOf(`${++made}`))).answer.text
  await give()
  store.noteWritten({ system: true })
  assert.equal(await give(), '1')
  store.noteWritten({})
  assert.equal(await give(), '2')
})

function closed(): () => void {
  let open = () => {}
  gate = new Promise<void>(resolve => {
    open = resolve
  })
  return open
}

async function until(condition: () => boolean): Promise<void> {
  const end = performance.now() + 20_000
  while (!condition()) {
    assert.ok(performance.now() < end, 'it came to that')
    await sleep(5)
  }
}

/** Somebody new in Alice's tenant. */
async function signedInAs(role: string): Promise<Person> {
  const person = await newPerson(world)
  await joinAs(world, person.userId, alice.tenantId, role)
  return await signIn(baseUrl, person, alice.tenantId)
}

async function moveTo({ userId }: Person, role: string | undefined): Promise<void> {
  const { tenantId } = alice
  await admin.query(
    `delete from access.user_tenant_roles
     using tenancy.user_tenants as membership
     where membership.id = user_tenant_id and membership.tenant_id = $1 and membership.user_id = $2`,
    [tenantId, userId],
  )
  await admin.query(
    `insert into access.user_tenant_roles (tenant_id, user_tenant_id, role_id)
     select $1, membership.id, role.id
     from tenancy.user_tenants as membership
     join access.roles as role on role.tenant_id = membership.tenant_id and role.name = $3
     where membership.tenant_id = $1 and membership.user_id = $2`,
    [tenantId, userId, role],
  )
  accountsOf(app).principals.forgetAll()
}
