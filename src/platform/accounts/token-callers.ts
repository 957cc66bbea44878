import { findTokenPermissions } from '#platform/access'
import type { App } from '#platform/app.ts'
import { hashToken } from '#platform/crypto'
import { type Scope, sql } from '#platform/database'
import type { Principal } from '#platform/http'
import { apiOf, findClient, isWithin, permissionScopes } from '#platform/oauth'
import { compilePolicy, judgeSecondFactor, type Policy } from '#platform/tenancy'
import { errors } from './errors.ts'

type Row = {
  kind: 'person' | 'service'
  userId: string
  userName: string
  tenantId: string
  tenantName: string
  userTenantId: string
  securityPolicy: string
  secondFactorRequiredSince: Date | null
  roles: string[]
  scopes: string[]
  resource: string | null
  clientId: string
  joinedAt: Date | null
  hasSecondFactor: boolean
  graceBeganAt: Date | null
  graceLogins: number | null
  holdsUntil: Date
}

type Standing = { principal: Principal; tenantName: string; policy: Policy; until: number }

/** How long an answer about a token is believed, ms, as one about a session is. */
const believedFor = 2_000
const rememberedAtMost = 20_000

/** Whether a bearer token may be an access token of an issuer: what is signed has dots, and keys begin otherwise. */
export const looksLikeOAuthToken = (text: string): boolean => /^[\w-]{43}$/.test(text)

/**
 * Who calls with an access token of an issuer (MT-21): the user who allowed it, or the application's service account, in the
 * issuer's tenant and no other, with what his roles there permit, narrowed to the token's scopes. The tenant's policy holds
 * as for API keys.
 */
export class TokenCallers {
  private readonly app: App
  private remembered = new Map<string, Standing>()

  constructor(app: App) {
    this.app = app
  }

  async authenticate(token: string, tenantId: string | undefined, client: Client): Promise<Principal> {
    const key = hashToken(token)
    const known = this.remembered.get(key.toString('base64'))
    const standing = known && known.until > performance.now() ? known : await this.findStanding(key)
    if (tenantId !== undefined && tenantId.toLowerCase() !== standing.principal.tenantId) throw errors.notAMember()
    const { ipAddress: address } = client
    if (!standing.policy.addresses.allows(address))
      throw errors.addressRefused({ tenant: standing.tenantName, address })
    return standing.principal
  }

  forgetAll(): void {
    this.remembered = new Map()
  }

  private async findStanding(hash: Buffer): Promise<Standing> {
    const { remembered, app } = this
    const row = await app.db.reads(system).maybe(sql<Row>`select * from accounts.find_oauth_token(${hash})`)
    // A token for userinfo, or for somebody else, is none for the API (RFC 8707, RFC 9068 4).
    if (row?.resource !== apiOf(app)) throw errors.oauthTokenInvalid()
    const policy = compilePolicy(row.securityPolicy)
    if (row.kind === 'person') this.requireSecondFactor(row, policy)
    const of = { tenantId: row.tenantId, membershipId: row.userTenantId }
    // What the application may ask for no more, no older token of it carries.
    const client = await findClient(app.db.reads({ ...system, tenantId: row.tenantId }), row.clientId)
    const scopes = permissionScopes(row.scopes).filter(scope => isWithin(client?.scopes ?? [], scope))
    const permissions = await findTokenPermissions(app.db.reads(system), of, scopes)
    const standing = {
      principal: principalOf(row, permissions),
      tenantName: row.tenantName,
      policy,
      until: performance.now() + Math.min(believedFor, row.holdsUntil.getTime() - Date.now()),
    }
    if (remembered.size >= rememberedAtMost) remembered.clear()
    remembered.set(hash.toString('base64'), standing)
    return standing
  }

  /** MT-15: a program cannot show one with each call; but no token is a way around having one. */
  private requireSecondFactor(row: Row, policy: Policy): void {
    const grace = row.graceBeganAt && { beganAt: row.graceBeganAt, logins: row.graceLogins ?? 0, isCounted: true }
    const facts = { ...row, joinedAt: row.joinedAt as Date, requiredSince: row.secondFactorRequiredSince, grace }
    const { outcome } = judgeSecondFactor(policy, { at: this.app.clock.now(), methods: [] }, facts)
    if (outcome === 'missing') throw errors.secondFactorRequired({ tenant: row.tenantName })
  }
}

function principalOf(row: Row, permissions: ReadonlySet<string>): Principal {
  return {
    credential: 'oauth',
    sessionId: undefined,
    userId: row.userId,
    userName: row.userName,
    tenantId: row.tenantId,
    roles: row.roles,
    permissions,
    authenticatedAt: undefined,
  }
}

type Client = Scope & { ipAddress: string }

const system: Scope = { system: true }
