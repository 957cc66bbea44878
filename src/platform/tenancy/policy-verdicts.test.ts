import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { SecurityPolicy } from './policies.ts'
import {
  judgeSecondFactor,
  judgeSession,
  type MemberFacts,
  preparePolicy,
  type SessionFacts,
  touchSecondsOf,
} from './policy-verdicts.ts'

const documents: SecurityPolicy = {
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
const policyOf = (session: Partial<SecurityPolicy['session']>, twoFactor: Partial<SecurityPolicy['twoFactor']> = {}) =>
  preparePolicy({
    ...documents,
    session: { ...documents.session, ...session },
    twoFactor: { ...documents.twoFactor, ...twoFactor },
  })

const now = new Date('2026-11-21T12:00:00Z')
const ago = (seconds: number) => new Date(now.getTime() - seconds * 1000)
const day = 24 * 3600
const sessionOf = (facts: Partial<SessionFacts> = {}): SessionFacts => ({
  at: now,
  authenticatedAt: ago(600),
  lastSeenAt: ago(10),
  longestPause: 30,
  newerSessions: 0,
  methods: ['password'],
  ...facts,
})
const memberOf = (facts: Partial<MemberFacts> = {}): MemberFacts => ({
  roles: ['member'],
  hasSecondFactor: false,
  joinedAt: ago(100 * day),
  requiredSince: ago(day),
  grace: null,
  ...facts,
})

test('MT-14 with a limit of N a session acts while fewer than N newer ones live', () => {
  for (const [most, newer, outcome] of [
    [3, 2, 'alive'],
    [3, 3, 'displaced'],
    [1, 0, 'alive'],
    [1, 1, 'displaced'],
    [1000, 999, 'alive'],
    [1000, 1000, 'displaced'],
  ] as const) {
    const verdict = judgeSession(policyOf({ maxConcurrentSessions: most }), sessionOf({ newerSessions: newer }))
    assert.equal(verdict.outcome, outcome, `${newer} newer of ${most}`)
  }
})

test('MT-14 extended by activity, a session ends the timeout after its last sign of life, to the second', () => {
  const policy = policyOf({ sessionTimeout: 3600 })
  assert.deepEqual(judgeSession(policy, sessionOf({ lastSeenAt: ago(3599) })), {
    outcome: 'alive',
    until: new Date(now.getTime() + 1000),
  })
  assert.equal(judgeSession(policy, sessionOf({ lastSeenAt: ago(3600) })).outcome, 'timed_out')
  // However long ago the sign-in was.
  assert.equal(judgeSession(policy, sessionOf({ authenticatedAt: ago(20 * day) })).outcome, 'alive')
})

test('MT-14 a pause that was too long stays too long, whatever activity followed elsewhere', () => {
  const policy = policyOf({ sessionTimeout: 3600 })
  assert.equal(judgeSession(policy, sessionOf({ longestPause: 3600 })).outcome, 'alive')
  assert.equal(judgeSession(policy, sessionOf({ longestPause: 3601 })).outcome, 'timed_out')
})

test('MT-14 not extended by activity, a session ends the timeout after the proof of who it is', () => {
  const policy = policyOf({ sessionTimeout: 3600, extendOnActivity: false })
  const ending = sessionOf({ authenticatedAt: ago(3599), lastSeenAt: now, longestPause: 0 })
  assert.deepEqual(judgeSession(policy, ending), { outcome: 'alive', until: new Date(now.getTime() + 1000) })
  assert.equal(judgeSession(policy, { ...ending, authenticatedAt: ago(3600) }).outcome, 'timed_out')
  assert.equal(judgeSession(policy, sessionOf({ longestPause: 86_400 })).outcome, 'alive', 'pauses are no matter')
})

test('MT-14 signs of life are noted to a sixtieth of the timeout, five minutes at most', () => {
  assert.equal(touchSecondsOf(policyOf({ sessionTimeout: 60 })), 1)
  assert.equal(touchSecondsOf(policyOf({ sessionTimeout: 3600 })), 60)
  assert.equal(touchSecondsOf(policyOf({ sessionTimeout: 2_592_000 })), 300)
})

const outcome = (
  policy: ReturnType<typeof policyOf>,
  member: Partial<MemberFacts> = {},
  session: Partial<SessionFacts> = {},
) => judgeSecondFactor(policy, sessionOf(session), memberOf(member)).outcome

test('MT-14 MT-15 no second factor is wanted while nothing asks for one', () => {
  assert.equal(outcome(policyOf({})), 'satisfied')
  assert.equal(outcome(policyOf({}), { hasSecondFactor: true }), 'satisfied')
})

test('MT-14 requireMFA wants one of every session at once: without grace, no role exempt', () => {
  const policy = policyOf({ requireMFA: true }, { exemptRoles: ['member'], graceLogins: 100, gracePeriodDays: 365 })
  assert.equal(outcome(policy), 'missing')
  assert.equal(outcome(policy, { hasSecondFactor: true }), 'unshown')
  assert.equal(outcome(policy, { hasSecondFactor: true }, { methods: ['password', 'totp'] }), 'satisfied')
  assert.equal(outcome(policy, { hasSecondFactor: true }, { methods: ['passkey'] }), 'satisfied')
})

test('MT-15 a backup code and a remembered device count only where the policy allows them', () => {
  for (const [method, setting] of [
    ['backup_code', 'allowBackupCodes'],
    ['trusted_device', 'allowRememberDevice'],
  ] as const) {
    for (const rule of [{ required: true }, {}]) {
      const judged = (isAllowed: boolean) =>
        outcome(
          policyOf({ requireMFA: !('required' in rule) }, { ...rule, [setting]: isAllowed }),
          { hasSecondFactor: true },
          { methods: ['password', method] },
        )
      assert.equal(judged(true), 'satisfied', method)
      assert.equal(judged(false), 'unshown', method)
    }
  }
})

test('MT-15 what is shown counts for nobody else: no method but these is a second factor', () => {
  const policy = policyOf({}, { required: true, allowRememberDevice: true })
  for (const method of ['password', 'google', 'sms', '']) {
    assert.equal(outcome(policy, { hasSecondFactor: true }, { methods: [method] }), 'unshown')
  }
})

test('MT-15 exempt roles, any of a member’s, free of `required`', () => {
  const policy = policyOf({}, { required: true, graceLogins: 0, exemptRoles: ['auditor'] })
  assert.equal(outcome(policy), 'missing')
  assert.equal(outcome(policy, { roles: ['member', 'auditor'] }), 'satisfied')
  assert.equal(outcome(policy, { roles: ['Auditor'] }), 'missing', 'names as they are written')
  assert.equal(outcome(policy, { roles: [] }), 'missing')
})

test('MT-15 `required` holds from the enforcement date on', () => {
  const from = (date: string) => policyOf({}, { required: true, graceLogins: 0, enforcementDate: date })
  assert.equal(outcome(from('2026-11-21T12:00:00.001Z')), 'satisfied')
  assert.equal(outcome(from('2026-11-21T12:00:00Z')), 'missing')
  assert.equal(outcome(from('2026-11-21T13:00:00+01:00')), 'missing', 'with an offset')
  assert.equal(outcome(from('2027-01-01T00:00:00Z'), { hasSecondFactor: true }), 'satisfied')
})

test('MT-15 the days of grace begin with the last of joining, requirement and enforcement', () => {
  const seven = (member: Partial<MemberFacts>, enforcementDate: string | null = null) =>
    outcome(policyOf({}, { required: true, gracePeriodDays: 7, enforcementDate }), member)
  assert.equal(seven({ requiredSince: ago(7 * day - 1) }), 'uncounted')
  assert.equal(seven({ requiredSince: ago(7 * day) }), 'missing')
  assert.equal(seven({ requiredSince: ago(30 * day), joinedAt: ago(7 * day - 1) }), 'uncounted')
  assert.equal(seven({ requiredSince: ago(30 * day), joinedAt: ago(7 * day) }), 'missing')
  assert.equal(seven({ requiredSince: ago(30 * day) }, ago(7 * day - 1).toISOString()), 'uncounted')
  assert.equal(seven({ requiredSince: ago(30 * day) }, ago(7 * day).toISOString()), 'missing')
})

test('MT-15 grace ends with its days or its sign-ins, whichever is used up first; none of either is no grace', () => {
  const grace = (logins: number, isCounted: boolean) => ({ beganAt: ago(day), logins, isCounted })
  const policy = policyOf({}, { required: true, graceLogins: 3, gracePeriodDays: 7 })
  assert.equal(outcome(policy, { grace: grace(2, false) }), 'uncounted')
  assert.equal(outcome(policy, { grace: grace(3, false) }), 'missing')
  assert.deepEqual(judgeSecondFactor(policy, sessionOf(), memberOf({ grace: grace(3, true) })), {
    outcome: 'in_grace',
    grace: { loginsLeft: 0, endsAt: new Date(ago(day).getTime() + 7 * day * 1000) },
  })
  assert.equal(outcome(policyOf({}, { required: true, graceLogins: 0 })), 'missing')
  assert.equal(outcome(policyOf({}, { required: true, gracePeriodDays: 0 })), 'missing')
  // What was counted for an earlier requirement is forgotten.
  assert.equal(outcome(policy, { grace: { beganAt: ago(90 * day), logins: 3, isCounted: false } }), 'uncounted')
  // Days used up, for a counted session too.
  assert.equal(
    outcome(policy, { requiredSince: ago(8 * day), grace: { ...grace(1, true), beganAt: ago(8 * day) } }),
    'missing',
  )
})

test('MT-14 MT-15 a stricter policy never opens what a laxer one closes', () => {
  const facts = fc.record({
    newerSessions: fc.nat(5),
    longestPause: fc.nat(7200),
    idle: fc.nat(7200),
    methods: fc.subarray(['password', 'totp', 'backup_code', 'trusted_device', 'google']),
    hasSecondFactor: fc.boolean(),
  })
  const property = fc.property(
    facts,
    fc.integer({ min: 1, max: 5 }),
    fc.integer({ min: 60, max: 7200 }),
    (given, most, timeout) => {
      const session = sessionOf({ ...given, lastSeenAt: ago(given.idle), authenticatedAt: ago(7200) })
      const isOpen = (policy: ReturnType<typeof policyOf>) =>
        judgeSession(policy, session).outcome === 'alive' &&
        judgeSecondFactor(policy, session, memberOf(given)).outcome === 'satisfied'
      const lax = policyOf({ maxConcurrentSessions: most, sessionTimeout: timeout })
      const strict = [
        policyOf({ maxConcurrentSessions: Math.max(1, most - 1), sessionTimeout: timeout }),
        policyOf({ maxConcurrentSessions: most, sessionTimeout: Math.max(60, timeout - 600) }),
        policyOf({ maxConcurrentSessions: most, sessionTimeout: timeout, requireMFA: true }),
        policyOf({ maxConcurrentSessions: most, sessionTimeout: timeout }, { required: true, graceLogins: 0 }),
      ]
      for (const policy of strict) assert.ok(!isOpen(policy) || isOpen(lax))
    },
  )
  fc.assert(property, { numRuns: 1_000 })
})
