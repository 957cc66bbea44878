import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { accountsOf } from '#platform/accounts'
import { sessionCookie } from '#platform/http'
import { openSession, revokeSession } from '#platform/identity'
import { turnOnTwoFactor } from '#test/two-factors.ts'
import { joinAs, newPerson, type Person, type PolicyPart, randomAddress, setPolicy, testWorld } from '#test/world.ts'

const world = await testWorld()
const { app, db, admin, baseUrl, alice, bob, viewer } = world

type Headers = Record<string, string>
type Call = { method?: string; headers?: Headers; body?: unknown }
const call = (path: string, { method = 'GET', headers = {}, body }: Call = {}) =>
  fetch(`${baseUrl}/api/v1${path}`, {
    method,
    headers: {
      'x-forwarded-for': randomAddress(),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
const outcomeOf = async (response: Response) =>
  response.ok ? response.status : (((await response.json()) as { code: string }).code as string)
const read = async <T>(response: Response): Promise<T> => {
  assert.ok(response.ok, `${response.url} answered ${response.status}`)
  return (await response.json()) as T
}
const bearer = (token: string) => ({ authorization: `Bearer ${token}` })
const cookieOf = (token: string) => ({ cookie: `${sessionCookie}=${token}` })
const forget = () => accountsOf(app).principals.forgetAll()

type Me = {
  tenantId: string | null
  closed: { tenantId: string; tenantName: string; code: string; detail: string } | null
  secondFactorGrace: { loginsLeft: number; endsAt: string } | null
}
const meOf = async (headers: Headers) => read<Me>(await call('/me', { headers }))

type Opened = { id: string; cookieToken: string; refreshToken: string; accessToken: string }

/** A session without the cost of a password. */
async function open(
  { userId, tenantId }: Person,
  methods: ('password' | 'totp' | 'backup_code' | 'trusted_device')[] = ['password'],
): Promise<Opened> {
  const session = await db.transaction({ system: true }, tx => openSession(tx, { userId, tenantId, methods }))
  return { ...session, accessToken: await accountsOf(app).tokens.sign({ userId, tenantId, sessionId: session.id }) }
}

/** In the session's tenant, or in another that is named. */
const act = async (session: Opened, tenantId?: string, more: Headers = {}) =>
  outcomeOf(
    await call('/contractor-lists', {
      headers: { ...bearer(session.accessToken), ...(tenantId && { 'x-tenant-id': tenantId }), ...more },
    }),
  )
const set = async (session: Opened, assignment: string) => {
  await admin.query(`update identity.user_sessions set ${assignment} where id = $1`, [session.id])
  forget()
}

let people = 0
/** Somebody with a tenant of his own, whose policy is the documents' but for `part`. */
async function tenantOf(part: PolicyPart): Promise<Person> {
  const person = await newPerson(world, { tenantName: `Policy ${++people}` })
  await setPolicy(app, person.tenantId, { ...part, session: { maxConcurrentSessions: 3, ...part.session } })
  return person
}
/** A second tenant for the same person, of which nobody has changed the policy. */
async function alsoIn(person: Person, part: PolicyPart = {}): Promise<Person> {
  const { tenantId } = await newPerson(world, { tenantName: `Other ${++people}` })
  await joinAs(world, person.userId, tenantId, 'member')
  await setPolicy(app, tenantId, part)
  return { ...person, tenantId }
}

describe('MT-14 concurrent sessions', () => {
  test('MT-14 the newest as many act as the tenant allows; an older one is told why it does not', async () => {
    const person = await tenantOf({ session: { maxConcurrentSessions: 2 } })
    const sessions = [await open(person), await open(person), await open(person)] as const
    forget()
    assert.equal(await act(sessions[0]), 'accounts.session_displaced')
    assert.deepEqual([await act(sessions[1]), await act(sessions[2])], [200, 200])
    await db.transaction({ system: true }, tx => revokeSession(tx, sessions[2].id, 'test'))
    forget()
    assert.equal(await act(sessions[0]), 200, 'as soon as a newer one has ended it is among the newest again')
  })

  test('MT-14 each tenant counts for itself: displaced in a strict one a session acts in a lax one', async () => {
    const person = await tenantOf({ session: { maxConcurrentSessions: 1 } })
    const other = await alsoIn(person, { session: { maxConcurrentSessions: 5 } })
    const [older, newer] = [await open(person), await open(person)]
    forget()
    assert.equal(await act(older), 'accounts.session_displaced')
    assert.equal(await act(older, other.tenantId), 200)
    assert.deepEqual([await act(newer), await act(newer, other.tenantId)], [200, 200])
  })

  test('MT-14 of 50 sign-ins at once exactly N act, whichever', async () => {
    const person = await tenantOf({})
    const signIn = async () =>
      read<{ accessToken: string }>(
        await call('/auth/sign-in', { method: 'POST', body: { email: person.email, password: person.password } }),
      )
    const signedIn = await Promise.all(Array.from({ length: 50 }, signIn))
    forget()
    const outcomes = await Promise.all(
      signedIn.map(async ({ accessToken }) =>
        outcomeOf(await call('/contractor-lists', { headers: bearer(accessToken) })),
      ),
    )
    assert.equal(outcomes.filter(outcome => outcome === 200).length, 3)
    assert.equal(outcomes.filter(outcome => outcome === 'accounts.session_displaced').length, 47)
    // One more, and those that no tenant lets act are really ended.
    await signIn()
    const { rows } = await admin.query(
      `select count(*)::int as living from identity.user_sessions where user_id = $1 and revoked_at is null`,
      [person.userId],
    )
    assert.equal(rows[0].living, 3)
  })

  test('MT-14 a sign-in ends what no tenant lets act, and not what one of them does', async () => {
    const person = await tenantOf({ session: { maxConcurrentSessions: 1 } })
    const other = await alsoIn(person, { session: { maxConcurrentSessions: 3 } })
    const living = async () => {
      const { rows } = await admin.query(
        `select count(*)::int as living from identity.user_sessions where user_id = $1 and revoked_at is null`,
        [person.userId],
      )
      return rows[0].living
    }
    const body = { email: person.email, password: person.password }
    for (let round = 0; round < 5; round++) await read(await call('/auth/sign-in', { method: 'POST', body }))
    assert.equal(await living(), 3)
    await admin.query('delete from tenancy.user_tenants where user_id = $1 and tenant_id = $2', [
      person.userId,
      other.tenantId,
    ])
    await read(await call('/auth/sign-in', { method: 'POST', body }))
    assert.equal(await living(), 1)
  })

  test('MT-14 signing in again in a browser takes the place of its session, and of nobody else’s', async () => {
    const person = await tenantOf({ session: { maxConcurrentSessions: 2 } })
    const body = { email: person.email, password: person.password }
    const elsewhere = await open(person)
    let cookie = (await open(person)).cookieToken
    for (let round = 0; round < 4; round++) {
      const answer = await call('/auth/sign-in', { method: 'POST', body, headers: cookieOf(cookie) })
      assert.equal(answer.status, 200)
      assert.equal(await outcomeOf(await call('/me', { headers: cookieOf(cookie) })), 'accounts.session_ended')
      cookie = answer.headers
        .getSetCookie()
        .join()
        .match(/__Host-commonhold=([^;]+)/)?.[1] as string
    }
    assert.equal(await act(elsewhere), 200, 'it is still among the two newest')
    const stranger = await open(bob)
    await read(await call('/auth/sign-in', { method: 'POST', body, headers: cookieOf(stranger.cookieToken) }))
    assert.equal(await outcomeOf(await call('/me', { headers: cookieOf(stranger.cookieToken) })), 200)
  })
})

describe('MT-14 session timeout', () => {
  test('MT-14 an idle session ends at the timeout of its tenant, to the second, although answers are believed', async () => {
    const person = await tenantOf({ session: { sessionTimeout: 60 } })
    const session = await open(person)
    await set(session, `last_seen_at = now() - interval '58.9 seconds'`)
    // A request of another server would note a sign of life: here the row is read, remembered, and put back.
    assert.equal(await act(session), 200)
    await set(session, `last_seen_at = now() - interval '60 seconds', longest_pause = 0`)
    assert.equal(await act(session), 'accounts.session_timed_out')
    const bounded = await open(person)
    await set(bounded, `last_seen_at = now(), authenticated_at = now() - interval '59 seconds'`)
    await setPolicy(app, person.tenantId, { session: { extendOnActivity: false } })
    assert.equal(await act(bounded), 200, 'control: not yet')
    await sleep(1_050)
    assert.equal(await act(bounded), 'accounts.session_timed_out', 'within the time that an answer is believed')
  })

  test('MT-14 a session that ended in a strict tenant goes on in a lax one, and what it does there does not revive it', async () => {
    const person = await tenantOf({ session: { sessionTimeout: 600 } })
    const other = await alsoIn(person, { session: { sessionTimeout: 86_400 } })
    const session = await open(person)
    await set(session, `last_seen_at = now() - interval '601 seconds'`)
    assert.equal(await act(session), 'accounts.session_timed_out')
    assert.equal(await act(session, other.tenantId), 200, 'which is a sign of life')
    const { rows } = await admin.query(
      "select longest_pause, now() - last_seen_at < interval '5 s' as seen from identity.user_sessions where id = $1",
      [session.id],
    )
    assert.ok(rows[0].seen && rows[0].longest_pause >= 601)
    forget()
    assert.equal(await act(session), 'accounts.session_timed_out', 'still')
    // By the cookie the session's own tenant is meant, as by a token that names none.
    assert.equal(
      await outcomeOf(await call('/me', { headers: cookieOf(session.cookieToken) })),
      'accounts.session_timed_out',
    )
    const confirmed = await call('/auth/step-up', {
      method: 'POST',
      headers: { ...bearer(session.accessToken), 'x-tenant-id': other.tenantId },
      body: { password: person.password },
    })
    assert.equal(confirmed.status, 200)
    assert.equal(await act(session), 200, 'a new proof of who he is revives it')
  })

  test('MT-14 PE-05 a refresh token does not outlast the timeout, keeps what it has for another tenant, and is not used up', async () => {
    const person = await tenantOf({ session: { sessionTimeout: 600 } })
    const other = await alsoIn(person, { session: { sessionTimeout: 86_400 } })
    const session = await open(person)
    await set(session, `last_seen_at = now() - interval '700 seconds'`)
    const refresh = (refreshToken: string, headers: Headers = {}) =>
      call('/auth/refresh', { method: 'POST', body: { refreshToken }, headers })
    assert.equal(await outcomeOf(await refresh(session.refreshToken)), 'accounts.session_timed_out')
    const next = await read<{ accessToken: string; refreshToken: string; tenantId: string }>(
      await refresh(session.refreshToken, { 'x-tenant-id': other.tenantId }),
    )
    assert.equal(next.tenantId, other.tenantId)
    assert.equal(await outcomeOf(await refresh(next.refreshToken)), 'accounts.session_timed_out')
    assert.equal(await outcomeOf(await call('/contractor-lists', { headers: bearer(next.accessToken) })), 200)
  })

  test('MT-14 a session in use is noted often enough for its timeout', async () => {
    const person = await tenantOf({ session: { sessionTimeout: 600 } })
    const session = await open(person)
    const isNoted = async (seconds: number) => {
      await set(session, `last_seen_at = now() - interval '${seconds} seconds', longest_pause = 0`)
      assert.equal(await act(session), 200)
      const { rows } = await admin.query('select longest_pause from identity.user_sessions where id = $1', [session.id])
      return rows[0].longest_pause
    }
    assert.equal(await isNoted(8), 0)
    assert.ok((await isNoted(11)) >= 11)
  })
})

describe('MT-14 MT-15 second factors', () => {
  const ownTenant = (path: string, session: Opened) => call(path, { headers: cookieOf(session.cookieToken) })

  test('MT-14 requireMFA closes the tenant to who has no second factor, and not the way to set one up', async () => {
    const person = await tenantOf({})
    const session = await open(person)
    assert.equal(await act(session), 200, 'control')
    await setPolicy(app, person.tenantId, { session: { requireMFA: true }, twoFactor: { exemptRoles: ['owner'] } })
    assert.equal(await act(session), 'accounts.second_factor_required')
    assert.equal(await act(session, person.tenantId), 'accounts.second_factor_required')
    const { tenantId, closed } = await meOf(cookieOf(session.cookieToken))
    assert.deepEqual(
      [tenantId, closed?.tenantId, closed?.code],
      [null, person.tenantId, 'accounts.second_factor_required'],
    )
    assert.equal(await outcomeOf(await ownTenant('/me/two-factor', session)), 200)
    await turnOnTwoFactor({
      ...person,
      fetch: (path, init) => call(path, { ...init, headers: bearer(session.accessToken) }),
    })
    assert.equal(await act(session), 200, 'setting one up shows it')
    assert.equal((await meOf(cookieOf(session.cookieToken))).closed, null)
  })

  test('MT-15 who has a second factor has to have shown it in this session; a step-up with it opens the tenant', async () => {
    const person = await tenantOf({ twoFactor: { required: true } })
    const authenticator = await turnOnTwoFactor(person)
    const session = await open(person, ['password', 'trusted_device'])
    assert.equal(await act(session), 'accounts.second_factor_unconfirmed', 'a remembered device is not enough here')
    assert.equal((await meOf(cookieOf(session.cookieToken))).closed?.code, 'accounts.second_factor_unconfirmed')
    const stepUp = await call('/auth/step-up', {
      method: 'POST',
      headers: bearer(session.accessToken),
      body: { password: person.password, code: authenticator.code(1) },
    })
    assert.equal(stepUp.status, 200)
    assert.equal(await act(session), 200)
    // A later step-up takes nothing back that was shown.
    await set(session, `authentication_methods = array['password', 'passkey', 'totp']`)
    const other = await open(person, ['password', 'totp'])
    assert.equal(await act(other), 200)
  })

  test('MT-15 a backup code is a second factor where the policy says so', async () => {
    const person = await tenantOf({ twoFactor: { required: true } })
    await turnOnTwoFactor(person)
    const session = await open(person, ['password', 'backup_code'])
    assert.equal(await act(session), 200)
    await setPolicy(app, person.tenantId, { twoFactor: { allowBackupCodes: false } })
    assert.equal(await act(session), 'accounts.second_factor_unconfirmed')
  })

  test('MT-15 grace: exactly so many sign-ins, of many at once, and each session goes on that was counted', async () => {
    const person = await tenantOf({
      session: { maxConcurrentSessions: 100 },
      twoFactor: { required: true, graceLogins: 3, gracePeriodDays: 7 },
    })
    const sessions = await Promise.all(Array.from({ length: 20 }, () => open(person)))
    // Ten requests of each session at once, on a server that remembers nothing.
    const outcomes = await Promise.all(
      sessions.map(async session => new Set(await Promise.all([act(session), act(session), act(session)]))),
    )
    for (const set of outcomes) assert.equal(set.size, 1, 'a session is in or out')
    const admitted = sessions.filter((_, index) => outcomes[index]?.has(200))
    assert.equal(admitted.length, 3)
    forget()
    for (const session of admitted) assert.equal(await act(session), 200)
    const { secondFactorGrace } = await meOf(cookieOf((admitted[0] as Opened).cookieToken))
    assert.equal(secondFactorGrace?.loginsLeft, 0)
    assert.equal(await act(await open(person)), 'accounts.second_factor_required')
  })

  test('MT-15 grace: its days end it for counted sessions too, at that moment', async () => {
    const person = await tenantOf({ twoFactor: { required: true, graceLogins: 9, gracePeriodDays: 1 } })
    const session = await open(person)
    assert.equal(await act(session), 200)
    const me = await meOf(cookieOf(session.cookieToken))
    assert.equal(me.secondFactorGrace?.loginsLeft, 8)
    const left = Date.parse(me.secondFactorGrace?.endsAt ?? '') - Date.now()
    assert.ok(Math.abs(left - 24 * 3600_000) < 60_000)
    await admin.query(
      `update tenancy.tenants set second_factor_required_since = now() - interval '1 day' where id = $1`,
      [person.tenantId],
    )
    await admin.query(`update tenancy.user_tenants set joined_at = now() - interval '2 days' where user_id = $1`, [
      person.userId,
    ])
    forget()
    assert.equal(await act(session), 'accounts.second_factor_required')
  })

  test('MT-15 the enforcement date, and exempt roles, hold in their tenant only', async () => {
    const person = await tenantOf({
      twoFactor: { required: true, graceLogins: 0, enforcementDate: '2999-01-01T00:00:00Z' },
    })
    const other = await alsoIn(person, { twoFactor: { required: true, graceLogins: 0, exemptRoles: ['owner'] } })
    const session = await open(person)
    assert.equal(await act(session), 200)
    assert.equal(
      await act(session, other.tenantId),
      'accounts.second_factor_required',
      'he is a member there, no owner',
    )
    await setPolicy(app, other.tenantId, { twoFactor: { exemptRoles: ['member'] } })
    assert.equal(await act(session, other.tenantId), 200)
    await setPolicy(app, person.tenantId, { twoFactor: { enforcementDate: '2026-01-01T00:00:00Z' } })
    assert.equal(await act(session), 'accounts.second_factor_required')
  })

  test('MT-15 nobody switches into a tenant that wants a second factor of him, nor counts for it by trying', async () => {
    const person = await tenantOf({})
    const strict = await alsoIn(person, { session: { requireMFA: true } })
    const session = await open(person)
    const switching = await call('/auth/switch-tenant', {
      method: 'POST',
      headers: bearer(session.accessToken),
      body: { tenantId: strict.tenantId },
    })
    assert.equal(await outcomeOf(switching), 'accounts.second_factor_required')
    assert.equal((await meOf(cookieOf(session.cookieToken))).tenantId, person.tenantId)
  })
})

describe('MT-16 addresses', () => {
  const from = (address: string) => ({ 'x-forwarded-for': address })

  test('MT-16 an address that is not allowed is refused, also while an answer from an allowed one is believed', async () => {
    const person = await tenantOf({
      ipRestrictions: { enabled: true, allowedIPs: ['192.0.2.7'], allowedRanges: ['2001:db8:7::/48'] },
    })
    const session = await open(person)
    assert.equal(await act(session, undefined, from('192.0.2.7')), 200)
    assert.equal(await act(session, undefined, from('192.0.2.8')), 'accounts.address_refused')
    assert.equal(await act(session, undefined, from('2001:db8:7::9')), 200)
    assert.equal(await act(session, undefined, from('2001:db8:8::9')), 'accounts.address_refused')
    assert.equal(await act(session, undefined, from('::ffff:192.0.2.7')), 200)
    assert.equal(await act(session, undefined, from('192.0.2.7')), 200, 'nor does a refused one keep the allowed out')
  })

  test('MT-16 the block list wins, and blocks while the other lists are off', async () => {
    const person = await tenantOf({ ipRestrictions: { blockList: ['198.51.100.0/24'] } })
    const session = await open(person)
    assert.equal(await act(session, undefined, from('198.51.100.9')), 'accounts.address_refused')
    assert.equal(await act(session, undefined, from('::ffff:198.51.100.9')), 'accounts.address_refused')
    assert.equal(await act(session, undefined, from('203.0.113.1')), 200)
    await setPolicy(app, person.tenantId, { ipRestrictions: { enabled: true, allowedIPs: ['198.51.100.9'] } })
    assert.equal(await act(session, undefined, from('198.51.100.9')), 'accounts.address_refused')
  })

  test('MT-16 each tenant has its own rules, and one’s own things are in none of them', async () => {
    const person = await tenantOf({ ipRestrictions: { enabled: true, allowedIPs: ['192.0.2.7'] } })
    const other = await alsoIn(person)
    const session = await open(person)
    const elsewhere = from('203.0.113.9')
    assert.equal(await act(session, undefined, elsewhere), 'accounts.address_refused')
    assert.equal(await act(session, other.tenantId, elsewhere), 200)
    const headers = { ...cookieOf(session.cookieToken), ...elsewhere }
    const { tenantId, closed } = await meOf(headers)
    assert.deepEqual([tenantId, closed?.code], [null, 'accounts.address_refused'])
    assert.match(closed?.detail ?? '', /203\.0\.113\.9/)
    const naming = await call('/me', { headers: { ...headers, 'x-tenant-id': person.tenantId } })
    assert.equal(await outcomeOf(naming), 'accounts.address_refused')
    const switching = (tenant: Person, address: Headers) =>
      call('/auth/switch-tenant', {
        method: 'POST',
        headers: { ...bearer(session.accessToken), ...address },
        body: { tenantId: tenant.tenantId },
      })
    assert.equal(await outcomeOf(await switching(person, elsewhere)), 'accounts.address_refused')
    assert.equal(await outcomeOf(await switching(person, from('192.0.2.7'))), 200, 'control')
    assert.equal(await outcomeOf(await switching(other, elsewhere)), 200)
  })

  test('MT-16 a refresh from a refused address gives a token for no tenant, and none where the tenant is named', async () => {
    const person = await tenantOf({ ipRestrictions: { enabled: true, allowedIPs: ['192.0.2.7'] } })
    const { refreshToken } = await open(person)
    const refresh = (token: string, headers: Headers) =>
      call('/auth/refresh', { method: 'POST', body: { refreshToken: token }, headers })
    const named = await refresh(refreshToken, { ...from('203.0.113.9'), 'x-tenant-id': person.tenantId })
    assert.equal(await outcomeOf(named), 'accounts.address_refused')
    type Refreshed = { tenantId: string | null; refreshToken: string; accessToken: string }
    const outside = await read<Refreshed>(await refresh(refreshToken, from('203.0.113.9')))
    assert.equal(outside.tenantId, null)
    const list = await call('/contractor-lists', {
      headers: { ...bearer(outside.accessToken), ...from('203.0.113.9') },
    })
    assert.equal(await outcomeOf(list), 'accounts.address_refused')
    const inside = await read<Refreshed>(await refresh(outside.refreshToken, from('192.0.2.7')))
    assert.equal(inside.tenantId, person.tenantId)
  })

  test('MT-16 X-Forwarded-For counts from a trusted proxy only, and its last untrusted hop', async () => {
    const person = await tenantOf({ ipRestrictions: { enabled: true, allowedIPs: ['192.0.2.7'] } })
    const session = await open(person)
    // The test world trusts 127.0.0.1. What a client wrote before the proxy's own entry is not believed.
    assert.equal(await act(session, undefined, from('192.0.2.7, 203.0.113.9')), 'accounts.address_refused')
    assert.equal(await act(session, undefined, from('203.0.113.9, 192.0.2.7')), 200)
    const { buildServer } = await import('#platform/http')
    const { modules } = await import('../../src/main/modules.ts')
    const untrusting = await buildServer({
      app,
      modules,
      authenticate: accountsOf(app).principals.authenticate,
      requestsPerMinute: 1_000_000,
      readiness: async () => {},
    })
    const ask = (remoteAddress: string, headers: Headers) =>
      untrusting.inject({
        url: '/api/v1/contractor-lists',
        remoteAddress,
        headers: { ...bearer(session.accessToken), ...headers },
      })
    assert.equal((await ask('203.0.113.9', from('192.0.2.7'))).json().code, 'accounts.address_refused')
    assert.equal((await ask('192.0.2.7', from('203.0.113.9'))).statusCode, 200, 'control')
    assert.equal((await ask('::ffff:192.0.2.7', {})).statusCode, 200)
    await untrusting.close()
  })
})

describe('setting the policy', () => {
  type Policy = Record<'session' | 'twoFactor' | 'ipRestrictions', Record<string, unknown>>
  const get = async (person: Person) => {
    const answer = await person.fetch('/tenant/security-policy')
    return { policy: await read<Policy>(answer), etag: answer.headers.get('etag') as string }
  }
  const put = (person: Person, body: unknown, headers: Headers = {}) =>
    person.fetch('/tenant/security-policy', { method: 'PUT', body, headers: { ...from, ...headers } })
  const from = { 'x-forwarded-for': '192.0.2.7' }
  const narrow = { enabled: true, allowedIPs: ['198.51.100.1'], allowedRanges: [], blockList: [] }

  test('MT-14 who may sets it, from the next request on, and the log says what changed', async () => {
    const person = await tenantOf({ session: { maxConcurrentSessions: 9 } })
    const { policy, etag } = await get(person)
    const wanted = { ...policy, session: { ...policy.session, sessionTimeout: 900 } }
    assert.deepEqual(await read(await put(person, wanted, { 'if-match': etag })), wanted)
    assert.equal(await outcomeOf(await put(person, wanted, { 'if-match': etag })), 'http.changed_meanwhile')
    const { rows } = await admin.query(
      `select details from audit.audit_logs where tenant_id = $1 and action = 'change_security_policy'`,
      [person.tenantId],
    )
    assert.deepEqual(rows, [{ details: { changes: { 'session.sessionTimeout': { from: 3600, to: 900 } } } }])
    const tracked = await admin.query(
      `select from audit.audit_logs where tenant_id = $1 and resource = 'tenancy.tenants' and action = 'update' and changes ? 'security_policy'`,
      [person.tenantId],
    )
    assert.ok(tracked.rows.length > 0)
  })

  test('MT-16 nobody shuts himself out unknowingly: by his address, or by a second factor that he has not', async () => {
    const person = await tenantOf({ session: { maxConcurrentSessions: 9 } })
    const { policy } = await get(person)
    const refused = await put(person, { ...policy, ipRestrictions: narrow })
    assert.equal(refused.status, 409)
    const problem = (await refused.json()) as { code: string; detail: string }
    assert.equal(problem.code, 'accounts.policy_shuts_out')
    assert.match(problem.detail, /192\.0\.2\.7/)
    const blocking = { ...policy.ipRestrictions, blockList: ['192.0.2.0/24'] }
    assert.equal(
      await outcomeOf(await put(person, { ...policy, ipRestrictions: blocking })),
      'accounts.policy_shuts_out',
    )
    const strict = { ...policy, session: { ...policy.session, requireMFA: true } }
    assert.equal(await outcomeOf(await put(person, strict)), 'accounts.policy_shuts_out')
    const graceless = { ...policy, twoFactor: { ...policy.twoFactor, required: true, graceLogins: 0 } }
    assert.equal(await outcomeOf(await put(person, graceless)), 'accounts.policy_shuts_out')
    const graceful = { ...policy, twoFactor: { ...policy.twoFactor, required: true } }
    assert.equal(await outcomeOf(await put(person, graceful)), 200)
    assert.deepEqual((await get(person)).policy, graceful)
    assert.equal(
      await outcomeOf(
        await put(person, { ...policy, ipRestrictions: { ...narrow, allowedRanges: ['192.0.2.0/24'] } }, {}),
      ),
      200,
    )
    assert.equal(await outcomeOf(await put(person, { ...policy, ipRestrictions: narrow, confirmed: true })), 200)
    assert.equal(
      await outcomeOf(await person.fetch('/contractor-lists', { headers: from })),
      'accounts.address_refused',
    )
  })

  test('MT-16 an administrator who is no owner cannot shut the owners out', async () => {
    const owner = await tenantOf({ session: { maxConcurrentSessions: 9 } })
    const deputy = await newPerson(world)
    await joinAs(world, deputy.userId, owner.tenantId, 'admin')
    const { cookieToken } = await open({ ...deputy, tenantId: owner.tenantId })
    const { id } = await open(owner)
    await set({ id } as Opened, `ip_address = '198.51.100.9', last_seen_at = now() + interval '1 hour'`)
    const { policy } = await get(owner)
    const putAs = (body: unknown) =>
      call('/tenant/security-policy', {
        method: 'PUT',
        headers: { ...cookieOf(cookieToken), ...from, origin: baseUrl },
        body,
      })
    const withList = (allowedRanges: string[], blockList: string[] = []) => ({
      ...policy,
      ipRestrictions: { ...policy.ipRestrictions, enabled: allowedRanges.length > 0, allowedRanges, blockList },
      confirmed: true,
    })
    for (const shutting of [withList(['192.0.2.0/24']), withList([], ['198.51.100.9'])]) {
      const refused = await putAs(shutting)
      assert.equal(refused.status, 403)
      const problem = (await refused.json()) as { code: string; detail: string }
      assert.equal(problem.code, 'accounts.policy_shuts_owners_out')
      assert.match(problem.detail, /\(198\.51\.100\.9\)/)
    }
    assert.equal(await outcomeOf(await putAs(withList(['192.0.2.0/24', '198.51.100.0/24']))), 200)
    assert.equal(await outcomeOf(await put(owner, withList(['192.0.2.0/24']))), 200, 'an owner may')
    assert.equal(
      await outcomeOf(await putAs(withList(['192.0.2.0/25']))),
      200,
      'who is out already is not shut out by it',
    )
  })

  test('MT-14 MT-16 what makes no sense is refused with its place', async () => {
    const { policy } = await get(alice)
    const bad: [unknown, string][] = [
      [{ ...policy, session: { ...policy.session, sessionTimeout: 59 } }, 'http.request_invalid'],
      [{ ...policy, session: { ...policy.session, maxConcurrentSessions: 0 } }, 'http.request_invalid'],
      [{ ...policy, session: { ...policy.session, more: 1 } }, 'http.request_invalid'],
      [{ ...policy, ipRestrictions: { ...narrow, allowedIPs: [] } }, 'tenancy.policy_unfit'],
      [{ ...policy, ipRestrictions: { ...narrow, allowedIPs: ['10.1'] } }, 'tenancy.policy_unfit'],
      [{ ...policy, twoFactor: { ...policy.twoFactor, exemptRoles: ['nobody'] } }, 'access.role_unknown'],
      [{ session: policy.session }, 'http.request_invalid'],
    ]
    for (const [body, code] of bad) assert.equal(await outcomeOf(await put(alice, body)), code, JSON.stringify(body))
    assert.deepEqual((await get(alice)).policy, policy)
  })

  test('AG-01 MT-14 a viewer neither sees nor sets it, and nobody sets another tenant’s', async () => {
    const { policy } = await get(alice)
    for (const path of ['/tenant/security-policy', '/tenant/security-policy/preview']) {
      const [method, body] = path.endsWith('preview') ? ['POST', policy] : ['GET', undefined]
      assert.equal(await outcomeOf(await viewer.fetch(path, { method, body })), 'http.permission_missing')
    }
    assert.equal(await outcomeOf(await put(viewer, policy)), 'http.permission_missing')
    assert.equal(await outcomeOf(await put(bob, policy, { 'x-tenant-id': alice.tenantId })), 'accounts.not_a_member')
    assert.equal(await outcomeOf(await put(alice, policy)), 200, 'control')
    const key = { authorization: 'Bearer nonsense' }
    assert.equal(await outcomeOf(await put(alice, policy, key)), 'identity.token_invalid')
  })

  test('MT-14 it wants a fresh sign-in', async () => {
    const person = await tenantOf({ session: { maxConcurrentSessions: 9 } })
    const { policy } = await get(person)
    await admin.query(
      `update identity.user_sessions set authenticated_at = now() - interval '11 minutes' where user_id = $1`,
      [person.userId],
    )
    forget()
    assert.equal(await outcomeOf(await put(person, policy)), 'http.step_up_required')
  })

  type Preview = {
    members: number
    secondFactor: {
      without: number
      exempt: number
      closedAtOnce: number
      people: { name: string; isExempt: boolean; closesAt: string | null; loginsLeft: number | null }[]
    }
    sessions: { ending: number; list: { name: string; reason: string }[] }
    addresses: { known: number; refused: number; list: { ipAddress: string; names: string[] }[] }
    caller: { ipAddress: string; isAddressRefused: boolean; secondFactor: string; isShutOut: boolean }
  }
  const preview = async (person: Person, policy: unknown) =>
    read<Preview>(
      await person.fetch('/tenant/security-policy/preview', { method: 'POST', body: policy, headers: from }),
    )

  test('MT-14 MT-15 MT-16 a preview says whom a policy meets, as it then does, and changes nothing', async () => {
    const owner = await tenantOf({ session: { maxConcurrentSessions: 9 } })
    const colleague = await newPerson(world, { fullName: 'Cora Colleague' })
    await joinAs(world, colleague.userId, owner.tenantId, 'viewer')
    const here = { ...colleague, tenantId: owner.tenantId }
    const [idle, busy] = [await open(here), await open(here)]
    await set(idle, `last_seen_at = now() - interval '30 minutes', ip_address = '203.0.113.5'`)
    await set(busy, `ip_address = '198.51.100.1'`)
    const { policy } = await get(owner)
    const nothing = await preview(owner, policy)
    assert.deepEqual(
      [
        nothing.members,
        nothing.secondFactor.without,
        nothing.sessions.ending,
        nothing.addresses.refused,
        nothing.caller.isShutOut,
      ],
      [2, 0, 0, 0, false],
    )
    const wanted = {
      session: { ...policy.session, sessionTimeout: 600, requireMFA: false },
      twoFactor: { ...policy.twoFactor, required: true, exemptRoles: ['viewer'] },
      ipRestrictions: { enabled: true, allowedIPs: ['198.51.100.1'], allowedRanges: ['2001:db8::/32'], blockList: [] },
    }
    const met = await preview(owner, wanted)
    assert.deepEqual([met.secondFactor.without, met.secondFactor.exempt, met.secondFactor.closedAtOnce], [2, 1, 0])
    const cora = met.secondFactor.people.find(({ name }) => name === 'Cora Colleague')
    assert.deepEqual([cora?.isExempt, cora?.closesAt, cora?.loginsLeft], [true, null, null])
    assert.deepEqual(
      met.sessions.list.map(({ name, reason }) => [name, reason]),
      [['Cora Colleague', 'timed_out']],
    )
    assert.deepEqual(
      met.addresses.list.map(({ ipAddress, names }) => [ipAddress, names]),
      [['203.0.113.5', ['Cora Colleague']]],
    )
    assert.deepEqual(met.caller, {
      ipAddress: '192.0.2.7',
      isAddressRefused: true,
      secondFactor: 'in_grace',
      isProviderMissing: false,
      isShutOut: true,
    })
    assert.deepEqual((await get(owner)).policy, policy)
    assert.equal(await act(idle), 200, 'and nobody has felt it')
  })

  test('AG-01 MT-16 a preview knows nothing of what members do in their other tenants', async () => {
    const owner = await tenantOf({ session: { maxConcurrentSessions: 9 } })
    const colleague = await tenantOf({ session: { maxConcurrentSessions: 9 } })
    await joinAs(world, colleague.userId, owner.tenantId, 'viewer')
    const elsewhere = await open(colleague)
    await set(elsewhere, `ip_address = '203.0.113.77'`)
    const { policy } = await get(owner)
    const text = async () => JSON.stringify(await preview(owner, { ...policy, ipRestrictions: narrow }))
    assert.doesNotMatch(await text(), /203\.0\.113\.77/)
    await set(elsewhere, `active_tenant_id = '${owner.tenantId}'`)
    assert.match(await text(), /203\.0\.113\.77/, 'control')
  })
})

test('MT-12 MT-16 who is shut out of one tenant is told by whose rule, and strangers are told nothing', async () => {
  const person = await tenantOf({ ipRestrictions: { enabled: true, allowedIPs: ['192.0.2.7'] } })
  const session = await open(person)
  await admin.query(`update tenancy.tenants set status = 'suspended' where id = $1`, [person.tenantId])
  forget()
  assert.equal((await meOf(cookieOf(session.cookieToken))).closed?.code, 'accounts.tenant_suspended')
  const stranger = await open(bob)
  assert.equal(await act(stranger, person.tenantId), 'accounts.not_a_member')
})
