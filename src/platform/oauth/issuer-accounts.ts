import { type AccountClaims, errors as protocol } from 'oidc-provider'
import { compilePolicy, judgeSecondFactor } from '#platform/tenancy'
import { refusedAddress } from './access-tokens.ts'
import { believe } from './believed.ts'
import { findMember, type Member } from './members.ts'
import { currentRequest, epoch } from './requests.ts'

const pagesOfPeople: ReadonlySet<string | undefined> = new Set(['authorization', 'resume'])

/** Whom a code or token speaks for, as oidc-provider asks at each use of it: he must be let in by the tenant still. */
export async function findAccount(context: { oidc: { route: string } }, userId: string) {
  const { app, scope, principal, believes } = currentRequest()
  const isPage = pagesOfPeople.has(context.oidc.route)
  // On pages the session has been judged, as for every other request of it.
  if (isPage && principal?.userId !== userId) throw new protocol.AccessDenied('nobody who may is signed in')
  const read = () => findMember(app.db.reads(scope), userId)
  // When a membership ends by time, the token has ended with it (`holds_until`). Codes and refresh tokens are good once, so
  // that nothing is asked for again and again there.
  const member = await (believes && context.oidc.route === 'userinfo'
    ? believe(app, `member ${scope.tenantId} ${userId}`, read, () => null)
    : read())
  if (!member) return undefined
  if (!isPage) requirePolicy(member)
  return { accountId: userId, claims: async () => claimsOf(member) }
}

/** MT-16 and MT-15: from where he may come, and that he has a second factor where he needs one; none can be shown here. */
function requirePolicy(member: Member): void {
  const { app, scope } = currentRequest()
  const policy = compilePolicy(member.securityPolicy)
  if (!policy.addresses.allows(scope.ipAddress)) throw refusedAddress()
  const grace = member.graceBeganAt && {
    beganAt: member.graceBeganAt,
    logins: member.graceLogins ?? 0,
    isCounted: true,
  }
  const facts = { ...member, requiredSince: member.secondFactorRequiredSince, grace }
  const { outcome } = judgeSecondFactor(policy, { at: app.clock.now(), methods: [] }, facts)
  if (outcome === 'missing') throw new protocol.InvalidGrant('a second factor has to be set up first')
}

const claimsOf = (member: Member): AccountClaims => ({
  sub: member.userId,
  email: member.email,
  email_verified: member.isEmailVerified,
  updated_at: epoch(member.updatedAt),
  ...(member.fullName !== null && { name: member.fullName }),
  ...(member.username !== null && { preferred_username: member.username }),
})
