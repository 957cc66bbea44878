import { compilePolicy, judgeSecondFactor, judgeSession, type MemberFacts, type SessionFacts } from '#platform/tenancy'

/** CPU microseconds for judging one request by a security policy. */
export type PolicyCost = {
  /** As at a request whose standing is remembered: the address alone, of a caller who comes again. */
  address: number
  /** As at a request that reads the database: the text found again, session, second factor and address. */
  all: number
  /** As `all`, from addresses that were never seen before. */
  strangers: number
  /** Making a policy ready that was not seen before; once for each text and process. */
  compile: number
}

/** Measures a policy with full lists (200 addresses, 200 ranges, 200 blocked) and every rule on, in this process. */
export function measurePolicyCost(rounds = 50_000): PolicyCost {
  const text = policyText(0)
  const now = new Date()
  const session: SessionFacts = {
    at: now,
    authenticatedAt: new Date(now.getTime() - 60_000),
    lastSeenAt: new Date(now.getTime() - 5_000),
    longestPause: 20,
    newerSessions: 1,
    methods: ['password', 'totp'],
  }
  const member: MemberFacts = {
    roles: ['member', 'analyst'],
    hasSecondFactor: true,
    joinedAt: new Date(now.getTime() - 1e9),
    requiredSince: new Date(now.getTime() - 1e8),
    grace: null,
  }
  const judge = (address: string) => {
    const policy = compilePolicy(text)
    const isOpen = judgeSession(policy, session).outcome === 'alive'
    return (
      isOpen && policy.addresses.allows(address) && judgeSecondFactor(policy, session, member).outcome === 'satisfied'
    )
  }
  const policy = compilePolicy(text)
  const known = Array.from({ length: 100 }, (_, index) => `10.0.${index}.7`)
  const of = (work: (round: number) => unknown, times = rounds) => {
    for (let round = 0; round < times / 5; round++) work(round)
    const { user, system } = process.cpuUsage()
    for (let round = 0; round < times; round++) work(round + times)
    const spent = process.cpuUsage({ user, system })
    return (spent.user + spent.system) / times
  }
  return {
    address: of(round => policy.addresses.allows(known[round % 100] as string)),
    all: of(round => judge(known[round % 100] as string)),
    strangers: of(round => judge(`10.${(round >> 16) & 255}.${(round >> 8) & 255}.${round & 255}`)),
    compile: of(round => compilePolicy(policyText(round + 1)), 200),
  }
}

function policyText(salt: number): string {
  const numbers = Array.from({ length: 200 }, (_, index) => index)
  return JSON.stringify({
    session: { maxConcurrentSessions: 3, sessionTimeout: 3600, extendOnActivity: true, requireMFA: false },
    twoFactor: {
      required: true,
      graceLogins: 3,
      gracePeriodDays: 7,
      allowBackupCodes: true,
      allowRememberDevice: false,
      exemptRoles: ['auditor', 'guest'],
      enforcementDate: '2026-01-01T00:00:00Z',
    },
    ipRestrictions: {
      enabled: true,
      allowedIPs: numbers.map(number => `192.0.2.${number}`),
      allowedRanges: numbers.map(number => (number < 100 ? `10.${number}.0.0/16` : `2001:db8:${number}::/48`)),
      blockList: numbers.map(number => `198.51.${number}.${salt % 256}`),
    },
  })
}
