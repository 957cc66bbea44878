import type { App } from '#platform/app.ts'
import { hashToken } from '#platform/crypto'
import { type Scope, sql } from '#platform/database'
import type { Authenticator, Principal } from '#platform/http'
import { AccessTokens, extendSession, onRevocation, touchMinutes } from '#platform/identity'
import { errors } from './errors.ts'

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
  tenantStatus: string | null
  roles: string[] | null
  hasOwnRoles: boolean | null
}

/** The credential by which a session is found. */
type Credential = { sessionId: string } | { tokenHash: Buffer }

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
  private remembered = new Map<string, { principal: Principal; until: number }>()
  private declared: { permissions: Promise<Map<string, readonly string[]>>; until: number } | undefined

  constructor(app: App, tokens: AccessTokens) {
    this.app = app
    this.tokens = tokens
  }

  readonly authenticate: Authenticator = async (credentials, client) => {
    if (credentials.bearer !== undefined) {
      const claims = await this.tokens.verify(credentials.bearer)
      const tenantId = credentials.tenantId ?? claims.tenantId
      return await this.resolve(`s ${claims.sessionId}`, { sessionId: claims.sessionId }, tenantId, client)
    }
    const cookie = credentials.cookie ?? ''
    const tokenHash = hashToken(cookie)
    return await this.resolve(`c ${tokenHash.toString('base64')}`, { tokenHash }, credentials.tenantId, client)
  }

  /** Call after anything that changes what a session may do: the next request asks the database again. */
  forgetAll(): void {
    // A new map: what is being read now, and may be old already, goes into the one that is thrown away.
    this.remembered = new Map()
  }

  private async resolve(
    key: string,
    credential: Credential,
    tenantId: string | undefined,
    client: Scope,
  ): Promise<Principal> {
    const fullKey = `${key} ${tenantId ?? ''}`
    const { remembered } = this
    const known = remembered.get(fullKey)
    if (known && known.until > performance.now()) return known.principal
    const { principal, holdsUntil } = await this.read(credential, tenantId, client)
    if (remembered.size >= rememberedAtMost) remembered.clear()
    // What time alone ends, ends at that moment and not when it is asked for next (GG-04).
    const believed = Math.min(believedFor, holdsUntil.getTime() - Date.now())
    remembered.set(fullKey, { principal, until: performance.now() + believed })
    return principal
  }

  private async read(
    credential: Credential,
    tenantId: string | undefined,
    client: Scope,
  ): Promise<{ principal: Principal; holdsUntil: Date }> {
    const sessionId = 'sessionId' in credential ? credential.sessionId : null
    const tokenHash = 'tokenHash' in credential ? credential.tokenHash : null
    const row = await this.app.db.reads(system).maybe(sql<Row>`
      select * from accounts.find_principal(${sessionId}, ${tokenHash}, ${tenantId ?? null})`)
    if (!row) throw errors.sessionEnded()
    if (tenantId !== undefined) {
      if (row.tenantId === null) throw errors.notAMember()
      if (row.tenantStatus === 'suspended') throw errors.tenantSuspended()
    }
    if (Date.now() - row.lastSeenAt.getTime() > touchMinutes * 60_000) {
      await extendSession(this.app.db.scoped({ ...client, system: true }), row.sessionId)
    }
    const isOpen = row.tenantId !== null && row.tenantStatus !== 'suspended'
    const principal = {
      sessionId: row.sessionId,
      userId: row.userId,
      userName: row.userName,
      tenantId: isOpen ? (row.tenantId as string) : undefined,
      roles: isOpen ? (row.roles ?? []) : [],
      permissions: await this.permissionsOf(row),
      authenticatedAt: row.authenticatedAt,
    }
    return { principal, holdsUntil: row.holdsUntil }
  }

  private async permissionsOf(row: Row): Promise<Set<string>> {
    const permissions = new Set<string>()
    const add = (names: readonly string[] = []) => {
      for (const name of names) permissions.add(name)
    }
    const declared = await this.declaredPermissions()
    if (row.isOperator) add(declared.get('operator'))
    if (row.tenantStatus !== 'active') return permissions
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
