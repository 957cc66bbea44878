import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Queryable, type Scope, sql } from '#platform/database'
import { mailsTo } from '#test/mails.ts'
import { believedNoLonger, newPerson, type Person, randomAddress, signIn, testWorld } from '#test/world.ts'
import { countLoginsByMonth, recordLogin } from './login-histories.ts'
import { removeLapsed } from './retention.ts'

const world = await testWorld()
const { app, db, admin, baseUrl, alice, bob } = world

const system: Scope = { system: true }
type Session = { id: string; isCurrent: boolean; device: { words: string; kind: string }; ipAddress: string | null }
type Login = { id: string; createdAt: string; status: string; failureReason: string | null; ipAddress: string | null }
const itemsOf = async <T>(response: Response) => {
  assert.equal(response.status, 200)
  return ((await response.json()) as { items: T[] }).items
}
const sessionsOf = async (person: Person) => itemsOf<Session>(await person.fetch('/me/sessions'))
const currentOf = async (person: Person) => (await sessionsOf(person)).find(({ isCurrent }) => isCurrent)?.id as string

/** One more session of somebody, with all that opens it. */
async function openElsewhere(person: Person, headers: Record<string, string> = {}) {
  const response = await fetch(`${baseUrl}/api/v1/auth/sign-in`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-forwarded-for': randomAddress(), ...headers },
    body: JSON.stringify({ email: person.email, password: person.password }),
  })
  assert.equal(response.status, 200)
  const { accessToken, refreshToken } = (await response.json()) as { accessToken: string; refreshToken: string }
  const cookie = response.headers
    .getSetCookie()
    .find(text => text.startsWith('__Host-commonhold='))
    ?.split(';')[0] as string
  const id = JSON.parse(Buffer.from(accessToken.split('.')[1] as string, 'base64url').toString()).sid as string
  return {
    id,
    withBearer: async () =>
      (await fetch(`${baseUrl}/api/v1/me`, { headers: { authorization: `Bearer ${accessToken}` } })).status,
    withCookie: async () => (await fetch(`${baseUrl}/api/v1/me`, { headers: { cookie } })).status,
    withRefresh: async () =>
      (
        await fetch(`${baseUrl}/api/v1/auth/refresh`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ refreshToken }),
        })
      ).status,
  }
}

test('PE-04 one sees where one is signed in, this device first, and nothing of anybody else', async () => {
  const person = await newPerson(world)
  const phone =
    'Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Mobile Safari/537.36'
  const elsewhere = await openElsewhere(person, { 'user-agent': phone, 'x-forwarded-for': '203.0.113.5' })
  await admin.query(`update identity.user_sessions set authentication_methods = '{password,totp}' where id = $1`, [
    elsewhere.id,
  ])
  const ended = await openElsewhere(person)
  await person.fetch(`/me/sessions/${ended.id}`, { method: 'DELETE' })
  const idle = await openElsewhere(person)
  await admin.query(`update identity.user_sessions set expires_at = now() where id = $1`, [idle.id])
  const over = await openElsewhere(person)
  await admin.query(
    `update identity.user_sessions set expires_at = now() + interval '1 day', ends_at = now() where id = $1`,
    [over.id],
  )
  const [first, second, ...rest] = await sessionsOf(person)
  assert.deepEqual(rest, [])
  assert.equal(first?.isCurrent, true)
  assert.equal(second?.id, elsewhere.id)
  assert.deepEqual(
    { ...second, id: '', createdAt: '', lastSeenAt: '', expiresAt: '', endsAt: '' },
    {
      id: '',
      isCurrent: false,
      device: { words: 'Chrome 130 on Android', kind: 'phone' },
      place: null,
      ipAddress: '203.0.113.5',
      methods: ['password', 'totp'],
      createdAt: '',
      lastSeenAt: '',
      expiresAt: '',
      endsAt: '',
    },
  )
  const others = [...(await sessionsOf(alice)), ...(await sessionsOf(bob))].map(({ id }) => id)
  assert.ok(others.length >= 2, 'control: they have sessions')
  assert.ok(![first?.id, second?.id].some(id => others.includes(id as string)))
})

