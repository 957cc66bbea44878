import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from '#platform/database'
import { DomainError } from '#platform/errors.ts'
import type { Module } from '#platform/module.ts'
import { runJobs } from '#test/jobs.ts'
import { joinAs, newPerson, testWorld } from '#test/world.ts'
import { type Notice, notify } from './index.ts'
import type { Notification } from './notifications.ts'
import { mostKept, removeOldNotifications } from './retention.ts'

const world = await testWorld()
const { db, admin, alice, bob, viewer } = world
const testModule = {
  name: 'test',
  notifications: {
    'test.shared': { description: 'Somebody shared something with you', mail: 'digest' },
    'test.loud': { description: 'Something that cannot wait', mail: 'at_once' },
  },
} satisfies Module
const app = { ...world.app, modules: [...world.app.modules, testModule] }
const hasCode = (code: string) => (error: unknown) => error instanceof DomainError && error.code === code

const tell = (notice: Omit<Notice, 'kind'> & { kind?: string }, scope = alice.scope) =>
  db.transaction(scope, tx => notify(app, tx, { kind: 'test.shared', ...notice }))
const listOf = async (person: typeof alice, query = '') => {
  const answer = await person.fetch(`/notifications?limit=100${query}`)
  assert.equal(answer.status, 200)
  return (await answer.json()) as { items: Notification[]; nextCursor: string | null }
}
const titlesOf = async (person: typeof alice, query = '') =>
  (await listOf(person, query)).items.map(({ title }) => title)
const unreadOf = async (person: typeof alice) => (await person.fetch('/notifications/unread-count')).json()

test('MT-19 who is told sees it in the tenant where it happened, and nobody else does', async () => {
  await tell({
    userIds: [viewer.userId, bob.userId],
    title: 'Alice shared a list with you',
    message: 'Bids of spring',
    link: '/lists/1',
    data: { listId: '1' },
  })
  const { items } = await listOf(viewer, '&kind=test.shared')
  assert.equal(items.length, 1)
  const { id, createdAt, ...seen } = items[0] as Notification
  assert.deepEqual(seen, {
    tenantId: alice.tenantId,
    kind: 'test.shared',
    title: 'Alice shared a list with you',
    message: 'Bids of spring',
    link: '/lists/1',
    data: { listId: '1' },
    actorId: alice.userId,
    actorName: 'Alice Archer',
    read: false,
    readAt: null,
  })
  // The administrator of the tenant, who told it, and the one who is told but is not in this tenant.
  assert.deepEqual(await titlesOf(alice), [])
  assert.deepEqual(await titlesOf(bob), [])
  assert.equal((await admin.query("select from notifications.notifications where kind = 'test.shared'")).rowCount, 2)
  for (const [method, path] of [
    ['POST', `/notifications/${id}/read`],
    ['DELETE', `/notifications/${id}/read`],
    ['DELETE', `/notifications/${id}`],
  ] as const) {
    for (const stranger of [alice, bob]) {
      const refused = await stranger.fetch(path, { method })
      assert.equal(refused.status, 404, `${method} ${path}`)
      assert.equal((await refused.json()).code, 'notifications.notification_not_found')
    }
  }
  const own = { userId: viewer.userId }
  const count = sql<{
    count: number
  }>`select count(*) as count from notifications.notifications where kind = 'test.shared'`
  assert.equal((await db.scoped(viewer.scope).one(count)).count, 1, 'control')
  for (const scope of [{ ...own, tenantId: bob.tenantId }, own, { tenantId: alice.tenantId }, alice.scope, bob.scope])
    assert.equal((await db.scoped(scope).one(count)).count, 0, JSON.stringify(scope))
})

