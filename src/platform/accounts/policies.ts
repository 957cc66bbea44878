import { type Static, Type } from 'typebox'
import { findRolesByName } from '#platform/access'
import type { App } from '#platform/app.ts'
import { recordEvent } from '#platform/audit'
import { type Queryable, type Scope, sql } from '#platform/database'
import { type IfMatch, nullable, oneOf, type Principal, timestamp, uuid } from '#platform/http'
import { announceRevocation } from '#platform/identity'
import {
  admitsOrigin,
  checkSecurityPolicy,
  findSecondFactorRequirement,
  getSecurityPolicy,
  isExempt,
  judgeSecondFactor,
  judgeSession,
  type MemberFacts,
  type Policy,
  preparePolicy,
  type SecurityPolicy,
  type SessionFacts,
  setSecurityPolicy,
} from '#platform/tenancy'
import { errors } from './errors.ts'
import { findRefusedOwners } from './refused-owners.ts'

/** How far back the addresses of members are looked at, in days. */
const lookBackDays = 14
/** How many of each kind are named; all are counted. */
const named = 50

const CallerPreview = Type.Object({
  ipAddress: nullable(Type.String({ description: 'From where this request came' })),
  isAddressRefused: Type.Boolean(),
  secondFactor: oneOf(['satisfied', 'in_grace', 'unshown', 'missing'], {
    description:
      '`unshown`: you have one and would have to confirm with it; `missing`: you would have to set one up first',
  }),
  isProviderMissing: Type.Boolean({
    description: 'Whether you would have to sign in through the identity provider of the workspace first',
  }),
  isShutOut: Type.Boolean({ description: 'Whether you could do nothing here any more without one of both' }),
})
type CallerPreview = Static<typeof CallerPreview>

/** Whom a policy would affect if it were set now. */
export const PolicyPreview = Type.Object({
  members: Type.Integer({ description: 'Active people in the tenant' }),
  secondFactor: Type.Object({
    without: Type.Integer({
      description: 'Members without a second factor, where the policy wants one; exempt ones too',
    }),
    exempt: Type.Integer({ description: 'Of them, those with an exempt role' }),
    closedAtOnce: Type.Integer({ description: 'Of them, those who would have to set one up before they can go on' }),
    people: Type.Array(
      Type.Object({
        userId: uuid,
        name: Type.String(),
        isExempt: Type.Boolean(),
        closesAt: nullable(timestamp),
        loginsLeft: nullable(Type.Integer()),
      }),
      { description: `The first ${named}; \`closesAt\` is when the grace ends by time, null for exempt members` },
    ),
  }),
  sessions: Type.Object({
    ending: Type.Integer({ description: 'Sessions that can act here now and could no more' }),
    list: Type.Array(
      Type.Object({
        userId: uuid,
        name: Type.String(),
        reason: oneOf(['displaced', 'timed_out']),
        ipAddress: nullable(Type.String()),
        lastSeenAt: timestamp,
      }),
      { description: `The last ${named} seen` },
    ),
  }),
  addresses: Type.Object({
    days: Type.Integer({ description: 'How far back it was looked' }),
    known: Type.Integer({ description: 'Addresses from which members worked here' }),
    refused: Type.Integer(),
    list: Type.Array(
      Type.Object({ ipAddress: Type.String(), names: Type.Array(Type.String()), lastSeenAt: timestamp }),
      { description: `The last ${named} seen` },
    ),
  }),
  caller: CallerPreview,
})
export type PolicyPreview = Static<typeof PolicyPreview>

/** Sets the policy of the scope's tenant. Refuses one that shuts the caller out, unless he has `confirmed` that he means it, and one by which somebody else shuts owners out. */
export async function changeSecurityPolicy(
  app: App,
  scope: Scope,
  principal: Principal,
  given: { policy: SecurityPolicy; confirmed: boolean; ifMatch: IfMatch },
): Promise<SecurityPolicy> {
  const { confirmed, ifMatch } = given
  checkSecurityPolicy(given.policy)
  const policy = await withRoleNames(app.db.reads(scope), given.policy)
  const caller = await describeCaller(app, scope, principal, policy)
  if (caller.isShutOut && !confirmed) throw errors.policyShutsOut({ reasons: reasonsOf(caller) })
  const current = await getSecurityPolicy(app.db.reads(scope))
  const owners = await findRefusedOwners(app, scope, { current, wanted: policy })
  if (owners.length > 0) throw errors.policyShutsOwnersOut({ owners: owners.join(', ') })
  const changed = await app.db.transaction(scope, async tx => {
    const before = await getSecurityPolicy(tx)
    const after = await setSecurityPolicy(tx, policy, ifMatch)
    await recordEvent(tx, {
      action: 'change_security_policy',
      resource: 'tenancy.tenants',
      resourceId: scope.tenantId as string,
      details: { changes: changesOf(before, after), ...(caller.isShutOut && { shutsOutWhoDidIt: true }) },
    })
    return after
  })
  // The next request is judged by it.
  announceRevocation(app)
  return changed
}

