import type { IncomingMessage } from 'node:http'
import type { App } from '#platform/app.ts'
import { createToken } from '#platform/crypto'
import { DomainError } from '#platform/errors.ts'
import type { Mount, MountedCall, MountedHandler, Principal } from '#platform/http'
import { browserCookie } from './answers.ts'
import { errors } from './errors.ts'
import { findIssuer, type Issuer } from './issuers.ts'
import { type IssuerRequest, withinRequest } from './requests.ts'

/** `/t/{slug}/…`: the issuer of each tenant that is active, by its slug letter by letter. */
export const issuerMount: Mount = {
  prefix: '/t',
  async open(call, app) {
    const [, slug = '', below = ''] = /^\/([^/]+)(\/.*)?$/.exec(call.path) ?? []
    return await openIssuer(app, call, slug, below)
  },
  quotaOf: path => quotas.get(path.replace(/^\/[^/]+/, '')),
}

/** Each leaves a row behind, whoever asks: 60 a minute from one address, whatever the workspace. */
const quotas = new Map(
  ['/auth', '/par'].map(path => [path, { name: `issuer ${path}`, requests: 60, seconds: 60 }] as const),
)

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
  if (path === '/auth' && call.method === 'POST') return askByGet(app, issuer)
  const { serveIssuer } = loaded ?? (await load())
  const answer = await serveIssuer(app, issuer)
  let browserToken: string | undefined
  const request: IssuerRequest = {
    app,
    issuer,
    scope: { ...call.scope, system: true, tenantId: issuer.tenantId },
    principal: pages.test(path) ? await identify(call, issuer) : undefined,
    get browserToken() {
      browserToken ??= readBrowserToken(call) ?? createToken()
      return browserToken
    },
    believes: programs.test(path),
    known: new Map(),
  }
  return async (incoming, response) => {
    incoming.url = `${path}${call.query}`
    describeAddress(app, issuer, call, incoming)
    await withinRequest(request, () => answer(incoming, response))
  }
}

let loaded: typeof import('./served-issuers.ts') | undefined

/** When somebody comes: commands need not wait for it. */
async function load(): Promise<typeof import('./served-issuers.ts')> {
  loaded = await import('./served-issuers.ts')
  return loaded
}

/** Where programs ask. */
const programs = /^\/(token|introspection|userinfo)$/
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

/** Longer than any request may be as an address. */
const mostOfRequest = 8 * 1024

/**
 * OpenID Connect 3.1.2.1: a request may come as a form of the application's page. It is asked again as an address, with
 * which the browser sends the cookies that it keeps back from what other sites post (SameSite=Lax).
 */
function askByGet({ publicUrl }: App, { slug }: Issuer): MountedHandler {
  return async (incoming, response) => {
    let form = ''
    for await (const chunk of incoming.setEncoding('utf8')) {
      form += chunk
      if (form.length > mostOfRequest) return void response.writeHead(413, { connection: 'close' }).end()
    }
    const location = `${publicUrl}/t/${slug}/auth?${new URLSearchParams(form)}`
    response.writeHead(303, { location }).end()
  }
}

const redirectTo =
  (address: string): MountedHandler =>
  async (_request, response) => {
    response.writeHead(302, { location: address }).end()
  }

/** Where the server is, is configured; what a request says of it is not repeated. */
function describeAddress({ publicUrl }: App, { slug }: Issuer, call: MountedCall, incoming: IncomingMessage): void {
  const { scheme, host } = addressOf(publicUrl)
  Object.assign(incoming, { baseUrl: `/t/${slug}` })
  Object.assign(incoming.headers, {
    host,
    'x-forwarded-proto': scheme,
    'x-forwarded-host': host,
    'x-forwarded-for': call.scope.ipAddress,
  })
}

const addresses = new Map<string, { scheme: string; host: string }>()

/** One that is configured: there is one in a program. */
function addressOf(publicUrl: string): { scheme: string; host: string } {
  const known = addresses.get(publicUrl)
  if (known) return known
  const { protocol, host } = new URL(publicUrl)
  const address = { scheme: protocol.slice(0, -1), host }
  addresses.set(publicUrl, address)
  return address
}
