import { findTokenPermissions, keyErrors, readApiKey, touchApiKey } from '#platform/access'
import type { App } from '#platform/app.ts'
import { type Scope, sql } from '#platform/database'
import type { Principal } from '#platform/http'
import {
  compilePolicy,
  findSecondFactorRequirement,
  judgeSecondFactor,
  type MemberFacts,
  type Policy,
} from '#platform/tenancy'
import { errors } from './errors.ts'

type Row = {
  id: string
  userId: string
  userName: string
  tenantId: string
  tenantName: string
  userTenantId: string
  tenantStatus: string
  securityPolicy: string
  roles: string[] | null
  scopes: string[]
  lastUsedAt: Date | null
  holdsUntil: Date | null
}

type PersonRow = Pick<MemberFacts, 'roles' | 'joinedAt' | 'hasSecondFactor'> & {
  graceBeganAt: Date | null
  graceLogins: number | null
}

type Standing = { principal: Principal; tenantName: string; policy: Policy; until: number }

/** How long an answer about a key is believed, ms, as one about a session is. */
const believedFor = 2_000
const rememberedAtMost = 20_000
/** How old the note of a key's last use may get, ms. */
const touchedWithin = 60_000

/**
 * Who calls with an API key. He acts in the key's tenant and no other, with what his roles there permit, narrowed to what
 * they let tokens carry and to the key's scopes. Sessions' rules are not his; those of addresses are (MT-16), and a person who
 * has to have a second factor has to have it here too (MT-15).
 */
export class KeyCallers {
  private readonly app: App
  private remembered = new Map<string, Standing>()

  constructor(app: App) {
    this.app = app
  }

  async authenticate(key: string, tenantId: string | undefined, client: Client): Promise<Principal> {
    const known = this.remembered.get(key)
    const standing = known && known.until > performance.now() ? known : await this.findStanding(key, client)
    if (tenantId !== undefined && tenantId.toLowerCase() !== standing.principal.tenantId) throw errors.notAMember()
    const { ipAddress: address } = client
    if (!standing.policy.addresses.allows(address))
      throw errors.addressRefused({ tenant: standing.tenantName, address })
    return standing.principal
  }

  forgetAll(): void {
    this.remembered = new Map()
  }

  private async findStanding(key: string, client: Client): Promise<Standing> {
    const { remembered } = this
    const row = await this.findRow(key)
    if (row.tenantStatus === 'pending_deletion') throw errors.tenantPendingDeletion()
    if (row.tenantStatus !== 'active') throw errors.tenantSuspended()
    await this.requireSecondFactor(row)
    const standing = await this.standingOf(row)
    if (row.lastUsedAt === null || Date.now() - row.lastUsedAt.getTime() > touchedWithin) {
      await touchApiKey(this.app.db.scoped({ ...client, tenantId: row.tenantId, userId: row.userId }), row.id)
    }
    if (remembered.size >= rememberedAtMost) remembered.clear()
    remembered.set(key, standing)
    return standing
  }

  private async findRow(key: string): Promise<Row> {
    const shown = readApiKey(key)
    const row =
      shown &&
      (await this.app.db.reads(system).maybe(sql<Row>`
        select * from accounts.find_api_key(${shown.prefix}, ${shown.secretHash})`))
    if (!row) throw keyErrors.apiKeyInvalid()
    return row
  }

  /** A program cannot show one with each call; but no key is a way around having one. */
  private async requireSecondFactor({ userId, tenantId, tenantName, securityPolicy }: Row): Promise<void> {
    const policy = compilePolicy(securityPolicy)
    if (!policy.session.requireMFA && !policy.twoFactor.required) return
    const reads = this.app.db.reads({ system: true, tenantId })
    const [person, requiredSince] = await Promise.all([
      reads.maybe(sql<PersonRow>`
        select roles, joined_at, has_second_factor, grace_began_at, grace_logins
        from accounts.list_policy_members(${tenantId})
        where user_id = ${userId}`),
      findSecondFactorRequirement(reads),
    ])
    // A service account is no person.
    if (!person) return
    const { graceBeganAt, graceLogins, ...facts } = person
    const grace = graceBeganAt && { beganAt: graceBeganAt, logins: graceLogins ?? 0, isCounted: true }
    const at = this.app.clock.now()
    const { outcome } = judgeSecondFactor(policy, { at, methods: [] }, { ...facts, requiredSince, grace })
    if (outcome === 'missing') throw errors.secondFactorRequired({ tenant: tenantName })
  }

  private async standingOf(row: Row): Promise<Standing> {
    const { userId, userName, tenantId, userTenantId, roles, scopes, securityPolicy, holdsUntil } = row
    const of = { tenantId, membershipId: userTenantId }
    const permissions = await findTokenPermissions(this.app.db.reads(system), of, scopes)
    const believed = Math.min(believedFor, (holdsUntil?.getTime() ?? Number.POSITIVE_INFINITY) - Date.now())
    return {
      principal: {
        credential: 'api_key',
        sessionId: undefined,
        userId,
        userName,
        tenantId,
        roles: roles ?? [],
        permissions,
        authenticatedAt: undefined,
      },
      tenantName: row.tenantName,
      policy: compilePolicy(securityPolicy),
      until: performance.now() + believed,
    }
  }
}

type Client = Scope & { ipAddress: string }

const system: Scope = { system: true }
