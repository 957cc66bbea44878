import { looksLikeApiKey, permittedTo } from '#platform/access'
import type { App } from '#platform/app.ts'
import { hashToken } from '#platform/crypto'
import { type Scope, sql } from '#platform/database'
import type { DomainError } from '#platform/errors.ts'
import type { Authenticator, ClosedTenant, Principal } from '#platform/http'
import {
  AccessTokens,
  extendSession,
  findByRefreshToken,
  findEndOfSession,
  onRevocation,
  touchSeconds,
} from '#platform/identity'
import {
  admitsOrigin,
  compilePolicy,
  countGraceLogin,
  type Grace,
  judgeSecondFactor,
  judgeSession,
  type MemberFacts,
  type SessionFacts,
  touchSecondsOf,
} from '#platform/tenancy'
import { errors } from './errors.ts'
import { KeyCallers } from './key-callers.ts'
import { refusalOfAddress, type TenantRules } from './tenant-rules.ts'
import { looksLikeOAuthToken, TokenCallers } from './token-callers.ts'

/** What the database says of a session and of its user's place in one tenant. */
type Facts = SessionFacts & {
  sessionId: string
  userId: string
  userName: string
  /** When the session or the membership ends by itself. */
  holdsUntil: Date
  isOperator: boolean
  tenantId: string | null
  userTenantId: string | null
  tenantName: string | null
  tenantStatus: string | null
  /** Of the tenant, as JSON. */
  securityPolicy: string | null
  secondFactorRequiredSince: Date | null
  joinedAt: Date | null
  hasSecondFactor: boolean | null
  graceBeganAt: Date | null
  graceLogins: number | null
  isGraceCounted: boolean | null
  roles: string[] | null
  hasOwnRoles: boolean | null
  /** The identity provider that he came through, and whose it is. */
  providerTenantId: string | null
  providerId: string | null
  isBreakGlass: boolean | null
}

/** By what the caller is found. */
type Credential = { sessionId: string } | { tokenHash: Buffer }

/** Step 1: what was shown, and in which tenant. `key` stands for it in memory. */
type Asked = {
  key: string
  credential: Credential
  /** Where to look; undefined for the tenant that the session works in. */
  tenantId: string | undefined
  /** The request itself names the tenant: if that is closed, the request is refused. */
  isNamed: boolean
}

/** Step 2: what follows for him whatever the request; remembered for a moment. */
type Standing = {
  /** With the tenant, where it is open to him. */
  principal: Principal
  /** What he may do in no tenant. */
  permissionsOutside: ReadonlySet<string>
  /** The tenant that he is in, for what is judged at each request. */
  tenant: TenantRules | undefined
  until: number
}

type Client = Scope & { isPassive?: boolean | undefined }

/** How long an answer about a session is believed, ms: a revocation elsewhere is felt within this time. */
const believedFor = 2_000
const rememberedAtMost = 20_000
/** Why sessions end of which a user has too many (MT-14). */
export const displaced = 'too many sessions'
/** What the modules declare for built-in roles changes with a migration only, ms. */
const declaredBelievedFor = 60_000

/**
 * Who is asking, for every request: session, user, membership, roles and what the tenant's policy is held against, read in
 * one statement. What the built-in roles permit is the same in every tenant and remembered here; a tenant's own roles cost
 * a second statement.
 */
export class Principals {
  private readonly app: App
  private readonly tokens: AccessTokens
  private readonly keys: KeyCallers
  private readonly oauth: TokenCallers
  private remembered = new Map<string, Standing>()
  private declared: { permissions: Promise<Map<string, readonly string[]>>; until: number } | undefined

  constructor(app: App, tokens: AccessTokens) {
    this.app = app
    this.tokens = tokens
    this.keys = new KeyCallers(app)
    this.oauth = new TokenCallers(app)
  }

  /** What was shown → who that is and what holds for him in the tenant → whether it admits this request. */
  readonly authenticate: Authenticator = async (credentials, client) => {
    const { bearer, tenantId } = credentials
    if (bearer !== undefined && looksLikeApiKey(bearer)) return await this.keys.authenticate(bearer, tenantId, client)
    if (bearer !== undefined && looksLikeOAuthToken(bearer))
      return await this.oauth.authenticate(bearer, tenantId, client)
    const asked = await this.readCredentials(credentials)
    const standing = await this.findStanding(asked, client)
    return admit(standing, asked.isNamed, client.ipAddress)
  }

