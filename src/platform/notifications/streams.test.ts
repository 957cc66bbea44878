import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { accountsOf } from '#platform/accounts'
import type { App } from '#platform/app.ts'
import { Database } from '#platform/database'
import { buildServer } from '#platform/http'
import { openWindow, type ServerEvent, type Window } from '#test/event-streams.ts'
import { newPerson, signIn, testWorld } from '#test/world.ts'
import { type Notice, notify } from './index.ts'
import type { Notification } from './notifications.ts'
import { mostOfOne, streamsOf } from './streams.ts'

const world = await testWorld()
const { db, admin, login, alice, bob, viewer } = world
const kind = 'accounts.password_changed'

const tell = (notice: Omit<Notice, 'kind'>, scope = alice.scope) =>
  db.transaction(scope, tx => notify(world.app, tx, { kind, ...notice }))
const listen = (person: typeof alice, more: Record<string, string> = {}, baseUrl = world.baseUrl) =>
  openWindow(baseUrl, '/notifications/stream', person.accessToken, more)
const isTold = (title: string) => (event: ServerEvent) =>
  event.event === 'notification' && (event.data as Notification).title === title
const titlesIn = (window: Window) =>
  window.events.filter(({ event }) => event === 'notification').map(({ data }) => (data as Notification).title)
const unreadIn = (window: Window) =>
  (window.events.findLast(({ event }) => event === 'unread')?.data as { unread: number } | undefined)?.unread

/** Another program of the same installation. */
async function startOther(): Promise<{ app: App; baseUrl: string; close(): Promise<void> }> {
  const app = { ...world.app, db: new Database({ login }) }
  const server = await buildServer({
    app,
    modules: app.modules,
    authenticate: accountsOf(app).principals.authenticate,
    requestsPerMinute: 1_000_000,
    trustedProxies: ['127.0.0.1'],
    readiness: async () => {},
  })
  const baseUrl = await server.listen({ host: '127.0.0.1', port: 0 })
  return { app, baseUrl, close: () => server.close() }
}

test('MT-19 all windows of a person are told as it happens, on this server and another; nobody else is', async () => {
  const other = await startOther()
  const [here, there, stranger, colleague] = await Promise.all([
    listen(viewer),
    listen(viewer, {}, other.baseUrl),
    listen(bob),
    listen(alice),
  ])
  for (const window of [here, there, stranger, colleague]) await window.until(({ event }) => event === 'unread')
  assert.equal(here.headers.get('content-type'), 'text/event-stream')
  assert.equal(here.headers.get('content-encoding'), null)
  assert.match(here.headers.get('cache-control') ?? '', /no-store/)
  const before = unreadIn(here) ?? 0
  // Long enough for compression, were it on.
  const began = performance.now()
  await tell({ userIds: [viewer.userId, bob.userId], title: 'As it happens', message: 'word '.repeat(390) })
  const [told] = await Promise.all([here.until(isTold('As it happens')), there.until(isTold('As it happens'))])
  assert.ok(performance.now() - began < 1_000)
  const listed = (await (await viewer.fetch('/notifications?limit=1')).json()).items[0]
  assert.deepEqual(told.data, listed, 'as the list has it')
  await here.until(({ data }) => (data as { unread?: number }).unread === before + 1)
  await viewer.fetch(`/notifications/${listed.id}/read`, { method: 'POST' })
  for (const window of [here, there]) {
    const { length } = window.events
    for (let waited = 0; unreadIn(window) !== before && waited < 200; waited++) await sleep(10)
    assert.equal(unreadIn(window), before, `read in another window (${length})`)
  }
  await sleep(100)
  // He is told of it, but is not in this tenant; she told it.
  assert.deepEqual([titlesIn(stranger), titlesIn(colleague)], [[], []])
  assert.deepEqual([titlesIn(here).length, titlesIn(there).length], [1, 1])
  for (const window of [here, there, stranger, colleague]) window.close()
  await other.close()
  await other.app.db.close()
})

test('MT-19 who comes again is told what he has missed, once, in whatever order it was committed', async () => {
  const first = await listen(viewer)
  await first.until(({ event }) => event === 'unread')
  let goOn = () => {}
  const committed = new Promise<void>(resolve => {
    goOn = resolve
  })
  // Written before the others, and committed after them: its id is the smallest.
  const slow = db.transaction(alice.scope, async tx => {
    await notify(world.app, tx, { kind, userId: viewer.userId, title: 'slow' })
    await committed
  })
  await sleep(50)
  await tell({ userId: viewer.userId, title: 'seen' })
  await first.until(isTold('seen'))
  await first.until(({ event, id }) => event === 'unread' && id !== undefined && id === first.lastId)
  await sleep(50)
  const { lastId } = first
  first.close()
  await tell({ userId: viewer.userId, title: 'missed' })
  goOn()
  await slow
  const again = await listen(viewer, { 'last-event-id': lastId as string })
  await again.until(isTold('missed'))
  assert.deepEqual(titlesIn(again), ['slow', 'missed'])
  const anew = await listen(viewer)
  await anew.until(({ event }) => event === 'unread')
  assert.deepEqual(titlesIn(anew), [], 'control: without an id it begins now')
  for (const forged of ['x', '5:4:', '1:9:4,3', "1:1:'; select", '9'.repeat(30), '1:99999999999999999999:']) {
    const window = await listen(viewer, { 'last-event-id': forged })
    await window.until(({ event }) => event === 'unread')
    assert.deepEqual(titlesIn(window), [], forged)
    window.close()
  }
  for (const window of [again, anew]) window.close()
})

