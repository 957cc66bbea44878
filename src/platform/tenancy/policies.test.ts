import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from '#platform/database'
import { DomainError } from '#platform/errors.ts'
import { testWorld } from '#test/world.ts'
import { checkSecurityPolicy, getSecurityPolicy, type SecurityPolicy, setSecurityPolicy } from './policies.ts'
import { countGraceLogin } from './second-factor-graces.ts'

const { admin, db, alice, bob, viewer } = await testWorld()

const good: SecurityPolicy = {
  session: { maxConcurrentSessions: 3, sessionTimeout: 3600, extendOnActivity: true, requireMFA: false },
  twoFactor: {
    required: false,
    graceLogins: 3,
    gracePeriodDays: 7,
    allowBackupCodes: true,
    allowRememberDevice: false,
    exemptRoles: [],
    enforcementDate: null,
  },
  ipRestrictions: { enabled: false, allowedIPs: [], allowedRanges: [], blockList: [] },
}
const withSession = (part: object) => ({ ...good, session: { ...good.session, ...part } })
const withFactor = (part: object) => ({ ...good, twoFactor: { ...good.twoFactor, ...part } })
const withAddresses = (part: object) => ({ ...good, ipRestrictions: { ...good.ipRestrictions, ...part } })

const put = (tenantId: string, policy: unknown) =>
  admin.query('update tenancy.tenants set security_policy = $2 where id = $1', [tenantId, JSON.stringify(policy)])

test('MT-14 a new tenant has the documents’ policy, and it is read in one order', async () => {
  const { rows } = await admin.query(
    `insert into tenancy.tenants (name, slug) values ('Fresh', 'fresh-policy') returning id, security_policy`,
  )
  assert.deepEqual(rows[0].security_policy, good)
  const own = db.scoped({ tenantId: rows[0].id })
  const shown = { ...good, signIn: { requireProvider: false } }
  assert.equal(JSON.stringify(await getSecurityPolicy(own)), JSON.stringify(shown))
})

test('AG-01 MT-14 a policy is set in the tenant of the scope, and nowhere else', async () => {
  const before = await getSecurityPolicy(db.scoped(bob.scope))
  const stricter = { ...withSession({ sessionTimeout: 600 }), signIn: { requireProvider: false } }
  assert.deepEqual(await db.transaction(alice.scope, tx => setSecurityPolicy(tx, stricter)), stricter)
  assert.deepEqual(await getSecurityPolicy(db.scoped(bob.scope)), before)
  await assert.rejects(getSecurityPolicy(db.scoped({ userId: alice.userId })), 'without a tenant there is none')
})

test('MT-14 MT-15 MT-16 the database takes what the program takes, and refuses every other shape', async () => {
  const taken: unknown[] = [
    good,
    withSession({ maxConcurrentSessions: 1, sessionTimeout: 60 }),
    withSession({ maxConcurrentSessions: 1000, sessionTimeout: 2_592_000, extendOnActivity: false, requireMFA: true }),
    withFactor({ required: true, graceLogins: 0, gracePeriodDays: 0, exemptRoles: ['viewer'] }),
    withFactor({ graceLogins: 100, gracePeriodDays: 365, enforcementDate: '2027-01-01T00:00:00Z' }),
    withFactor({ enforcementDate: '2027-01-01T00:00:00.123+02:00' }),
    withAddresses({ enabled: true, allowedIPs: ['192.0.2.1'], blockList: ['2001:db8::/32'] }),
    withAddresses({ enabled: true, allowedRanges: ['192.0.2.0/24'] }),
    { ...good, signIn: { requireProvider: false } },
  ]
  for (const policy of taken) await put(bob.tenantId, policy)
  const refused: unknown[] = [
    {},
    [],
    [good],
    'policy',
    { ...good, more: {} },
    { ...good, signIn: {} },
    { ...good, signIn: null },
    { ...good, signIn: { requireProvider: 'true' } },
    { ...good, signIn: { requireProvider: false, more: 1 } },
    { session: good.session, twoFactor: good.twoFactor },
    { ...good, session: [] },
    { ...good, session: null },
    withSession({ more: 1 }),
    withSession({ maxConcurrentSessions: 0 }),
    withSession({ maxConcurrentSessions: 1001 }),
    withSession({ maxConcurrentSessions: 1.5 }),
    withSession({ maxConcurrentSessions: '3' }),
    withSession({ maxConcurrentSessions: null }),
    withSession({ maxConcurrentSessions: [3] }),
    withSession({ sessionTimeout: 59 }),
    withSession({ sessionTimeout: 2_592_001 }),
    withSession({ extendOnActivity: 'yes' }),
    withSession({ requireMFA: 1 }),
    withSession({ requireMFA: undefined }),
    withFactor({ required: 'true' }),
    withFactor({ graceLogins: -1 }),
    withFactor({ graceLogins: 101 }),
    withFactor({ gracePeriodDays: 366 }),
    withFactor({ exemptRoles: 'viewer' }),
    withFactor({ exemptRoles: [1] }),
    withFactor({ exemptRoles: Array(101).fill('viewer') }),
    withFactor({ enforcementDate: 'tomorrow' }),
    withFactor({ enforcementDate: 1 }),
    withFactor({ enforcementDate: undefined }),
    withAddresses({ enabled: true }),
    withAddresses({ enabled: 'no' }),
    withAddresses({ allowedIPs: '192.0.2.1' }),
    withAddresses({ blockList: [4] }),
    withAddresses({ allowedRanges: Array(201).fill('192.0.2.0/24') }),
    withAddresses({ blockList: {} }),
  ]
  for (const policy of refused) {
    await assert.rejects(
      put(bob.tenantId, policy),
      /tenants_security_policy_shape|cannot delete/,
      JSON.stringify(policy),
    )
  }
  await put(bob.tenantId, good)
})