  /** Refuses, as a request that names it would be, what keeps a session out of a tenant. Nothing is remembered. */
  async requireTenant(sessionId: string, tenantId: string, client: Scope): Promise<void> {
    const facts = await this.readFacts({ credential: { sessionId }, tenantId })
    admit(await this.standingOf(facts, client, performance.now()), true, client.ipAddress)
  }

  /** The same for what is done to a tenant that is closed to all: its policy still says who may come, and from where. */
  async requirePolicy(sessionId: string, tenantId: string, client: Scope): Promise<void> {
    const facts = { ...(await this.readFacts({ credential: { sessionId }, tenantId })), tenantStatus: 'active' }
    admit(await this.standingOf(facts, client, performance.now()), true, client.ipAddress)
  }

  /**
   * Whose refresh token that is, in the tenant asked for or his session's own, refused as a request would be; undefined
   * where it is not good now.
   */
  async findByRefreshToken(token: string, tenantId: string | undefined, client: Scope): Promise<Principal | undefined> {
    const asOf = performance.now()
    const from = sql`accounts.find_principal(token.session_id, null, ${tenantId ?? null})`
    const facts = await findByRefreshToken<Facts>(this.app.db.reads(system), token, from)
    if (!facts) return undefined
    if (tenantId !== undefined && facts.tenantId === null) throw errors.notAMember({ userId: facts.userId })
    return admit(await this.standingOf(facts, client, asOf), tenantId !== undefined, client.ipAddress)
  }

  /** Call after anything that changes what a session may do: the next request asks the database again. */
  forgetAll(): void {
    this.keys.forgetAll()
    this.oauth.forgetAll()
    // A new map: what is being read now, and may be old already, goes into the one that is thrown away.
    this.remembered = new Map()
  }

  private async readCredentials({ bearer, cookie = '', tenantId, isOnSite }: Credentials): Promise<Asked> {
    const isNamed = tenantId !== undefined && !isOnSite
    if (bearer === undefined) {
      const tokenHash = hashToken(cookie)
      return { key: `c ${tokenHash.toString('base64')}`, credential: { tokenHash }, tenantId, isNamed }
    }
    const { sessionId, tenantId: ownTenantId } = await this.tokens.verify(bearer)
    return { key: `s ${sessionId}`, credential: { sessionId }, tenantId: tenantId ?? ownTenantId, isNamed }
  }

  private async findStanding(asked: Asked, client: Client): Promise<Standing> {
    const fullKey = `${asked.key} ${asked.tenantId ?? ''}`
    const { remembered } = this
    const asOf = performance.now()
    const known = remembered.get(fullKey)
    if (known && known.until > asOf) return known
    const standing = await this.standingOf(await this.readFacts(asked), client, asOf)
    // What a program asks by itself is no sign of life: remembered, it would hide the person's next request.
    if (client.isPassive) return standing
    if (remembered.size >= rememberedAtMost) remembered.clear()
    remembered.set(fullKey, standing)
    return standing
  }

  private async readFacts({ credential, tenantId }: Pick<Asked, 'credential' | 'tenantId'>): Promise<Facts> {
    const sessionId = 'sessionId' in credential ? credential.sessionId : null
    const tokenHash = 'tokenHash' in credential ? credential.tokenHash : null
    const reads = this.app.db.reads(system)
    const facts = await reads.maybe(sql<Facts>`
      select * from accounts.find_principal(${sessionId}, ${tokenHash}, ${tenantId ?? null})`)
    if (!facts) {
      const isDisplaced = (await findEndOfSession(reads, credential)) === displaced
      throw isDisplaced ? errors.sessionDisplaced() : errors.sessionEnded()
    }
    if (tenantId !== undefined && facts.tenantId === null) throw errors.notAMember({ userId: facts.userId })
    return facts
  }