test('PE-04 CVE-2025-29928 a session that is ended is refused at the very next request, whatever opened it', async () => {
  const person = await newPerson(world)
  const lost = await openElsewhere(person)
  assert.deepEqual([await lost.withBearer(), await lost.withCookie()], [200, 200], 'control')
  const path = `/me/sessions/${lost.id}`
  assert.equal((await bob.fetch(path, { method: 'DELETE' })).status, 404, 'another user cannot')
  assert.deepEqual([await lost.withBearer(), await lost.withCookie()], [200, 200], 'control: it lives on')
  assert.equal((await person.fetch(path, { method: 'DELETE' })).status, 204)
  assert.deepEqual([await lost.withBearer(), await lost.withCookie(), await lost.withRefresh()], [401, 401, 401])
  assert.equal((await person.fetch(path, { method: 'DELETE' })).status, 404, 'it is gone')
  assert.equal((await person.fetch('/me')).status, 200, 'this one lives')
  const { rows } = await admin.query(
    `select user_id, resource_id from audit.audit_logs where action = 'end_session' and resource_id = $1`,
    [lost.id],
  )
  assert.deepEqual(rows, [{ user_id: person.userId, resource_id: lost.id }])
})

test('PE-04 one ends all other sessions at once, one’s own only', async () => {
  const person = await newPerson(world)
  const [one, two] = [await openElsewhere(person), await openElsewhere(person)]
  const response = await person.fetch('/me/sessions', { method: 'DELETE' })
  assert.deepEqual(await response.json(), { ended: 2 })
  for (const session of [one, two]) {
    assert.deepEqual(
      [await session.withBearer(), await session.withCookie(), await session.withRefresh()],
      [401, 401, 401],
    )
  }
  assert.deepEqual(
    (await sessionsOf(person)).map(({ isCurrent }) => isCurrent),
    [true],
  )
  assert.equal((await bob.fetch('/me')).status, 200, 'control: another user’s session lives')
  assert.deepEqual(await (await person.fetch('/me/sessions', { method: 'DELETE' })).json(), { ended: 0 })
})

test('PE-04 to end the session that asks is to sign out', async () => {
  const person = await newPerson(world)
  const response = await person.fetch(`/me/sessions/${await currentOf(person)}`, { method: 'DELETE' })
  assert.equal(response.status, 204)
  assert.match(response.headers.get('set-cookie') ?? '', /__Host-commonhold=;.*Max-Age=0/)
  assert.equal((await person.fetch('/me')).status, 401)
})

test('PE-06 use moves a session’s idle end every five minutes at most, and never past its absolute end', async () => {
  const person = await newPerson(world)
  const id = await currentOf(person)
  const timesOf = async () =>
    (
      await admin.query(
        `select last_seen_at > now() - interval '1 minute' as seen, expires_at, ends_at, expires_at = ends_at as is_last
         from identity.user_sessions where id = $1`,
        [id],
      )
    ).rows[0]
  const rest = async (minutes: number, more = '') => {
    await admin.query(
      `update identity.user_sessions set last_seen_at = now() - $2 * interval '1 minute' ${more} where id = $1`,
      [id, minutes],
    )
    await believedNoLonger()
    assert.equal((await person.fetch('/me')).status, 200)
    return await timesOf()
  }
  const before = await timesOf()
  const soon = await rest(4)
  assert.equal(soon.seen, false, 'four minutes ago is seen enough')
  assert.deepEqual(soon.expires_at, before.expires_at)
  const later = await rest(6)
  assert.equal(later.seen, true)
  assert.ok(later.expires_at > before.expires_at)
  const nearEnd = await rest(6, `, ends_at = now() + interval '1 hour'`)
  assert.equal(nearEnd.is_last, true)
  await admin.query(`update identity.user_sessions set ends_at = now() where id = $1`, [id])
  await believedNoLonger()
  assert.equal((await person.fetch('/me')).status, 401, 'the absolute end')
})