test('MT-19 PE-02 a stream ends within five seconds of its session, and one of another session goes on', async () => {
  const [one, two] = [
    await signIn(world.baseUrl, viewer, alice.tenantId),
    await signIn(world.baseUrl, viewer, alice.tenantId),
  ]
  const other = await startOther()
  const windows = [await listen(one), await listen(one, {}, other.baseUrl)]
  const kept = await listen(two)
  for (const window of [...windows, kept]) await window.until(({ event }) => event === 'unread')
  await sleep(3_000)
  const began = performance.now()
  assert.equal((await one.fetch('/auth/sign-out', { method: 'POST' })).status, 204)
  for (const window of windows) {
    await window.ended(6)
    assert.ok((window.endedAt as number) - began < 5_000)
  }
  assert.equal(kept.endedAt, undefined)
  assert.equal((await listen(one)).status, 401)
  kept.close()
  await other.close()
  await other.app.db.close()
})

test('MT-19 MT-12 a stream in a tenant ends within five seconds of its suspension, and others go on', async () => {
  const owner = await newPerson(world, { tenantName: 'Short Lived' })
  const [window, elsewhere] = [await listen(owner), await listen(bob)]
  await window.until(({ event }) => event === 'unread')
  const began = performance.now()
  await admin.query("update tenancy.tenants set status = 'suspended' where id = $1", [owner.tenantId])
  await tell({ userId: owner.userId, tenantId: owner.tenantId, title: 'Not to be seen' }, {
    ...alice.scope,
    system: true,
  } as never).catch(() => {})
  await window.ended(6)
  assert.ok((window.endedAt as number) - began < 5_000)
  assert.equal(elsewhere.endedAt, undefined)
  elsewhere.close()
})

test('MT-19 a stream keeps no session from its timeout', async () => {
  const person = await newPerson(world)
  const seen = async () =>
    (
      await admin.query('select last_seen_at::text as at from identity.user_sessions where user_id = $1', [
        person.userId,
      ])
    ).rows[0].at
  await admin.query(
    "update identity.user_sessions set last_seen_at = now() - interval '20 minutes' where user_id = $1",
    [person.userId],
  )
  const before = await seen()
  const window = await listen(person)
  await window.until(({ event }) => event === 'unread')
  await person.fetch('/notifications/unread-count')
  await sleep(3_000)
  assert.equal(await seen(), before)
  await person.fetch('/notifications')
  assert.notEqual(await seen(), before, 'control: what the person asks for does')
  window.close()
})

test('MT-19 a person has so many windows and no more, and room again once they are closed', async () => {
  const person = await newPerson(world)
  const windows = await Promise.all(Array.from({ length: mostOfOne }, () => listen(person)))
  assert.ok(windows.every(({ status }) => status === 200))
  const refused = await listen(person)
  assert.equal(refused.status, 429)
  assert.equal(refused.headers.get('retry-after'), '60')
  const other = await listen(bob)
  assert.equal(other.status, 200, 'control: others have theirs')
  for (const window of [...windows, other]) window.close()
  for (let waited = 0; streamsOf(world.app).open > 0 && waited < 200; waited++) await sleep(10)
  assert.equal(streamsOf(world.app).open, 0, 'nothing is kept of who has gone')
  const again = await listen(person)
  assert.equal(again.status, 200)
  again.close()
  const head = await person.fetch('/notifications/stream', { method: 'HEAD' })
  assert.equal(head.status, 200)
})

test('MT-19 a server closes within two seconds with a hundred open streams', async () => {
  const other = await startOther()
  const people = await Promise.all(Array.from({ length: 10 }, () => newPerson(world)))
  const windows = await Promise.all(
    people.flatMap(one => Array.from({ length: 10 }, () => listen(one, {}, other.baseUrl))),
  )
  assert.ok(windows.every(({ status }) => status === 200))
  const began = performance.now()
  await other.close()
  const ms = performance.now() - began
  assert.ok(ms < 2_000, `${ms} ms`)
  for (const window of windows) await window.ended()
  assert.equal(streamsOf(other.app).open, 0)
  await other.app.db.close()
})

test('MT-19 after its connection for signals was cut a window is told what came meanwhile', async () => {
  const window = await listen(viewer)
  await window.until(({ event }) => event === 'unread')
  await admin.query(
    `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and query ~ '^listen '`,
  )
  await tell({ userId: viewer.userId, title: 'Into the silence' })
  await window.until(isTold('Into the silence'))
  assert.equal(titlesIn(window).filter(title => title === 'Into the silence').length, 1)
  window.close()
})
