import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { destination } from 'pino'
import { accountsOf, createAccount } from '#platform/accounts'
import type { App } from '#platform/app.ts'
import { RefusalLog } from '#platform/audit'
import { Keyring } from '#platform/crypto'
import { json, type Scope, sql } from '#platform/database'
import { buildServer, createLogger } from '#platform/http'
import { hashNewPassword } from '#platform/identity'
import type { Module } from '#platform/module.ts'
import type { SecurityPolicy } from '#platform/tenancy'
import { placeTenant, resolveHost } from '#platform/tenancy'
import { createMeter } from '#platform/usage'
import { loadConfig } from '../../src/main/config.ts'
import { modules as programModules } from '../../src/main/modules.ts'
import { createApp, recordDeclarations } from '../../src/main/program.ts'
import { type TestDatabase, testDatabase } from './database.ts'
import { tenantDatabase } from './tenant-databases.ts'

export type Person = {
  email: string
  password: string
  fullName: string
  userId: string
  tenantId: string
  /** For nouns called directly. */
  scope: Scope
  accessToken: string
  /** Calls `/api/v1` + path as this person; a JSON body is sent as such. */
  fetch(path: string, init?: { method?: string; body?: unknown; headers?: Record<string, string> }): Promise<Response>
}

export type World = TestDatabase & {
  app: App
  /** The keys of `app.keyring`, for a program beside it. */
  keys: string
  /** http://127.0.0.1:<port>, without a slash at the end. */
  baseUrl: string
  /** Owner of the first tenant. */
  alice: Person
  /** Owner of the second tenant. */
  bob: Person
  /** Looks on in the first tenant. */
  viewer: Person
}

/** The whole program over HTTP on a database of its own, with two tenants. Await it at the top level of a test file. */
export async function testWorld(
  options: {
    consoleDirectory?: string
    rateLimit?: number
    /** False: routes have no limits of their own. */
    hasRouteLimits?: boolean
    /** Both tenants have the data of applications in a database of their own; unless told, as COMMONHOLD_TEST_PLACED says. */
    placed?: boolean
    environment?: Record<string, string>
    /** Counts requests, as the program does. */
    meter?: boolean
    /** Beside those of the program. */
    modules?: readonly Module[]
  } = {},
): Promise<World> {
  const database = await testDatabase()
  const modules = [...programModules, ...(options.modules ?? [])].map(module =>
    options.hasRouteLimits === false ? withoutLimits(module) : module,
  )
  await recordDeclarations(database.adminConfig, modules)
  // All worlds are of one template, whose log has one id: in one folder each would find the others' checkpoints.
  const directory = mkdtempSync(join(tmpdir(), 'commonhold-world-'))
  const { settings } = loadConfig(modules, {
    COMMONHOLD_PORT: '0',
    COMMONHOLD_DATA_DIR: directory,
    ...options.environment,
  })
  const log = createLogger((process.env.COMMONHOLD_TEST_LOG as 'debug') ?? 'silent', destination({ fd: 2, sync: true }))
  const keys = Keyring.generate('k1')
  const keyring = Keyring.parse(keys)
  const administered = { admin: database.adminConfig, isEmbedded: false, close: async () => {} }
  const app = { ...createApp({ settings, login: database.login, keyring, log, database: administered }), modules }
  const refusals = new RefusalLog(app)
  const server = await buildServer({
    app,
    modules,
    onRefusal: refused => refusals.note(refused),
    authenticate: accountsOf(app).principals.authenticate,
    ...(options.meter && { meter: createMeter(app) }),
    resolveHost: host => resolveHost(app, host),
    consoleDirectory: options.consoleDirectory,
    requestsPerMinute: options.rateLimit ?? 1_000_000,
    // Tests come from one address; they may say another in X-Forwarded-For, to stay below the limits of sign-in.
    trustedProxies: ['127.0.0.1'],
    readiness: async () => {},
  })
  const baseUrl = await server.listen({ host: '127.0.0.1', port: 0 })
  after(async () => {
    await server.close()
    await app.db.close()
    rmSync(directory, { recursive: true, force: true })
  })

  const running = { app, baseUrl }
  const [alice, bob, viewer] = [
    await newPerson(running, {
      email: 'alice@meridian.example',
      fullName: 'Alice Archer',
      tenantName: 'Meridian Capture',
    }),
    await newPerson(running, {
      email: 'bob@northgate.example',
      fullName: 'Bob Barker',
      tenantName: 'Northgate Partners',
    }),
    await newPerson(running, { email: 'vera@meridian.example', fullName: 'Vera Viewer' }),
  ]
  await joinAs(database, viewer.userId, alice.tenantId, 'viewer')
  const joined = await signIn(baseUrl, viewer, alice.tenantId)
  // MT-17: the same tests, with both tenants' application data in a database beside the main one.
  if (options.placed ?? process.env.COMMONHOLD_TEST_PLACED)
    await placeElsewhere(database, app, [alice.tenantId, bob.tenantId])
  return { ...database, app, keys, baseUrl, alice, bob, viewer: joined }
}

function withoutLimits(module: Module): Module {
  const routes = module.routes?.map(({ rateLimit: _, ...route }) => route)
  const mounts = module.mounts?.map(({ quotaOf: _, ...mount }) => mount)
  return { ...module, ...(routes && { routes }), ...(mounts && { mounts }) }
}