test('MT-16 addresses and ranges that are none are refused, each with its place and its reason', () => {
  const faults = (part: object) => {
    try {
      checkSecurityPolicy(withAddresses(part))
    } catch (error) {
      assert.ok(error instanceof DomainError)
      assert.equal(error.code, 'tenancy.policy_unfit')
      return (error.details.errors as { pointer: string; message: string }[]).map(({ pointer, message }) => [
        pointer,
        message,
      ])
    }
    return []
  }
  assert.deepEqual(
    faults({ enabled: true, allowedIPs: ['192.0.2.1', '2001:db8::1'], allowedRanges: ['10.0.0.0/8'] }),
    [],
  )
  assert.deepEqual(faults({ blockList: ['192.0.2.1', '2001:db8::/32', '::ffff:192.0.2.0/120'] }), [])
  assert.deepEqual(faults({ allowedIPs: ['192.0.2.1', '10.0.0.0/8', 'home'] }), [
    ['/ipRestrictions/allowedIPs/1', '10.0.0.0/8 is a range: it belongs into the list of ranges'],
    ['/ipRestrictions/allowedIPs/2', 'home is no IPv4 or IPv6 address'],
  ])
  assert.deepEqual(faults({ allowedRanges: ['10.1.2.3/8', '192.0.2.1', '2001:db8::/129'] }), [
    ['/ipRestrictions/allowedRanges/0', '10.1.2.3/8 has bits after its prefix: write 10.0.0.0/8'],
    ['/ipRestrictions/allowedRanges/1', '192.0.2.1 is a single address: it belongs into the list of addresses'],
    ['/ipRestrictions/allowedRanges/2', '2001:db8::/129 is no range such as 192.0.2.0/24 or 2001:db8::/32'],
  ])
  assert.equal(faults({ blockList: ['10.1.2.3/8', 'x/8', '1.2.3'] }).length, 3)
  assert.deepEqual(faults({ enabled: true }), [
    ['/ipRestrictions/allowedIPs', 'without an address or a range in the lists nobody could come in'],
  ])
})

const requiredSince = async () => {
  const { rows } = await admin.query('select second_factor_required_since as at from tenancy.tenants where id = $1', [
    bob.tenantId,
  ])
  return rows[0].at as Date | null
}

test('MT-15 the database keeps since when a second factor is required, until it is not', async () => {
  assert.equal(await requiredSince(), null)
  await put(bob.tenantId, withFactor({ required: true }))
  const first = await requiredSince()
  assert.ok(first)
  await put(bob.tenantId, withFactor({ required: true, graceLogins: 9 }))
  assert.deepEqual(await requiredSince(), first)
  await put(bob.tenantId, good)
  assert.equal(await requiredSince(), null)
  await put(bob.tenantId, withFactor({ required: true }))
  assert.ok(((await requiredSince()) as Date) > first)
})

test('MT-15 of many sign-ins at once exactly as many are counted as the grace has, each session once', async () => {
  const beganAt = new Date('2026-11-01T00:00:00Z')
  const scope = { system: true, tenantId: bob.tenantId, userId: bob.userId }
  const count = (sessionId: string, most = 5, at = beganAt) =>
    countGraceLogin(db.scoped(scope), { userId: bob.userId, sessionId, beganAt: at, most })
  const sessions = Array.from({ length: 40 }, () => crypto.randomUUID())
  const counted = await Promise.all(sessions.flatMap(id => [count(id), count(id)]))
  const admitted = sessions.filter((_, index) => counted[2 * index] !== undefined)
  assert.equal(admitted.length, 5)
  for (const index of sessions.keys()) {
    assert.equal(counted[2 * index] === undefined, counted[2 * index + 1] === undefined)
  }
  // Those that were counted stay so, others stay out.
  for (const id of admitted) assert.equal(await count(id), 5)
  assert.equal(await count(crypto.randomUUID()), undefined)
  assert.equal(await count(crypto.randomUUID(), 6), 6)
  assert.equal(await count(crypto.randomUUID(), 0), undefined)
  assert.equal(await count(crypto.randomUUID(), 5, new Date('2026-11-02T00:00:00Z')), 1, 'another grace counts anew')
})

test('AG-01 MT-15 a grace is of a member in a tenant, and goes with the membership', async () => {
  const scope = { system: true, tenantId: alice.tenantId, userId: viewer.userId }
  const grace = { userId: viewer.userId, sessionId: crypto.randomUUID(), beganAt: new Date(), most: 3 }
  assert.equal(await countGraceLogin(db.scoped(scope), grace), 1)
  await assert.rejects(
    countGraceLogin(db.scoped({ ...scope, tenantId: bob.tenantId }), grace),
    /second_factor_graces_user_id_fkey/,
  )
  const seen = (tenantId: string) =>
    db.scoped({ tenantId }).run(sql<{ userId: string }>`select user_id from tenancy.second_factor_graces`)
  assert.equal((await seen(alice.tenantId)).length, 1, 'control')
  assert.ok((await seen(bob.tenantId)).every(({ userId }) => userId !== viewer.userId))
  await admin.query('delete from tenancy.user_tenants where user_id = $1', [viewer.userId])
  assert.equal((await seen(alice.tenantId)).length, 0)
})