/** Whom a policy would affect, by the same functions that judge requests. */
export async function previewSecurityPolicy(
  app: App,
  scope: Scope,
  principal: Principal,
  wanted: SecurityPolicy,
): Promise<PolicyPreview> {
  checkSecurityPolicy(wanted)
  const reads = app.db.reads({ ...scope, system: true })
  const now = app.clock.now()
  const given = await withRoleNames(app.db.reads(scope), wanted)
  const [current, requiredSince, members, sessions, caller] = await Promise.all([
    getSecurityPolicy(app.db.reads(scope)),
    findSecondFactorRequirement(app.db.reads(scope)),
    reads.run(sql<MemberRow>`select * from accounts.list_policy_members(${scope.tenantId})`),
    reads.run(sql<SessionRow>`select * from accounts.list_policy_sessions(${scope.tenantId}, ${lookBackDays})`),
    describeCaller(app, scope, principal, given),
  ])
  const policy = preparePolicy(given)
  return {
    members: members.length,
    secondFactor: previewSecondFactors(policy, members, requiredSince ?? now, now),
    sessions: previewSessions(policy, preparePolicy(current), sessions, now),
    addresses: previewAddresses(policy, sessions),
    caller,
  }
}

type MemberRow = {
  userId: string
  name: string
  roles: string[]
  joinedAt: Date
  hasSecondFactor: boolean
  graceBeganAt: Date | null
  graceLogins: number | null
}

type SessionRow = Omit<SessionFacts, 'at' | 'methods'> & {
  userId: string
  name: string
  isLiving: boolean
  ipAddress: string | null
}

function previewSecondFactors(
  policy: Policy,
  members: MemberRow[],
  requiredSince: Date,
  now: Date,
): PolicyPreview['secondFactor'] {
  const { session, twoFactor, enforcedFrom } = policy
  const none = { without: 0, exempt: 0, closedAtOnce: 0, people: [] }
  if (!session.requireMFA && !twoFactor.required) return none
  // What is to hold from a later day on is judged as of that day.
  const at = !session.requireMFA && enforcedFrom && enforcedFrom > now ? enforcedFrom : now
  const people = members
    .filter(({ hasSecondFactor }) => !hasSecondFactor)
    .map(member => {
      const { userId, name, roles, joinedAt, graceBeganAt, graceLogins } = member
      const grace = graceBeganAt && { beganAt: graceBeganAt, logins: graceLogins ?? 0, isCounted: false }
      const facts: MemberFacts = { roles, hasSecondFactor: false, joinedAt, requiredSince, grace }
      const verdict = judgeSecondFactor(policy, { at, methods: [] }, facts)
      const isSpared = !session.requireMFA && isExempt(policy, facts)
      const isInGrace = verdict.outcome === 'uncounted'
      const loginsLeft = isSpared ? null : isInGrace ? verdict.loginsLeft : 0
      const closesAt = isSpared ? null : isInGrace ? verdict.endsAt : at
      return { userId, name, isExempt: isSpared, closesAt, loginsLeft }
    })
  return {
    without: people.length,
    exempt: people.filter(person => person.isExempt).length,
    closedAtOnce: people.filter(({ closesAt }) => closesAt !== null && closesAt <= now).length,
    people: people.slice(0, named),
  }
}

function previewSessions(policy: Policy, current: Policy, rows: SessionRow[], now: Date): PolicyPreview['sessions'] {
  const ending = rows.flatMap(row => {
    const facts = { ...row, at: now, methods: [] }
    const { outcome: reason } = judgeSession(policy, facts)
    if (!row.isLiving || reason === 'alive' || judgeSession(current, facts).outcome !== 'alive') return []
    const { userId, name, ipAddress, lastSeenAt } = row
    return [{ userId, name, reason, ipAddress, lastSeenAt }]
  })
  return { ending: ending.length, list: ending.slice(0, named) }
}

