import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Module } from '#platform/module.ts'
import { mailsTo } from '#test/mails.ts'
import { joinAs, newPerson, type Person, testWorld } from '#test/world.ts'
import { lastDigestMoment, sendDigests } from './digests.ts'
import { mailAtOnce } from './immediate-mails.ts'
import { type Notice, notify } from './index.ts'
import type { NotificationPreferences } from './preferences.ts'

const testModule = {
  name: 'test',
  notifications: {
    'test.shared': { description: 'Somebody shared something with you', mail: 'digest' },
    'test.loud': { description: 'Something that cannot wait', mail: 'at_once' },
    'test.quiet': { description: 'Something small', mail: 'never' },
    'test.own': { description: 'Something with a mail of its own', mail: 'never', hasOwnMail: true },
  },
} satisfies Module
const world = await testWorld({ modules: [testModule] })
const { app, db, admin, alice, bob } = world

/** The job as a worker would run it: what is queued, once. */
async function mailWhatIsQueued(): Promise<void> {
  const { rows } = await admin.query('delete from jobs.job where name = $1 returning data', [mailAtOnce.name])
  for (const { data } of rows) await mailAtOnce.run(data, app)
}
const sendDigestsAt = (moment: Date) => sendDigests.run({}, { ...app, clock: { now: () => moment } })
const tell = (notice: Notice, scope = alice.scope) => db.transaction(scope, tx => notify(app, tx, notice))
const subjectsTo = async (person: Person) => (await mailsTo(world, person.email)).map(({ subject }) => subject)

async function newMember(): Promise<Person> {
  const person = await newPerson(world)
  await joinAs(world, person.userId, alice.tenantId, 'member')
  return person
}

type Change = Partial<Omit<NotificationPreferences, 'kinds' | 'tenants'>> & {
  kinds?: Record<string, { inConsole: boolean; mail: string }>
  quietTenantIds?: string[]
}
async function prefer(person: Person, change: Change): Promise<Response> {
  return await person.fetch('/me/notification-preferences', {
    method: 'PUT',
    body: {
      wantsMails: true,
      digest: 'daily',
      digestHour: 8,
      digestWeekday: 1,
      kinds: {},
      quietTenantIds: [],
      ...change,
    },
  })
}
const preferencesOf = async (person: Person) =>
  (await (await person.fetch('/me/notification-preferences')).json()) as NotificationPreferences

/** The next moment at which it is five past the hour, UTC. */
function next(hour: number, days = 0): Date {
  const moment = new Date()
  moment.setUTCHours(hour, 5, 0, 0)
  if (moment.getTime() <= Date.now()) moment.setUTCDate(moment.getUTCDate() + 1)
  return new Date(moment.getTime() + days * 86_400_000)
}