test('MT-19 what concerns no tenant is seen in all of them, by its person alone', async () => {
  const person = await newPerson(world, { tenantName: 'Harbor Works' })
  await joinAs(world, person.userId, alice.tenantId, 'member')
  await tell({ userId: person.userId, tenantId: null, title: 'You were removed from Somewhere' })
  await tell({ userId: person.userId, title: 'In Meridian' })
  assert.deepEqual(await titlesOf(person), ['You were removed from Somewhere'])
  const there = {
    ...person,
    fetch: (path: string) => person.fetch(path, { headers: { 'x-tenant-id': alice.tenantId } }),
  }
  assert.deepEqual(await titlesOf(there as typeof person), ['In Meridian', 'You were removed from Somewhere'])
  assert.deepEqual(await titlesOf(bob), [])
})

test('MT-19 nothing is told unless the transaction commits, and no kind that nobody declares', async () => {
  await assert.rejects(
    db.transaction(alice.scope, async tx => {
      await notify(app, tx, { userId: viewer.userId, kind: 'test.shared', title: 'Never' })
      throw new Error('never mind')
    }),
    /never mind/,
  )
  await assert.rejects(
    tell({ userId: viewer.userId, kind: 'test.unheard', title: 'Never' }),
    hasCode('notifications.kind_unknown'),
  )
  await assert.rejects(tell({ userId: viewer.userId, tenantId: bob.tenantId, title: 'Never' }), { code: '42501' })
  await assert.rejects(tell({ userId: viewer.userId, title: 'x', link: '//evil.example' as '/x' }), { code: '23514' })
  await tell({ userIds: [], title: 'To nobody' })
  assert.ok(!(await titlesOf(viewer)).includes('Never'))
})

test('MT-19 unread ones are counted, read, and unread again; all up to one at once', async () => {
  const person = await newPerson(world)
  await joinAs(world, person.userId, alice.tenantId, 'viewer')
  const here = {
    ...person,
    fetch: ((path, init) =>
      person.fetch(path, { ...init, headers: { 'x-tenant-id': alice.tenantId } })) as typeof person.fetch,
  }
  for (const title of ['one', 'two', 'three']) await tell({ userId: person.userId, title })
  assert.deepEqual(await unreadOf(here), { unread: 3, isCapped: false })
  const { items } = await listOf(here)
  assert.deepEqual(
    items.map(({ title }) => title),
    ['three', 'two', 'one'],
  )
  const [, two] = items as [Notification, Notification, Notification]
  const read = await (await here.fetch(`/notifications/${two.id}/read`, { method: 'POST' })).json()
  assert.equal(read.read, true)
  const again = await (await here.fetch(`/notifications/${two.id}/read`, { method: 'POST' })).json()
  assert.deepEqual(again, read, 'to read it twice changes nothing')
  assert.deepEqual(await unreadOf(here), { unread: 2, isCapped: false })
  assert.deepEqual(await titlesOf(here, '&kind=test.shared&state=unread'), ['three', 'one'])
  const unread = await (await here.fetch(`/notifications/${two.id}/read`, { method: 'DELETE' })).json()
  assert.deepEqual([unread.read, unread.readAt], [false, null])
  const all = await here.fetch('/notifications/read-all', { method: 'POST', body: { upTo: two.id } })
  assert.deepEqual(await all.json(), { marked: 2 })
  assert.deepEqual(
    await titlesOf(here, '&kind=test.shared&state=unread'),
    ['three'],
    'what came meanwhile stays unread',
  )
  assert.equal((await here.fetch(`/notifications/${two.id}`, { method: 'DELETE' })).status, 204)
  assert.deepEqual(await titlesOf(here), ['three', 'one'])
})