test('MT-09 signing in writes the history, and a mail tells of a device that is new, once', async () => {
  const person = await newPerson(world)
  const send = (password: string, headers: Record<string, string> = {}, email = person.email) =>
    fetch(`${baseUrl}/api/v1/auth/sign-in`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-forwarded-for': randomAddress(), ...headers },
      body: JSON.stringify({ email, password }),
    })
  const told = async () =>
    (await mailsTo(world, person.email)).filter(({ name }) => name === 'identity.new_device').length
  assert.equal(await told(), 0, 'the very first sign-in is no news')
  const curl = { 'user-agent': 'curl/8.4.0', 'x-forwarded-for': '203.0.113.77' }
  assert.equal((await send('wrong wrong wrong', curl)).status, 401)
  assert.equal(await told(), 0, 'nobody came in')
  const first = await send(person.password, curl)
  assert.equal(first.status, 200)
  assert.equal(await told(), 1)
  assert.equal((await send(person.password, curl)).status, 200)
  assert.equal(await told(), 1, 'the same program from the same address')
  const firefox = { 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0' }
  const browser = await send(person.password, firefox)
  assert.equal(await told(), 2)
  const cookie = browser.headers
    .getSetCookie()
    .map(text => text.split(';')[0])
    .join('; ')
  assert.equal((await send(person.password, { ...firefox, cookie, 'sec-fetch-site': 'same-origin' })).status, 200)
  assert.equal(await told(), 2, 'its cookie, from elsewhere')
  assert.equal((await send(person.password, firefox)).status, 200)
  assert.equal(await told(), 3, 'the same kind of browser, from elsewhere, without it')

  const logins = await itemsOf<Login & { methods: string[]; device: { words: string } }>(
    await person.fetch('/me/logins'),
  )
  assert.deepEqual(
    logins
      .map(({ status, failureReason, methods, ipAddress }) => [status, failureReason, methods, ipAddress])
      .slice(-3),
    [
      ['success', null, ['password'], '203.0.113.77'],
      ['failed', 'wrong password', ['password'], '203.0.113.77'],
      ['success', null, ['password'], logins.at(-1)?.ipAddress],
    ],
  )
  assert.equal(logins.at(-2)?.device.words, 'A program (curl)')
  const { rows: before } = await admin.query('select count(*)::int as n from identity.login_histories')
  assert.equal((await send('wrong wrong wrong', {}, 'nobody@people.example')).status, 401)
  const { rows: after } = await admin.query('select count(*)::int as n from identity.login_histories')
  assert.deepEqual(after, before, 'an address that nobody has is in nobody’s history')
})

/** Failures and successes, each a day before the one recorded before it. */
async function record(person: Person, statuses: ('success' | 'failed')[], client: Scope = {}) {
  for (const [index, status] of statuses.entries()) {
    await recordLogin(app, db.scoped({ ...client, system: true }), {
      userId: person.userId,
      status,
      ...(status === 'failed' ? { failureReason: 'wrong password' } : { methods: ['password', 'totp'] }),
    })
    await admin.query(
      `update identity.login_histories set failure_reason = case status when 'failed' then $2 end
       where user_id = $1 and failure_reason = 'wrong password'`,
      [person.userId, `wrong password ${index}`],
    )
  }
}

test('MT-09 the history tells successes and failures of one’s own account, page by page', async () => {
  const person = await newPerson(world)
  await admin.query('delete from identity.login_histories where user_id = $1', [person.userId])
  await record(person, ['success', 'failed', 'failed', 'success', 'failed'], {
    ipAddress: '2001:db8::7',
    userAgent: 'curl/8.4.0',
  })
  await record(bob, ['failed'])
  const collect = async (status?: string) => {
    const found: Login[] = []
    let cursor: string | null = null
    do {
      const query = new URLSearchParams({ limit: '2', ...(status && { status }), ...(cursor && { cursor }) })
      const response = await person.fetch(`/me/logins?${query}`)
      assert.equal(response.status, 200)
      const page = (await response.json()) as { items: Login[]; nextCursor: string | null }
      assert.ok(page.items.length <= 2)
      found.push(...page.items)
      cursor = page.nextCursor
    } while (cursor)
    return found
  }
  const all = await collect()
  assert.deepEqual(
    all.map(({ status, failureReason }) => failureReason ?? status),
    ['wrong password 4', 'success', 'wrong password 2', 'wrong password 1', 'success'],
  )
  assert.deepEqual(
    { ...all[1], id: '', createdAt: '' },
    {
      id: '',
      createdAt: '',
      status: 'success',
      failureReason: null,
      methods: ['password', 'totp'],
      device: { words: 'A program (curl)', kind: 'program' },
      place: null,
      ipAddress: '2001:db8::7',
    },
  )
  assert.equal((await collect('failed')).length, 3)
  assert.equal((await collect('success')).length, 2)
  const first = (await (await person.fetch('/me/logins?limit=2')).json()) as { nextCursor: string }
  const query = new URLSearchParams({ status: 'failed', cursor: first.nextCursor })
  assert.equal((await person.fetch(`/me/logins?${query}`)).status, 400, 'a cursor of another list')
  assert.equal((await bob.fetch(`/me/logins?${new URLSearchParams({ cursor: first.nextCursor })}`)).status, 400)
  assert.equal((await person.fetch('/me/logins?status=maybe')).status, 400)
})