test('MT-19 what cannot wait is mailed at once and once, the rest not yet; what was read meanwhile is not', async () => {
  const person = await newMember()
  const told = { userId: person.userId, link: '/lists/1' } as const
  await tell({
    ...told,
    kind: 'test.loud',
    title: 'Come www.evil.example quickly',
    message: 'To https://evil.example/now',
  })
  await tell({ ...told, kind: 'test.shared', title: 'Later' })
  await tell({ ...told, kind: 'test.quiet', title: 'Never' })
  await tell({ ...told, kind: 'test.own', title: 'By itself' })
  const { rows } = await admin.query('select data from jobs.job where name = $1', [mailAtOnce.name])
  assert.equal(rows.length, 3, 'nothing is queued for what has a mail of its own')
  await Promise.all(rows.flatMap(({ data }) => [mailAtOnce.run(data, app), mailAtOnce.run(data, app)]))
  await mailWhatIsQueued()
  const mails = await mailsTo(world, person.email)
  assert.equal(mails.length, 1)
  const [mail] = mails
  assert.equal(mail?.subject, 'Come www. evil. example quickly')
  assert.equal(mail?.link, `${app.publicUrl}/lists/1`)
  assert.match(mail?.text ?? '', /Workspace: +Meridian Capture/)
  assert.doesNotMatch((mail?.text ?? '') + mail?.html, /evil\.example|https:\/\/evil/)
  assert.match(mail?.text ?? '', /Stop these mails:\n\S+\/unsubscribe#token=/)

  await tell({ ...told, kind: 'test.loud', title: 'Read before it is mailed' })
  await person.fetch('/notifications/read-all', {
    method: 'POST',
    body: {},
    headers: { 'x-tenant-id': alice.tenantId },
  })
  await mailWhatIsQueued()
  assert.equal((await mailsTo(world, person.email)).length, 1)
})

test('MT-19 a stranger to the tenant is mailed nothing of it, nor who was removed, nor anybody of a suspended one', async () => {
  const [member, gone] = [await newMember(), await newMember()]
  await tell({ userIds: [member.userId, gone.userId, bob.userId], kind: 'test.loud', title: 'Of Meridian' })
  await tell({ userIds: [member.userId, gone.userId, bob.userId], kind: 'test.shared', title: 'Of Meridian too' })
  await admin.query('delete from tenancy.user_tenants where user_id = $1', [gone.userId])
  await mailWhatIsQueued()
  await sendDigestsAt(next(8))
  assert.deepEqual(await subjectsTo(member), ['Of Meridian', '1 new notification'], 'control')
  assert.deepEqual([await subjectsTo(gone), await subjectsTo(bob)], [[], []])

  const owner = await newPerson(world, { tenantName: 'Shut' })
  await tell({ userId: owner.userId, kind: 'test.loud', title: 'Of Shut' }, owner.scope)
  await admin.query("update tenancy.tenants set status = 'suspended' where id = $1", [owner.tenantId])
  await mailWhatIsQueued()
  assert.deepEqual(await subjectsTo(owner), [])
})

test('MT-19 the digest comes at its hour with what is new and unread, and never twice', async () => {
  const person = await newMember()
  await prefer(person, { digestHour: 9 })
  for (const title of ['first', 'second', 'read']) await tell({ userId: person.userId, kind: 'test.shared', title })
  const headers = { 'x-tenant-id': alice.tenantId }
  const [read] = (await (await person.fetch('/notifications', { headers })).json()).items
  await person.fetch(`/notifications/${read.id}/read`, { method: 'POST', headers })
  const due = next(9)
  await sendDigestsAt(new Date(due.getTime() - 3_600_000))
  assert.deepEqual(await subjectsTo(person), [], 'not before its hour')
  await sendDigestsAt(due)
  await sendDigestsAt(due)
  await sendDigestsAt(new Date(due.getTime() + 86_400_000))
  const mails = await mailsTo(world, person.email)
  assert.deepEqual(
    mails.map(({ subject }) => subject),
    ['2 new notifications'],
    'one mail, and none without news',
  )
  assert.match(mails[0]?.text ?? '', /Meridian Capture: +second\nMeridian Capture: +first/)
  assert.doesNotMatch(mails[0]?.text ?? '', /: +read\n/)

  await tell({ userId: person.userId, kind: 'test.shared', title: 'third' })
  await sendDigestsAt(new Date(due.getTime() + 5 * 3_600_000 + 86_400_000))
  assert.deepEqual(
    await subjectsTo(person),
    ['2 new notifications', '1 new notification'],
    'a missed hour is made up for',
  )
})

test('MT-19 two programs that send digests at once send one', async () => {
  const person = await newMember()
  await tell({ userId: person.userId, kind: 'test.shared', title: 'once' })
  await Promise.all([1, 2, 3, 4].map(() => sendDigestsAt(next(8))))
  assert.deepEqual(await subjectsTo(person), ['1 new notification'])
})

test('MT-19 what is too much to be mailed at once comes with the digest', async () => {
  const person = await newMember()
  for (let number = 1; number <= 7; number++)
    await tell({ userId: person.userId, kind: 'test.loud', title: `loud ${number}` })
  await mailWhatIsQueued()
  assert.equal((await subjectsTo(person)).length, 5)
  await sendDigestsAt(next(8))
  assert.deepEqual((await subjectsTo(person)).slice(5), ['2 new notifications'])
})

test('MT-19 MT-08 the hour is by the clock of the profile, on the weekday of the weekly one', () => {
  const time = { timezone: 'UTC', digest: 'daily', digestHour: 8, digestWeekday: 1 } as const
  const moment = (change: object, now: string) => lastDigestMoment({ ...time, ...change }, new Date(now))?.toISOString()
  assert.equal(moment({}, '2026-11-21T08:05:00Z'), '2026-11-21T08:00:00.000Z')
  assert.equal(moment({}, '2026-11-21T07:59:00Z'), '2026-11-20T08:00:00.000Z')
  assert.equal(moment({ timezone: 'America/New_York' }, '2026-11-21T13:05:00Z'), '2026-11-21T13:00:00.000Z')
  assert.equal(moment({ timezone: 'Asia/Kathmandu' }, '2026-11-21T02:30:00Z'), '2026-11-21T02:15:00.000Z')
  // A Saturday; Monday was five days ago.
  assert.equal(moment({ digest: 'weekly' }, '2026-11-21T09:00:00Z'), '2026-11-16T08:00:00.000Z')
  assert.equal(moment({ digest: 'weekly', digestWeekday: 6 }, '2026-11-21T07:00:00Z'), '2026-11-14T08:00:00.000Z')
  assert.equal(moment({ digest: 'weekly', digestWeekday: 6 }, '2026-11-21T08:00:00Z'), '2026-11-21T08:00:00.000Z')
  assert.equal(moment({ timezone: 'Nowhere/Land' }, '2026-11-21T08:05:00Z'), '2026-11-21T08:00:00.000Z')
  assert.equal(moment({ digest: 'never' }, '2026-11-21T08:05:00Z'), undefined)
})

test('MT-19 MT-08 the hour is that of the clock on the days on which clocks are changed, and at the ends of months', () => {
  const time = { timezone: 'UTC', digest: 'daily', digestHour: 8, digestWeekday: 1 } as const
  const moment = (change: object, now: string) =>
    lastDigestMoment({ ...time, ...change }, new Date(now))
      ?.toISOString()
      .replace('.000', '')
  const [york, berlin] = [{ timezone: 'America/New_York' }, { timezone: 'Europe/Berlin' }]
  assert.equal(moment(york, '2026-11-01T12:05:00Z'), '2026-10-31T12:00:00Z', 'seven of the new time, a day of 25 hours')
  assert.equal(moment(york, '2026-11-01T13:05:00Z'), '2026-11-01T13:00:00Z')
  assert.equal(moment(york, '2027-03-14T11:55:00Z'), '2027-03-13T13:00:00Z')
  assert.equal(moment(york, '2027-03-14T12:05:00Z'), '2027-03-14T12:00:00Z')
  assert.equal(moment(berlin, '2026-10-25T06:55:00Z'), '2026-10-24T06:00:00Z')
  assert.equal(moment(berlin, '2027-03-28T06:05:00Z'), '2027-03-28T06:00:00Z')
  // An hour that is left out, and one that comes twice: one digest on either day.
  assert.equal(moment({ ...york, digestHour: 2 }, '2027-03-14T07:05:00Z'), '2027-03-14T07:00:00Z')
  for (const now of ['2026-11-01T05:05:00Z', '2026-11-01T06:05:00Z', '2026-11-01T23:05:00Z'])
    assert.equal(moment({ ...york, digestHour: 1 }, now), '2026-11-01T05:00:00Z', now)
  assert.equal(moment({ digestHour: 23 }, '2026-12-31T23:59:59Z'), '2026-12-31T23:00:00Z')
  assert.equal(moment({}, '2027-01-01T00:00:00Z'), '2026-12-31T08:00:00Z')
  assert.equal(moment({}, '2028-03-01T07:00:00Z'), '2028-02-29T08:00:00Z')
  assert.equal(
    moment({ ...berlin, digest: 'weekly', digestWeekday: 7 }, '2027-03-29T05:00:00Z'),
    '2027-03-28T06:00:00Z',
  )
})

test('MT-19 each kind goes the way that its reader chooses, and nobody else’s', async () => {
  const [chooser, other] = [await newMember(), await newMember()]
  const kinds = {
    'test.loud': { inConsole: true, mail: 'never' },
    'test.shared': { inConsole: true, mail: 'at_once' },
    'test.quiet': { inConsole: false, mail: 'digest' },
  }
  const changed = (await (await prefer(chooser, { kinds })).json()) as NotificationPreferences
  assert.deepEqual(changed, await preferencesOf(chooser))
  const of = (preferences: NotificationPreferences, kind: string) => preferences.kinds.find(one => one.kind === kind)
  assert.deepEqual(of(changed, 'test.quiet'), {
    kind: 'test.quiet',
    description: 'Something small',
    inConsole: false,
    mail: 'digest',
    hasOwnMail: false,
  })
  assert.equal(of(await preferencesOf(other), 'test.quiet')?.mail, 'never')
  for (const kind of Object.keys(kinds))
    await tell({ userIds: [chooser.userId, other.userId], kind, title: kind.slice(5) })
  await mailWhatIsQueued()
  await sendDigestsAt(next(8))
  assert.deepEqual(await subjectsTo(chooser), ['shared', '1 new notification'])
  assert.match((await mailsTo(world, chooser.email))[1]?.text ?? '', /: +quiet\n/)
  assert.deepEqual(await subjectsTo(other), ['loud', '1 new notification'])
  const headers = { 'x-tenant-id': alice.tenantId }
  const listed = async (person: Person) =>
    (await (await person.fetch('/notifications', { headers })).json()).items.map(({ kind }: { kind: string }) => kind)
  assert.deepEqual(await listed(chooser), ['test.shared', 'test.loud'])
  assert.deepEqual(await listed(other), ['test.quiet', 'test.shared', 'test.loud'])
  assert.equal((await prefer(chooser, { kinds: {} })).status, 200)
  assert.deepEqual(of(await preferencesOf(chooser), 'test.quiet'), of(await preferencesOf(other), 'test.quiet'))

  for (const [wrong, code] of [
    [{ 'test.unheard': { inConsole: true, mail: 'digest' } }, 'notifications.kind_unknown'],
    [{ 'test.own': { inConsole: true, mail: 'digest' } }, 'notifications.mail_fixed'],
    [{ 'test.loud': { inConsole: true, mail: 'sometimes' } }, 'http.request_invalid'],
  ] as const) {
    const refused = await prefer(chooser, { kinds: wrong as never })
    assert.equal(refused.status, 400)
    assert.equal((await refused.json()).code, code)
  }
})

test('MT-19 MT-08 who wants no mails about his workspaces gets none, wherever he has said so', async () => {
  const person = await newMember()
  const off = await person.fetch('/me/profile', { method: 'PATCH', body: { emailPreferences: { updates: false } } })
  assert.equal(off.status, 200)
  assert.equal((await preferencesOf(person)).wantsMails, false, 'one truth')
  await tell({ userId: person.userId, kind: 'test.loud', title: 'loud' })
  await tell({ userId: person.userId, kind: 'test.shared', title: 'shared' })
  await mailWhatIsQueued()
  await sendDigestsAt(next(8))
  assert.deepEqual(await subjectsTo(person), [])
  await prefer(person, { wantsMails: true })
  const profile = await (await person.fetch('/me/profile')).json()
  assert.equal(profile.emailPreferences.updates, true)
  await tell({ userId: person.userId, kind: 'test.loud', title: 'loud again' })
  await mailWhatIsQueued()
  assert.deepEqual(await subjectsTo(person), ['loud again'], 'control; and what was settled stays unmailed')
})

test('MT-19 of a quiet workspace nothing is mailed or counted, and it stands in the list', async () => {
  const person = await newMember()
  const headers = { 'x-tenant-id': alice.tenantId }
  const unread = async () => (await (await person.fetch('/notifications/unread-count', { headers })).json()).unread
  await tell({ userId: person.userId, kind: 'test.loud', title: 'before' })
  await mailWhatIsQueued()
  assert.equal(await unread(), 1)
  const quiet = (await (await prefer(person, { quietTenantIds: [alice.tenantId] })).json()) as NotificationPreferences
  assert.deepEqual(quiet.tenants, [{ tenantId: alice.tenantId, name: 'Meridian Capture', isQuiet: true }])
  assert.equal(await unread(), 0)
  await tell({ userId: person.userId, kind: 'test.loud', title: 'after' })
  await tell({ userId: person.userId, kind: 'test.loud', title: 'of none', tenantId: null })
  await mailWhatIsQueued()
  assert.deepEqual(await subjectsTo(person), ['before', 'of none'])
  assert.equal(await unread(), 1)
  const { items } = await (await person.fetch('/notifications', { headers })).json()
  assert.equal(items.length, 3)
  const refused = await prefer(person, { quietTenantIds: [bob.tenantId] })
  assert.equal((await refused.json()).code, 'notifications.tenant_unknown')
})

test('MT-19 a mail is ended with one click, without a sign-in (RFC 8058)', async () => {
  const [person, other] = [await newMember(), await newMember()]
  await tell({ userIds: [person.userId, other.userId], kind: 'test.loud', title: 'one' })
  await tell({ userIds: [person.userId, other.userId], kind: 'test.shared', title: 'two' })
  await mailWhatIsQueued()
  await sendDigestsAt(next(8))
  const [loud, digest] = await mailsTo(world, person.email)
  const post = (address: string, type = 'application/x-www-form-urlencoded', body = 'List-Unsubscribe=One-Click') =>
    fetch(address.replace(app.publicUrl, world.baseUrl), { method: 'POST', headers: { 'content-type': type }, body })
  assert.match(loud?.unsubscribe ?? '', /\/api\/v1\/notifications\/unsubscribe\?token=/)
  const { pathname, search } = new URL(loud?.unsubscribe ?? '')
  const opened = await fetch(`${world.baseUrl}${pathname}${search}`, { redirect: 'manual' })
  assert.equal(opened.status, 303)
  assert.match(opened.headers.get('location') ?? '', /\/unsubscribe#token=/)
  assert.equal(
    (await preferencesOf(person)).kinds.find(({ kind }) => kind === 'test.loud')?.mail,
    'at_once',
    'to look is not to end',
  )

  const ended = await post(loud?.unsubscribe as string)
  assert.equal(ended.status, 200)
  assert.deepEqual(await ended.json(), { ended: 'Something that cannot wait' })
  assert.equal((await post(loud?.unsubscribe as string)).status, 200, 'again it changes nothing')
  const parts = '--b\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--b--\r\n'
  assert.equal((await post(digest?.unsubscribe as string, 'multipart/form-data; boundary=b', parts)).status, 200)
  const preferences = await preferencesOf(person)
  assert.deepEqual(
    [preferences.kinds.find(({ kind }) => kind === 'test.loud')?.mail, preferences.digest],
    ['never', 'never'],
  )
  assert.equal((await preferencesOf(other)).digest, 'daily', 'control: only his own')
  await tell({ userIds: [person.userId, other.userId], kind: 'test.loud', title: 'three' })
  await tell({ userIds: [person.userId, other.userId], kind: 'test.shared', title: 'four' })
  await mailWhatIsQueued()
  await sendDigestsAt(next(8, 1))
  assert.equal((await mailsTo(world, person.email)).length, 2)
  assert.equal((await mailsTo(world, other.email)).length, 4, 'control')

  const token = new URL(loud?.unsubscribe ?? '').searchParams.get('token') as string
  for (const wrong of ['x', token.slice(0, -4), `${token.slice(0, -3)}AAA`, app.keyring.encrypt('{}', 'elsewhere')]) {
    const refused = await post(`${world.baseUrl}/api/v1/notifications/unsubscribe?token=${wrong}`)
    assert.equal(refused.status, 400, wrong)
  }
})