async function placeElsewhere(database: TestDatabase, app: App, tenantIds: readonly string[]): Promise<void> {
  const { url } = await tenantDatabase(database)
  const place = await app.placements?.register(url)
  if (!place) throw new Error('There are no placements')
  for (const tenantId of tenantIds) {
    await app.db.transaction({ system: true, tenantId }, tx => placeTenant(tx, tenantId, place.id))
  }
  app.placements?.forget()
}

/** Makes a user a member of a tenant with a role, as an administrator of the database would. */
export async function joinAs(database: TestDatabase, userId: string, tenantId: string, role: string): Promise<void> {
  const { admin } = database
  await admin.query(`insert into tenancy.user_tenants (tenant_id, user_id) values ($1, $2)`, [tenantId, userId])
  await admin.query(
    `insert into access.user_tenant_roles (tenant_id, user_tenant_id, role_id)
     select $1, membership.id, role.id
     from tenancy.user_tenants as membership
     join access.roles as role on role.tenant_id = membership.tenant_id and role.name = $3
     where membership.tenant_id = $1 and membership.user_id = $2`,
    [tenantId, userId, role],
  )
}

/** Waits until a running session feels what was changed past the program: an answer is believed for two seconds. */
export const believedNoLonger = () => sleep(2_100)

const password = 'correct horse battery staple'

let people = 0

/** Somebody more with a confirmed address, signed in; with `tenantName` the owner of a tenant of his own. */
export async function newPerson(
  { app, baseUrl }: Pick<World, 'app' | 'baseUrl'>,
  wanted: { email?: string; fullName?: string; tenantName?: string; password?: string } = {},
): Promise<Person> {
  const number = ++people
  const { email = `person${number}@people.example`, fullName = `Person ${number}`, tenantName } = wanted
  const passwordHash = await hashOnce(wanted.password ?? password)
  await createAccount(app, {}, { email, fullName, tenantName, passwordHash, isEmailVerified: true })
  const person = await signIn(baseUrl, { email, fullName, password: wanted.password ?? password })
  if (person.tenantId) await setPolicy(app, person.tenantId, { session: { maxConcurrentSessions: 1000 } })
  return person
}

const hashes = new Map<string, Promise<string>>()

/** One hash for all who have the same password: what it costs is the point of it. */
function hashOnce(text: string): Promise<string> {
  const known = hashes.get(text) ?? hashNewPassword(text)
  hashes.set(text, known)
  return known
}

/** Part of a security policy; the rest stays as it is. */
export type PolicyPart = { [Part in keyof SecurityPolicy]?: Partial<SecurityPolicy[Part]> }

/**
 * Sets a part of a tenant's security policy, at once for this process. Tests sign one person in many times, so tenants made
 * by `newPerson` let 1000 sessions act; the documents' 3 are tried in `test/abuse/policies.test.ts`.
 */
export async function setPolicy(app: App, tenantId: string, part: PolicyPart): Promise<void> {
  await app.db.scoped({ system: true }).run(sql`
    update tenancy.tenants
    set security_policy = security_policy || jsonb_build_object(
      'session', security_policy -> 'session' || ${json(part.session ?? {})}::jsonb,
      'twoFactor', security_policy -> 'twoFactor' || ${json(part.twoFactor ?? {})}::jsonb,
      'ipRestrictions', security_policy -> 'ipRestrictions' || ${json(part.ipRestrictions ?? {})}::jsonb
    )
    where id = ${tenantId}`)
  accountsOf(app).principals.forgetAll()
}

/** Signs in with the password, from an address of its own: many tests come from one. */
export async function signIn(baseUrl: string, person: Known, tenantId?: string): Promise<Person> {
  const headers = { 'x-forwarded-for': randomAddress(), ...(tenantId && { 'x-tenant-id': tenantId }) }
  const answer = await post(baseUrl, '/auth/sign-in', { email: person.email, password: person.password }, headers)
  return personOf(baseUrl, person, answer)
}

type Known = Pick<Person, 'email' | 'fullName' | 'password'>

/** An address that no other test has, for `x-forwarded-for`. */
export const randomAddress = () =>
  `2001:db8:${[1, 2, 3, 4].map(() => Math.floor(Math.random() * 65_536).toString(16)).join(':')}::1`

type Session = { accessToken: string; user: { id: string }; tenantId: string | null }

function personOf(baseUrl: string, who: Known, session: Session): Person {
  const userId = session.user.id
  const tenantId = session.tenantId ?? ''
  return {
    email: who.email,
    fullName: who.fullName,
    password: who.password,
    userId,
    tenantId,
    accessToken: session.accessToken,
    scope: { userId, tenantId, userName: who.fullName },
    fetch: (path, { method = 'GET', body, headers = {} } = {}) =>
      fetch(`${baseUrl}/api/v1${path}`, {
        method,
        headers: {
          authorization: `Bearer ${session.accessToken}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        body: body === undefined ? undefined : JSON.stringify(body),
      }),
  }
}

async function post(
  baseUrl: string,
  path: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<Session> {
  const response = await fetch(`${baseUrl}/api/v1${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
  if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`)
  return (await response.json()) as Session
}