test('MT-09 the program appends to the history and never changes it; it goes with the user', async () => {
  const person = await newPerson(world)
  await record(person, ['success'])
  const tx = db.scoped({ system: true, userId: person.userId })
  const seen = (scope: Scope) =>
    db.scoped(scope).run(sql`select id from identity.login_histories where user_id = ${person.userId}`)
  assert.ok((await seen({ userId: person.userId })).length > 0, 'control')
  assert.deepEqual(await seen({ userId: bob.userId }), [])
  assert.deepEqual(await seen({}), [])
  const denied = /permission denied for table login_histories/
  await assert.rejects(tx.run(sql`update identity.login_histories set status = 'success'`), denied)
  await assert.rejects(tx.run(sql`delete from identity.login_histories`), denied)
  const own = { userId: person.userId }
  await assert.rejects(
    db.transaction(own, reader => recordLogin(app, reader, { userId: person.userId, status: 'success' })),
    /row-level security/,
  )
  await admin.query('delete from identity.users where id = $1', [person.userId])
  assert.deepEqual(await seen(system), [])
})

test('MT-09 GG-15 the history lies in partitions by month that are made ahead, each guarded like the whole', async () => {
  const { rows } = await admin.query(`
    select c.relname as name, c.relrowsecurity and c.relforcerowsecurity as guarded,
      (select count(*)::int from pg_policy where polrelid = c.oid) as policies,
      has_table_privilege('commonhold_app', c.oid, 'select') as granted
    from pg_inherits i
    join pg_class c on c.oid = i.inhrelid
    where i.inhparent = 'identity.login_histories'::regclass
    order by 1`)
  const month = (ahead: number) => {
    const now = new Date()
    return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + ahead)).toISOString().slice(0, 7)
  }
  assert.deepEqual(
    rows,
    [0, 1, 2, 3].map(ahead => ({
      name: `login_histories_${month(ahead).replace('-', '_')}`,
      guarded: true,
      policies: 2,
      granted: false,
    })),
  )
})

test('MT-09 sign-ins are counted by month of the user’s own calendar, a year of it', async () => {
  const person = await newPerson(world, {})
  await admin.query(`update identity.user_profiles set timezone = 'Pacific/Auckland' where user_id = $1`, [
    person.userId,
  ])
  await admin.query('delete from identity.login_histories where user_id = $1', [person.userId])
  // Past the months that have partitions.
  await admin.query(`create table identity.login_histories_past partition of identity.login_histories
    for values from ('2020-01-01') to ('2022-01-01')`)
  const moments = {
    '2021-02-28T10:59:00Z': 'success', // 23:59 on the last of February there
    '2021-02-28T11:00:00Z': 'success', // midnight: the first of March
    '2021-03-15T00:00:00Z': 'failed',
    '2020-03-31T10:59:59Z': 'failed', // a second before the twelve months
    '2020-03-31T11:00:00Z': 'failed',
  }
  for (const [moment, status] of Object.entries(moments)) {
    await admin.query(
      `insert into identity.login_histories (user_id, device, status, failure_reason, created_at)
       values ($1, 'x', $2, case $2 when 'failed' then 'x' end, $3)`,
      [person.userId, status, moment],
    )
  }
  const now = new Date('2021-03-20T00:00:00Z')
  const months = await countLoginsByMonth(db.scoped({ userId: person.userId }), person.userId, now)
  assert.equal(months.length, 12)
  assert.deepEqual(
    months.filter(({ successes, failures }) => successes + failures > 0),
    [
      { month: '2020-04', successes: 0, failures: 1 },
      { month: '2021-02', successes: 1, failures: 0 },
      { month: '2021-03', successes: 1, failures: 1 },
    ],
  )
  await admin.query('drop table identity.login_histories_past')
  const items = await itemsOf<{ month: string }>(await person.fetch('/me/logins/by-month'))
  assert.equal(items.length, 12)
})