  /** `asOf`: `performance.now()` before the facts were read. */
  private async standingOf(facts: Facts, { isPassive, ...client }: Client, asOf: number): Promise<Standing> {
    const { tenantId, tenantStatus, securityPolicy, at } = facts
    const tenant =
      tenantId === null
        ? undefined
        : { id: tenantId, name: facts.tenantName as string, policy: compilePolicy(securityPolicy as string) }
    const verdict = tenant && (await this.judge(facts, tenant, client))
    const touchAfter = tenant ? touchSecondsOf(tenant.policy) : touchSeconds
    if (!isPassive && at.getTime() - facts.lastSeenAt.getTime() > touchAfter * 1000) {
      await extendSession(this.app.db.scoped({ ...client, system: true }), facts.sessionId)
    }
    const provider = onlyProviderOf(facts)
    const isOperator = facts.isOperator && provider === undefined
    const asOperator = isOperator ? (await this.declaredPermissions()).get('operator') : []
    const permissionsOutside = permittedTo({ isOperator, tenantStatus: null }, { asOperator })
    const isOpen = tenant !== undefined && !verdict?.refusal
    const principal: Principal = {
      credential: 'session',
      sessionId: facts.sessionId,
      userId: facts.userId,
      userName: facts.userName,
      tenantId: isOpen ? tenant.id : undefined,
      roles: isOpen ? (facts.roles ?? []) : [],
      permissions: isOpen
        ? permittedTo({ isOperator, tenantStatus }, { asOperator, byRoles: await this.permissionsByRoles(facts) })
        : permissionsOutside,
      authenticatedAt: facts.authenticatedAt,
      provider,
      closed: verdict?.refusal && tenant && closedTenant(tenant, verdict.refusal),
      secondFactorGrace: verdict?.grace,
    }
    // What time alone ends, ends at that moment and not when it is asked for next (GG-04, MT-14).
    const ends = Math.min(facts.holdsUntil.getTime(), verdict?.until?.getTime() ?? Number.POSITIVE_INFINITY)
    const until = asOf + Math.min(believedFor, ends - at.getTime())
    return { principal, permissionsOutside, tenant: isOpen ? tenant : undefined, until }
  }

  /** Holds the session and its user against the policy of the tenant; what ends the session there is thrown. */
  private async judge(facts: Facts, tenant: TenantRules, client: Scope): Promise<TenantVerdict> {
    const provider = onlyProviderOf(facts)
    if (provider && provider.tenantId !== tenant.id)
      return { refusal: errors.providerElsewhere({ tenant: tenant.name }) }
    if (facts.tenantStatus === 'suspended') return { refusal: errors.tenantSuspended() }
    if (facts.tenantStatus === 'pending_deletion') return { refusal: errors.tenantPendingDeletion() }
    const session = judgeSession(tenant.policy, facts)
    if (session.outcome === 'displaced') throw errors.sessionDisplaced()
    if (session.outcome === 'timed_out') throw errors.sessionTimedOut({ tenant: tenant.name })
    const { until } = session
    // Before a sign-in of the grace is spent on it.
    const refusal = refusalOfAddress(tenant, client.ipAddress)
    if (refusal) return { until: facts.at, refusal }
    const { providerTenantId, roles, isBreakGlass } = facts
    if (
      !admitsOrigin(tenant.policy, tenant.id, {
        providerTenantId,
        roles: roles ?? [],
        isBreakGlass: isBreakGlass === true,
      })
    ) {
      return { until, refusal: errors.providerRequired({ tenant: tenant.name }) }
    }
    const secondFactor = judgeSecondFactor(tenant.policy, shownTo(tenant.id, facts), memberOf(facts))
    switch (secondFactor.outcome) {
      case 'satisfied':
        return { until }
      case 'in_grace':
        return { until: earlier(until, secondFactor.grace.endsAt), grace: secondFactor.grace }
      case 'uncounted':
        return await this.countGrace(facts, tenant, client, { ...secondFactor, until })
      case 'unshown':
        return { until, refusal: errors.secondFactorUnconfirmed({ tenant: tenant.name }) }
      case 'missing':
        return { until, refusal: errors.secondFactorRequired({ tenant: tenant.name }) }
    }
  }

  private async countGrace(
    { sessionId, userId }: Facts,
    { id: tenantId, name, policy }: TenantRules,
    client: Scope,
    { beganAt, endsAt, until }: { beganAt: Date; endsAt: Date; until: Date },
  ): Promise<TenantVerdict> {
    const most = policy.twoFactor.graceLogins
    const scope = { ...client, system: true, tenantId, userId }
    const used = await countGraceLogin(this.app.db.scoped(scope), { userId, sessionId, beganAt, most })
    if (used === undefined) return { until, refusal: errors.secondFactorRequired({ tenant: name }) }
    return { until: earlier(until, endsAt), grace: { loginsLeft: Math.max(0, most - used), endsAt } }
  }

