import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Provider } from 'oidc-provider'
import { type App, mainApp } from '#platform/app.ts'
import { createToken } from '#platform/crypto'
import { sql } from '#platform/database'
import { DomainError } from '#platform/errors.ts'
import type { Mount, MountedCall, MountedHandler, Principal } from '#platform/http'
import { announceRevocation, onRevocation, revokeSession } from '#platform/identity'
import { browserCookie } from './answers.ts'
import { errors } from './errors.ts'
import { pagePolicy } from './pages.ts'
import { createProvider } from './providers.ts'
import { currentRequest, type Issuer, type IssuerRequest, withinRequest } from './requests.ts'
import { openKeySet } from './signing-keys.ts'

/** How long it is believed that a tenant is open and has that slug, ms. */
const believedFor = 2_000
/** So many providers are kept; the one that was asked longest ago goes first. */
const mostProviders = 200

type Served = {
  issuer: Issuer
  version: string
  answer: (request: IncomingMessage, response: ServerResponse) => Promise<void>
}

type Memory = {
  issuers: Map<string, { found: Promise<Issuer | undefined>; until: number }>
  served: Map<string, Served>
}

const memories = new WeakMap<App, Memory>()

function memoryOf(app: App): Memory {
  const main = mainApp(app)
  const found = memories.get(main)
  if (found) return found
  const memory: Memory = { issuers: new Map(), served: new Map() }
  memories.set(main, memory)
  onRevocation(main, () => memory.issuers.clear())
  return memory
}

/** `/t/{slug}/…`: the issuer of each tenant that is active, by its slug letter by letter. */
export const issuerMount: Mount = {
  prefix: '/t',
  async open(call, app) {
    const [, slug = '', below = ''] = /^\/([^/]+)(\/.*)?$/.exec(call.path) ?? []
    return await openIssuer(app, call, slug, below)
  },
}

/** RFC 8414 3: of an issuer with a path the well-known part stands before that. */
export const metadataMount: Mount = {
  prefix: '/.well-known/oauth-authorization-server/t',
  async open(call, app) {
    return await openIssuer(app, call, call.path.slice(1), '/.well-known/oauth-authorization-server')
  },
}

async function openIssuer(app: App, call: MountedCall, slug: string, path: string): Promise<MountedHandler> {
  const issuer = await findIssuer(app, slug)
  if (!issuer) throw errors.issuerNotFound({ slug: slug.slice(0, 100) })
  // Whoever is sent there with a code that a device shows is to decide in the console, as about anything else.
  if (path === '/device' && call.method !== 'OPTIONS') return redirectTo(deviceAddress(app, issuer, call))
  const { answer } = await serve(app, issuer)
  const request: IssuerRequest = {
    app,
    issuer,
    scope: { ...call.scope, system: true, tenantId: issuer.tenantId },
    principal: pages.test(path) ? await identify(call, issuer) : undefined,
    browserToken: readBrowserToken(call) ?? createToken(),
    known: new Map(),
  }
  return async (incoming, response) => {
    incoming.url = `${path}${call.query}`
    describeAddress(app, issuer, call, incoming)
    await withinRequest(request, () => answer(incoming, response))
  }
}

/** Where people are: only there is somebody's session looked for. */
const pages = /^\/(auth|end-session)(\/|$)/

async function identify(call: MountedCall, { tenantId }: Issuer): Promise<Principal | undefined> {
  return await call.identify(tenantId).catch((error: unknown) => {
    // Why he may not is said by the page that he is sent to.
    if (error instanceof DomainError && error.kind !== 'unavailable') return undefined
    throw error
  })
}

const readBrowserToken = ({ cookies }: MountedCall): string | undefined => {
  const token = cookies[browserCookie]
  return token !== undefined && /^[\w-]{43}$/.test(token) ? token : undefined
}

function deviceAddress({ publicUrl }: App, { slug }: Issuer, { query }: MountedCall): string {
  const userCode = new URLSearchParams(query).get('user_code')
  const told = new URLSearchParams({ issuer: slug, ...(userCode !== null && { userCode: userCode.slice(0, 40) }) })
  return `${publicUrl}/oauth/device?${told}`
}

const redirectTo =
  (address: string): MountedHandler =>
  async (_request, response) => {
    response.writeHead(302, { location: address }).end()
  }

/** Where the server is, is configured; what a request says of it is not repeated. */
function describeAddress({ publicUrl }: App, { slug }: Issuer, call: MountedCall, incoming: IncomingMessage): void {
  const { protocol, host } = new URL(publicUrl)
  Object.assign(incoming, { baseUrl: `/t/${slug}` })
  Object.assign(incoming.headers, {
    host,
    'x-forwarded-proto': protocol.slice(0, -1),
    'x-forwarded-host': host,
    'x-forwarded-for': call.scope.ipAddress,
  })
}

/** The active tenant with this slug, as an issuer. */
export function findIssuer(app: App, slug: string): Promise<Issuer | undefined> {
  const { issuers } = memoryOf(app)
  const known = issuers.get(slug)
  if (known && known.until > performance.now()) return known.found
  const found = app.db
    .reads({ system: true })
    .maybe(sql<Issuer>`select * from oauth.find_issuer(null, ${slug.replaceAll('\0', '')})`)
  if (issuers.size >= 10_000) issuers.clear()
  issuers.set(slug, { found, until: performance.now() + believedFor })
  found.catch(() => issuers.delete(slug))
  return found
}

/** The provider of an issuer, made when it is asked for first, and again when the keys have changed. */
async function serve(app: App, issuer: Issuer): Promise<Served> {
  const { served } = memoryOf(app)
  const keySet = await openKeySet(app)
  const known = served.get(issuer.tenantId)
  // Moved to the end: the map's order is that of the last use.
  served.delete(issuer.tenantId)
  const isCurrent = known?.version === keySet.version && known.issuer.slug === issuer.slug
  const provider = isCurrent
    ? known
    : { issuer, version: keySet.version, answer: answerOf(createProvider(app, issuer, keySet)) }
  served.set(issuer.tenantId, provider)
  for (const tenantId of served.keys()) {
    if (served.size <= mostProviders) break
    served.delete(tenantId)
  }
  return provider
}

function answerOf(provider: Provider): Served['answer'] {
  provider.use(async (context, next) => {
    context.set('content-security-policy', pagePolicy)
    await next()
    const { oidc } = context as { oidc?: { route?: string; session?: { destroyed?: boolean }; entities: object } }
    if (oidc?.route === 'end_session_confirm' && oidc.session?.destroyed) await endSession()
    if (oidc && 'Interaction' in oidc.entities) bindBrowser(context.res)
  })
  const answer = provider.callback()
  return async (request, response) => void (await answer(request, response))
}

/** An interaction was begun: only this browser may go on with it. */
function bindBrowser(response: ServerResponse): void {
  const { browserToken } = currentRequest()
  response.appendHeader(
    'set-cookie',
    `${browserCookie}=${browserToken}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=3600`,
  )
}

/** OpenID Connect RP-Initiated Logout: who signs out at an application, and says yes, is signed out here. */
async function endSession(): Promise<void> {
  const { app, scope, principal } = currentRequest()
  if (principal?.sessionId === undefined) return
  await revokeSession(app.db.scoped({ ...scope, userId: principal.userId }), principal.sessionId, 'signed out')
  announceRevocation(app)
}