test('MT-05 one sees one’s devices and forgets them, nobody else’s', async () => {
  const person = await newPerson(world)
  const { rows } = await admin.query<{ id: string }>(
    `insert into identity.user_devices (user_id, token_hash, user_agent, trusted_until)
     values ($1, sha256('old'), 'curl/8', now() - interval '1 day'), ($1, sha256('new'), 'curl/8', now() + interval '1 day')
     returning id`,
    [person.userId],
  )
  const devices = await itemsOf<{ id: string; trustedUntil: string | null; isCurrent: boolean }>(
    await person.fetch('/me/devices'),
  )
  const trusted = (id: string | undefined) => devices.find(device => device.id === id)?.trustedUntil
  assert.equal(trusted(rows[0]?.id), null, 'trust that is over is none')
  assert.equal(typeof trusted(rows[1]?.id), 'string')
  const path = `/me/devices/${rows[1]?.id}`
  assert.equal((await bob.fetch(path, { method: 'DELETE' })).status, 404)
  assert.ok(!(await itemsOf<{ id: string }>(await bob.fetch('/me/devices'))).some(({ id }) => id === rows[1]?.id))
  assert.equal((await person.fetch(path, { method: 'DELETE' })).status, 204)
  assert.equal((await person.fetch(path, { method: 'DELETE' })).status, 404)
})

test('GG-16 PE-06 what is past is removed in batches that each commit, and nothing else', async () => {
  await admin.query(`
    insert into identity.one_time_tokens (purpose, token_hash, expires_at)
    select 'passkey_challenge', sha256(n::text::bytea), now() - case when n <= 2500 then interval '2 days' else interval '1 hour' end
    from generate_series(1, 2501) as n`)
  await admin.query(`
    insert into identity.sign_ups (email, full_name, password_hash, token_hash, expires_at)
    select 'a' || n || '@example.com', 'A', '$x', sha256(n::text::bytea), now() - interval '2 days' + (n - 1) * interval '1 week'
    from generate_series(1, 2) as n`)
  await admin.query(`
    insert into identity.address_failures (address, failed_attempts, last_failed_at, resting_until)
    values
      ('192.0.2.1', 1, now() - interval '2 days', null),
      ('192.0.2.2', 1, now() - interval '2 days', now() + interval '1 hour'),
      ('192.0.2.3', 1, now(), null)`)
  const own = db.scoped(system)
  let batches = 0
  const counting = { ...own, one: (query: Parameters<typeof own.one>[0]) => own.one(query) } as Queryable
  counting.one = async query => {
    batches++
    return await own.one(query)
  }
  assert.deepEqual(await removeLapsed(counting), { tokens: 2500, signUps: 1, addresses: 1 })
  assert.equal(batches, 3 + 1 + 1, 'of a thousand rows each')
  const left = await admin.query(`
    select
      (select count(*)::int from identity.one_time_tokens where purpose = 'passkey_challenge') as tokens,
      (select array_agg(email) from identity.sign_ups where email like 'a_@example.com') as emails,
      (select array_agg(host(address) order by address) from identity.address_failures where address << '192.0.2.0/24') as addresses`)
  assert.deepEqual(left.rows, [{ tokens: 1, emails: ['a2@example.com'], addresses: ['192.0.2.2', '192.0.2.3'] }])
})

test('the jobs that forget what is past run', async () => {
  const { modules } = await import('../../main/modules.ts')
  const jobs = modules.flatMap(module => module.jobs ?? [])
  for (const name of ['identity.remove-lapsed', 'identity.remove-abandoned-set-ups']) {
    const job = jobs.find(each => each.name === name)
    assert.ok(job?.cron)
    await job.run({}, app)
  }
  assert.equal((await signIn(baseUrl, alice)).userId, alice.userId)
})
