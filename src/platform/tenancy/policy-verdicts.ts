import type { SecurityPolicy } from './policies.ts'
import { AddressRules } from './policy-addresses.ts'

/** What is known of a session when it is judged; moments are those of the database's clock. */
export type SessionFacts = {
  /** The moment at which all this was so. */
  at: Date
  authenticatedAt: Date
  /** Its last sign of life, to within `touchSecondsOf`. */
  lastSeenAt: Date
  /** Seconds: the longest time between two signs of life since `authenticatedAt`. */
  longestPause: number
  /** How many living sessions of the same user began after it. */
  newerSessions: number
  /** How its user has shown in it who he is: `password`, `totp` … */
  methods: readonly string[]
}

/** What is known of its user as a member of the tenant. */
export type MemberFacts = {
  roles: readonly string[]
  hasSecondFactor: boolean
  joinedAt: Date
  /** Since when the policy says `required`; null where it does not. */
  requiredSince: Date | null
  /** What the member has used of his grace; null where none was counted yet. */
  grace: { beganAt: Date; logins: number; isCounted: boolean } | null
}

/** By whose word a session is here, for a tenant that may want its own provider's. */
export type OriginFacts = { providerTenantId: string | null; roles: readonly string[]; isBreakGlass: boolean }

/** How long somebody may go on without a second factor: what ends first. */
export type Grace = { loginsLeft: number; endsAt: Date }

/** `until`: when time alone makes another verdict of it, so far as that is known. */
export type SessionVerdict = { outcome: 'alive'; until: Date } | { outcome: 'displaced' } | { outcome: 'timed_out' }

/**
 * `in_grace`: open, and to be warned. `uncounted`: open if this session can still be counted as one of the grace's
 * sign-ins. `unshown`: he has a second factor and has not shown it in this session. `missing`: he has to set one up.
 */
export type SecondFactorVerdict =
  | { outcome: 'satisfied' }
  | { outcome: 'in_grace'; grace: Grace }
  | { outcome: 'uncounted'; beganAt: Date; endsAt: Date; loginsLeft: number }
  | { outcome: 'unshown' }
  | { outcome: 'missing' }

/** A policy made ready to judge by. */
export type Policy = Pick<SecurityPolicy, 'session' | 'twoFactor'> & {
  addresses: AddressRules
  acceptedMethods: ReadonlySet<string>
  enforcedFrom: Date | undefined
  requireProvider: boolean
}

const compiled = new Map<string, Policy>()
const rememberedAtMost = 1_000

/** Makes a policy ready, from its text as the database has it; most tenants have the same one. */
export function compilePolicy(text: string): Policy {
  const known = compiled.get(text)
  if (known) return known
  const policy = preparePolicy(JSON.parse(text) as SecurityPolicy)
  if (compiled.size >= rememberedAtMost) compiled.clear()
  compiled.set(text, policy)
  return policy
}

/** The same of a policy that is not in force: it is not remembered. */
export function preparePolicy({ session, twoFactor, ipRestrictions, signIn }: SecurityPolicy): Policy {
  const { allowBackupCodes, allowRememberDevice, enforcementDate } = twoFactor
  return {
    session,
    twoFactor,
    addresses: new AddressRules(ipRestrictions),
    acceptedMethods: new Set([
      'totp',
      'passkey',
      ...(allowBackupCodes ? ['backup_code'] : []),
      ...(allowRememberDevice ? ['trusted_device'] : []),
    ]),
    enforcedFrom: enforcementDate === null ? undefined : new Date(enforcementDate),
    requireProvider: signIn?.requireProvider ?? false,
  }
}

/**
 * MT-14: whether a session may act in the tenant as far as its number and age go. Who is idle for longer than the timeout
 * has left, and activity elsewhere does not bring him back: only a new proof of who he is.
 */
export function judgeSession({ session }: Policy, facts: SessionFacts): SessionVerdict {
  if (facts.newerSessions >= session.maxConcurrentSessions) return { outcome: 'displaced' }
  const { sessionTimeout, extendOnActivity } = session
  if (extendOnActivity && facts.longestPause > sessionTimeout) return { outcome: 'timed_out' }
  const from = extendOnActivity ? facts.lastSeenAt : facts.authenticatedAt
  const until = new Date(from.getTime() + sessionTimeout * 1000)
  return until <= facts.at ? { outcome: 'timed_out' } : { outcome: 'alive', until }
}

/** How many seconds old the note of a session's last sign of life may get, so that the timeout is kept to a sixtieth. */
export function touchSecondsOf({ session }: Policy): number {
  return Math.min(300, session.sessionTimeout / 60)
}

/** AG-04: whether the session came in by a way that the tenant allows. An owner may be exempt, for when the provider fails. */
export function admitsOrigin({ requireProvider }: Policy, tenantId: string, origin: OriginFacts): boolean {
  if (!requireProvider || origin.providerTenantId === tenantId) return true
  return origin.isBreakGlass && origin.roles.includes('owner')
}

/** MT-14, MT-15: whether a second factor is wanted of this member in this session, and what of it is missing. */
export function judgeSecondFactor(
  policy: Policy,
  facts: Pick<SessionFacts, 'at' | 'methods'>,
  member: MemberFacts,
): SecondFactorVerdict {
  const { requireMFA } = policy.session
  if (!requireMFA && !isRequired(policy, facts.at, member)) return { outcome: 'satisfied' }
  if (facts.methods.includes('provider_second_factor')) return { outcome: 'satisfied' }
  if (member.hasSecondFactor) {
    return { outcome: facts.methods.some(method => policy.acceptedMethods.has(method)) ? 'satisfied' : 'unshown' }
  }
  return requireMFA ? { outcome: 'missing' } : judgeGrace(policy, facts.at, member)
}

function isRequired(policy: Policy, at: Date, member: MemberFacts): boolean {
  const { twoFactor, enforcedFrom } = policy
  return twoFactor.required && !(enforcedFrom && enforcedFrom > at) && !isExempt(policy, member)
}

/** Whether one of the member's roles frees him of `twoFactor.required`. */
export function isExempt({ twoFactor }: Policy, { roles }: Pick<MemberFacts, 'roles'>): boolean {
  return roles.some(role => twoFactor.exemptRoles.includes(role))
}

function judgeGrace(policy: Policy, at: Date, { joinedAt, requiredSince, grace }: MemberFacts): SecondFactorVerdict {
  const { graceLogins, gracePeriodDays } = policy.twoFactor
  const beganAt = new Date(
    Math.max(joinedAt.getTime(), requiredSince?.getTime() ?? at.getTime(), policy.enforcedFrom?.getTime() ?? 0),
  )
  const endsAt = new Date(beganAt.getTime() + gracePeriodDays * day)
  if (endsAt <= at) return { outcome: 'missing' }
  // What was counted for an earlier requirement is forgotten with it.
  const used = grace?.beganAt.getTime() === beganAt.getTime() ? grace : { logins: 0, isCounted: false }
  const loginsLeft = Math.max(0, graceLogins - used.logins)
  if (used.isCounted) return { outcome: 'in_grace', grace: { loginsLeft, endsAt } }
  return loginsLeft > 0 ? { outcome: 'uncounted', beganAt, endsAt, loginsLeft } : { outcome: 'missing' }
}

const day = 24 * 3600_000