function previewAddresses({ addresses }: Policy, rows: SessionRow[]): PolicyPreview['addresses'] {
  const known = new Map<string, { ipAddress: string; names: string[]; lastSeenAt: Date }>()
  // The last seen come first.
  for (const { ipAddress, name, lastSeenAt } of rows) {
    if (ipAddress === null) continue
    const seen = known.get(ipAddress) ?? { ipAddress, names: [], lastSeenAt }
    if (!seen.names.includes(name)) seen.names.push(name)
    known.set(ipAddress, seen)
  }
  const refused = [...known.values()].filter(({ ipAddress }) => !addresses.allows(ipAddress))
  return { days: lookBackDays, known: known.size, refused: refused.length, list: refused.slice(0, named) }
}

/** What a policy would mean for who sets it. */
async function describeCaller(
  app: App,
  scope: Scope,
  { sessionId }: Principal,
  wanted: SecurityPolicy,
): Promise<CallerPreview> {
  const { userId, tenantId, ipAddress = null } = scope
  const policy = preparePolicy(wanted)
  const isAddressRefused = !policy.addresses.allows(ipAddress ?? 'unknown')
  // A program has no second factor to show.
  if (sessionId === undefined) {
    const secondFactor = 'satisfied' as const
    return { ipAddress, isAddressRefused, secondFactor, isProviderMissing: false, isShutOut: isAddressRefused }
  }
  const reads = app.db.reads({ ...scope, system: true })
  const [session, members] = await Promise.all([
    reads.one(sql<CallerRow>`
      select
        at, methods, second_factor_required_since, grace_began_at, grace_logins, is_grace_counted, provider_tenant_id,
        is_break_glass
      from accounts.find_principal(${sessionId}, null, ${tenantId})`),
    reads.run(sql<MemberRow>`
      select * from accounts.list_policy_members(${tenantId}) where user_id = ${userId}`),
  ])
  const member = members[0]
  if (!member) throw errors.notAMember()
  const { roles, joinedAt, hasSecondFactor } = member
  const grace = session.graceBeganAt && {
    beganAt: session.graceBeganAt,
    logins: session.graceLogins ?? 0,
    isCounted: session.isGraceCounted === true,
  }
  const requiredSince = session.secondFactorRequiredSince
  const { outcome } = judgeSecondFactor(policy, session, { roles, joinedAt, hasSecondFactor, requiredSince, grace })
  const secondFactor = outcome === 'uncounted' ? 'in_grace' : outcome
  const { providerTenantId, isBreakGlass } = session
  const origin = { providerTenantId, roles, isBreakGlass: isBreakGlass === true }
  const isProviderMissing = !admitsOrigin(policy, tenantId as string, origin)
  const isShutOut = isAddressRefused || secondFactor === 'missing' || isProviderMissing
  return { ipAddress, isAddressRefused, secondFactor, isProviderMissing, isShutOut }
}

type CallerRow = Pick<SessionFacts, 'at' | 'methods'> & {
  secondFactorRequiredSince: Date | null
  graceBeganAt: Date | null
  graceLogins: number | null
  isGraceCounted: boolean | null
  providerTenantId: string | null
  isBreakGlass: boolean | null
}

function reasonsOf({ ipAddress, isAddressRefused, secondFactor, isProviderMissing }: CallerPreview): string {
  return [
    ...(isAddressRefused ? [`your own address, ${ipAddress}, is not among those that may come in`] : []),
    ...(secondFactor === 'missing' ? ['you have no second factor'] : []),
    ...(isProviderMissing ? ['you have not signed in through the identity provider'] : []),
  ].join(', and ')
}

/** Names roles as they are written; refuses one that is not there. */
async function withRoleNames(tx: Queryable, policy: SecurityPolicy): Promise<SecurityPolicy> {
  const roles = await findRolesByName(tx, policy.twoFactor.exemptRoles)
  const exemptRoles = [...new Set(roles.map(({ name }) => name))]
  return { ...policy, twoFactor: { ...policy.twoFactor, exemptRoles } }
}

/** `session.sessionTimeout`: what it was and what it is, of the settings that differ. */
function changesOf(before: SecurityPolicy, after: SecurityPolicy): Record<string, { from: unknown; to: unknown }> {
  const old = settingsOf(before)
  const changed = settingsOf(after).filter(([, to], index) => JSON.stringify(to) !== JSON.stringify(old[index]?.[1]))
  return Object.fromEntries(changed.map(([name, to]) => [name, { from: old.find(([same]) => same === name)?.[1], to }]))
}

/** In the order of the documents, as `getSecurityPolicy` has it. */
function settingsOf(policy: SecurityPolicy): [string, unknown][] {
  return Object.entries(policy).flatMap(([part, settings]) =>
    Object.entries(settings).map(([name, value]): [string, unknown] => [`${part}.${name}`, value]),
  )
}
