import type { App } from '#platform/app.ts'
import { hashToken } from '#platform/crypto'
import { type Scope, sql } from '#platform/database'
import type { DomainError } from '#platform/errors.ts'
import type { Authenticator, Principal } from '#platform/http'
import { AccessTokens, extendSession, onRevocation, touchMinutes } from '#platform/identity'
import { errors } from './errors.ts'

/** What the database says of a session and of its user's place in one tenant. */
type Row = {
  sessionId: string
  userId: string
  userName: string
  authenticatedAt: Date
  lastSeenAt: Date
  /** When the session or the membership ends by itself. */
  holdsUntil: Date
  isOperator: boolean
  tenantId: string | null
  userTenantId: string | null
  tenantName: string | null
  tenantStatus: string | null
  roles: string[] | null
  hasOwnRoles: boolean | null
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
  until: number
}

/** How long an answer about a session is believed, ms: a revocation elsewhere is felt within this time. */
const believedFor = 2_000
const rememberedAtMost = 20_000
/** What the modules declare for built-in roles changes with a migration only, ms. */
const declaredBelievedFor = 60_000

/**
 * Who is asking, for every request: session, user, membership and roles, read in one statement. What the built-in roles
 * permit is the same in every tenant and remembered here; a tenant's own roles cost a second statement.
 */
export class Principals {
  private readonly app: App
  private readonly tokens: AccessTokens
  private remembered = new Map<string, Standing>()
  private declared: { permissions: Promise<Map<string, readonly string[]>>; until: number } | undefined

  constructor(app: App, tokens: AccessTokens) {
    this.app = app
    this.tokens = tokens
  }

  /** What was shown → who that is and what holds for him in the tenant → whether it admits this request. */
  readonly authenticate: Authenticator = async (credentials, client) => {
    const asked = await this.readCredentials(credentials)
    const standing = await this.findStanding(asked, client)
    return admit(standing, asked)
  }

  /** Call after anything that changes what a session may do: the next request asks the database again. */
  forgetAll(): void {
    // A new map: what is being read now, and may be old already, goes into the one that is thrown away.
    this.remembered = new Map()
  }

  private async readCredentials({ bearer, cookie = '', tenantId }: Credentials): Promise<Asked> {
    const isNamed = tenantId !== undefined
    if (bearer === undefined) {
      const tokenHash = hashToken(cookie)
      return { key: `c ${tokenHash.toString('base64')}`, credential: { tokenHash }, tenantId, isNamed }
    }
    const { sessionId, tenantId: ownTenantId } = await this.tokens.verify(bearer)
    return { key: `s ${sessionId}`, credential: { sessionId }, tenantId: tenantId ?? ownTenantId, isNamed }
  }

  private async findStanding(asked: Asked, client: Scope): Promise<Standing> {
    const fullKey = `${asked.key} ${asked.tenantId ?? ''}`
    const { remembered } = this
    const known = remembered.get(fullKey)
    if (known && known.until > performance.now()) return known
    const row = await this.readFacts(asked)
    const standing = await this.standingOf(row, client)
    if (remembered.size >= rememberedAtMost) remembered.clear()
    remembered.set(fullKey, standing)
    return standing
  }

  private async readFacts({ credential, tenantId }: Asked): Promise<Row> {
    const sessionId = 'sessionId' in credential ? credential.sessionId : null
    const tokenHash = 'tokenHash' in credential ? credential.tokenHash : null
    const row = await this.app.db.reads(system).maybe(sql<Row>`
      select * from accounts.find_principal(${sessionId}, ${tokenHash}, ${tenantId ?? null})`)
    if (!row) throw errors.sessionEnded()
    if (tenantId !== undefined && row.tenantId === null) throw errors.notAMember()
    return row
  }

  private async standingOf(row: Row, client: Scope): Promise<Standing> {
    const refusal = refusalOf(row)
    if (Date.now() - row.lastSeenAt.getTime() > touchMinutes * 60_000) {
      await extendSession(this.app.db.scoped({ ...client, system: true }), row.sessionId)
    }
    const isOpen = row.tenantId !== null && refusal === undefined
    const principal: Principal = {
      credential: 'session',
      sessionId: row.sessionId,
      userId: row.userId,
      userName: row.userName,
      tenantId: isOpen ? (row.tenantId as string) : undefined,
      roles: isOpen ? (row.roles ?? []) : [],
      permissions: await this.permissionsOf(row, isOpen),
      authenticatedAt: row.authenticatedAt,
      closed: refusal && { tenantId: row.tenantId as string, tenantName: row.tenantName as string, refusal },
    }
    // What time alone ends, ends at that moment and not when it is asked for next (GG-04).
    const believed = Math.min(believedFor, row.holdsUntil.getTime() - Date.now())
    return { principal, until: performance.now() + believed }
  }

  private async permissionsOf(row: Row, isOpen: boolean): Promise<Set<string>> {
    const permissions = new Set<string>()
    const add = (names: readonly string[] = []) => {
      for (const name of names) permissions.add(name)
    }
    const declared = await this.declaredPermissions()
    if (row.isOperator) add(declared.get('operator'))
    if (!isOpen || row.tenantStatus !== 'active') return permissions
    if (!row.hasOwnRoles) {
      for (const role of row.roles ?? []) add(declared.get(role))
      return permissions
    }
    const { names } = await this.app.db.reads(system).one(sql<{ names: string[] }>`
      select accounts.find_permissions(${row.tenantId}, ${row.userTenantId}) as names`)
    add(names)
    return permissions
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

/** Why the tenant is closed to this session, if it is. */
function refusalOf({ tenantStatus }: Row): DomainError | undefined {
  return tenantStatus === 'suspended' ? errors.tenantSuspended() : undefined
}

/** Step 3, at every request: a closed tenant refuses who names it; who does not goes on without a tenant. */
function admit({ principal }: Standing, { isNamed }: Asked): Principal {
  if (isNamed && principal.closed) throw principal.closed.refusal
  return principal
}

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
