import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Provider } from 'oidc-provider'
import { type App, mainApp } from '#platform/app.ts'
import { announceRevocation, revokeSession } from '#platform/identity'
import { enqueue } from '#platform/jobs'
import { browserCookie } from './answers.ts'
import type { Issuer } from './issuers.ts'
import { findLogouts } from './logouts.ts'
import { pagePolicy } from './pages.ts'
import { createProvider } from './providers.ts'
import { currentRequest } from './requests.ts'
import { openKeySet } from './signing-keys.ts'

/**
 * So many providers are kept; the one that was asked longest ago goes first. Each costs 73 kB of heap, and 3 to 6 ms to be
 * made again.
 */
const mostProviders = 500

type Served = {
  issuer: Issuer
  version: string
  answer: (request: IncomingMessage, response: ServerResponse) => Promise<void>
}

const memories = new WeakMap<App, Map<string, Served>>()

function servedBy(app: App): Map<string, Served> {
  const main = mainApp(app)
  const found = memories.get(main) ?? new Map<string, Served>()
  memories.set(main, found)
  return found
}

/** The provider of an issuer, made when it is asked for first, and again when the keys have changed. */
export async function serveIssuer(app: App, issuer: Issuer): Promise<Served['answer']> {
  const served = servedBy(app)
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
  return provider.answer
}

function answerOf(provider: Provider): Served['answer'] {
  provider.use(async (context, next) => {
    await next()
    const { oidc } = context as { oidc?: { route?: string; session?: { destroyed?: boolean }; entities: object } }
    if (oidc?.route === 'end_session_confirm' && oidc.session?.destroyed) await endSession()
    if (oidc && 'Interaction' in oidc.entities) bindBrowser(context.res)
    context.res.once('close', () => letGo(oidc ?? {}, context))
  })
  const answer = provider.callback()
  return async (request, response) => {
    response.setHeader('content-security-policy', pagePolicy)
    await answer(request, response)
  }
}

/**
 * oidc-provider gives each context a getter of its own, and V8 keeps getters among what is old: it, and with it all of the
 * request, would stay until the next full collection (an eighth of all that was allocated, 6 kB of each token). When a
 * request has been answered, what it was made of is let go.
 */
function letGo(...held: object[]): void {
  for (const each of held) for (const key of Object.keys(each)) Reflect.set(each, key, undefined)
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
  if (!principal || principal.sessionId === undefined) return
  const { userId, sessionId } = principal
  await app.db.transaction({ ...scope, userId }, async tx => {
    await revokeSession(tx, sessionId, 'signed out')
    await enqueue(tx, findLogouts, {})
  })
  announceRevocation(app)
}