  private async permissionsByRoles(facts: Facts): Promise<readonly string[]> {
    if (!facts.hasOwnRoles) {
      const declared = await this.declaredPermissions()
      return (facts.roles ?? []).flatMap(role => declared.get(role) ?? [])
    }
    const { names } = await this.app.db.reads(system).one(sql<{ names: string[] }>`
      select accounts.find_permissions(${facts.tenantId}, ${facts.userTenantId}) as names`)
    return names
  }

  private declaredPermissions(): Promise<Map<string, readonly string[]>> {
    if (this.declared && this.declared.until > performance.now()) return this.declared.permissions
    const permissions = this.readDeclaredPermissions()
    const declared = { permissions, until: performance.now() + declaredBelievedFor }
    this.declared = declared
    permissions.catch(() => {
      if (this.declared === declared) this.declared = undefined
    })
    return permissions
  }

  private async readDeclaredPermissions(): Promise<Map<string, readonly string[]>> {
    const rows = await this.app.db.reads(system).run(sql<{ holder: string; permissions: string[] }>`
      select holder, permissions from accounts.list_declared_permissions()`)
    return new Map(rows.map(({ holder, permissions }) => [holder, permissions]))
  }
}

/** `refusal`: why the tenant is closed. `until`: when time alone makes another verdict of it. */
type TenantVerdict = { refusal?: DomainError; grace?: Grace; until?: Date }

/** Step 3, at every request: a closed tenant refuses who names it; who does not goes on without a tenant. */
function admit(standing: Standing, isNamed: boolean, address: string | undefined): Principal {
  const { principal, tenant } = standing
  const refusal = principal.closed?.refusal ?? (tenant && refusalOfAddress(tenant, address))
  if (!refusal) return principal
  if (isNamed) throw refusal
  if (principal.closed || !tenant) return principal
  const permissions = standing.permissionsOutside
  return { ...principal, tenantId: undefined, roles: [], permissions, closed: closedTenant(tenant, refusal) }
}

const closedTenant = ({ id, name }: TenantRules, refusal: DomainError): ClosedTenant => ({
  tenantId: id,
  tenantName: name,
  refusal,
})

/** By what people show themselves who they are. */
const ownMethods = new Set(['password', 'passkey', 'google'])

/**
 * The provider that alone vouches for a session: nothing that its tenant's administrators could bring about is to reach the
 * person's other workspaces, or what he may do as an operator.
 */
function onlyProviderOf({
  providerTenantId,
  providerId,
  methods,
}: Facts): { tenantId: string; id: string } | undefined {
  if (providerTenantId === null || providerId === null) return undefined
  return methods.some(method => ownMethods.has(method)) ? undefined : { tenantId: providerTenantId, id: providerId }
}

/** What a provider says of a second factor counts in its own tenant. */
function shownTo(tenantId: string, { at, methods, providerTenantId }: Facts): Pick<Facts, 'at' | 'methods'> {
  if (providerTenantId === tenantId) return { at, methods }
  return { at, methods: methods.filter(method => method !== 'provider_second_factor') }
}

function memberOf(facts: Facts): MemberFacts {
  const { roles, hasSecondFactor, joinedAt, graceBeganAt, graceLogins, isGraceCounted } = facts
  return {
    roles: roles ?? [],
    hasSecondFactor: hasSecondFactor === true,
    joinedAt: joinedAt as Date,
    requiredSince: facts.secondFactorRequiredSince,
    grace: graceBeganAt && {
      beganAt: graceBeganAt,
      logins: graceLogins as number,
      isCounted: isGraceCounted === true,
    },
  }
}

const earlier = (one: Date, other: Date) => (one < other ? one : other)

type Credentials = Parameters<Authenticator>[0]

const system: Scope = { system: true }

const accounts = new WeakMap<App, { tokens: AccessTokens; principals: Principals }>()

/** The token signer and session reader that belong to one running program. */
export function accountsOf(app: App): { tokens: AccessTokens; principals: Principals } {
  let found = accounts.get(app)
  if (!found) {
    const tokens = new AccessTokens(app.db, app.keyring, app.publicUrl)
    const principals = new Principals(app, tokens)
    onRevocation(app, () => principals.forgetAll())
    found = { tokens, principals }
    accounts.set(app, found)
  }
  return found
}