test('MT-19 the list goes page by page, each once, and counts no further than a hundred', async () => {
  const person = await newPerson(world)
  await db.transaction({ system: true, userId: person.userId }, async tx => {
    for (let number = 1; number <= 105; number++)
      await notify(app, tx, { userId: person.userId, tenantId: null, kind: 'test.shared', title: `number ${number}` })
  })
  const seen: string[] = []
  for (let cursor = ''; ; ) {
    const page = await (await person.fetch(`/notifications?limit=40${cursor && `&cursor=${cursor}`}`)).json()
    seen.push(...page.items.map(({ title }: Notification) => title))
    if (page.nextCursor === null) break
    cursor = page.nextCursor
  }
  assert.deepEqual(
    seen,
    Array.from({ length: 105 }, (_, index) => `number ${105 - index}`),
  )
  assert.deepEqual(await unreadOf(person), { unread: 100, isCapped: true })
  assert.equal((await person.fetch('/notifications?cursor=x')).status, 400)
})

test('MT-19 read ones are kept 90 days, others a year, and a thousand of each person', async () => {
  const person = await newPerson(world)
  const put = (title: string, readDaysAgo: number | null, daysAgo: number, count = 1) =>
    admin.query(
      `insert into notifications.notifications (tenant_id, id, user_id, kind, title, read_at, created_at)
       select '00000000-0000-0000-0000-000000000000', platform.uuid_v7(), $1, 'test.shared', $2,
         now() - $3 * interval '1 day', now() - $4 * interval '1 day'
       from generate_series(1, $5)`,
      [person.userId, title, readDaysAgo, daysAgo, count],
    )
  await put('surplus', null, 2, 5)
  await put('bulk', null, 1, mostKept - 2)
  await put('read long ago', 91, 100)
  await put('read', 89, 100)
  await put('a year old', null, 366)
  await put('unread', null, 364)
  await removeOldNotifications.run({}, app)
  const { rows } = await admin.query(
    'select title, count(*)::integer from notifications.notifications where user_id = $1 group by title order by title',
    [person.userId],
  )
  assert.deepEqual(rows, [
    { title: 'bulk', count: mostKept - 2 },
    { title: 'read', count: 1 },
    { title: 'unread', count: 1 },
  ])
  assert.ok((await titlesOf(viewer)).length > 0, 'control: others have theirs')
})

test('MT-19 PE-03 what happens to an account its owner reads in every workspace', async () => {
  const person = await newPerson(world, { tenantName: 'Quarry' })
  const changed = await person.fetch('/me/password', {
    method: 'POST',
    body: { currentPassword: person.password, newPassword: 'a much better battery staple' },
  })
  assert.equal(changed.status, 204)
  const [first, ...others] = (await listOf(person)).items
  assert.equal(others.length, 0)
  assert.deepEqual(
    [first?.kind, first?.title, first?.link, first?.tenantId],
    ['accounts.password_changed', 'Your password was changed', '/account/security', null],
  )
  await runJobs(world)
  const { rows } = await admin.query('select name from mail.messages where recipient = $1 order by created_at', [
    person.email,
  ])
  assert.deepEqual(
    rows.map(({ name }) => name),
    ['accounts.password_changed'],
    'mailed once, by its own module',
  )
})

test('GG-16 MT-19 the name of who acted goes from what he caused with his account', async () => {
  const { rows } = await admin.query(`insert into identity.users (email) values ('gone@test.example') returning id`)
  const tellAs = (userId: string, userName: string) =>
    db.transaction({ tenantId: alice.tenantId, userId, userName }, tx =>
      notify(app, tx, { userId: viewer.userId, kind: 'test.shared', title: 'A list is shared with you' }),
    )
  await tellAs(rows[0].id, 'Gone Averysingularname')
  await tellAs(alice.userId, 'Alice Archer')
  const actors = async () =>
    (await listOf(viewer)).items.slice(0, 2).map(({ actorId, actorName }) => [actorId, actorName])
  const alices = [alice.userId, 'Alice Archer']
  assert.deepEqual(await actors(), [alices, [rows[0].id, 'Gone Averysingularname']])
  await admin.query('delete from identity.users where id = $1', [rows[0].id])
  assert.deepEqual(await actors(), [alices, [null, null]])
})
