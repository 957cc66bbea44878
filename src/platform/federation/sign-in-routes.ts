import { Type } from 'typebox'
import { accountsOf, clientOf, cookiesOf } from '#platform/accounts'
import type { App } from '#platform/app.ts'
import { DomainError } from '#platform/errors.ts'
import { idParams, nullable, Reply, type RequestOf, route, sessionCookie, uuid } from '#platform/http'
import { normaliseEmail } from '#platform/identity'
import { errors } from './errors.ts'
import { findHomeRealm } from './provider-domains.ts'
import { returnFromProvider } from './returns.ts'
import { findBegun, providerCookie, startSignIn } from './sign-ins.ts'

export const next = Type.Optional(
  Type.String({ maxLength: 500, description: 'A path of this installation', examples: ['/contractors'] }),
)
const email = Type.String({ minLength: 3, maxLength: 255, examples: ['ada@example.com'] })
const attempts = 30
const cannotBegin = [
  'federation.provider_not_found',
  'federation.provider_unregistered',
  'federation.provider_inactive',
  'federation.unavailable',
]
const url = Type.Object({ url: Type.String({ description: 'At the provider' }) })

/** Every way through a tenant's identity provider, and back. */
export const signInRoutes = [
  route({
    method: 'POST',
    path: '/federation/home-realm',
    allow: 'public',
    summary: 'Which identity provider signs in who has this address',
    description: 'Told by the domain of the address alone: it says nothing about whether there is such an account.',
    body: Type.Object({ email }),
    response: Type.Object({
      provider: nullable(Type.Object({ tenantId: uuid, id: uuid, name: Type.String(), tenantName: Type.String() })),
    }),
    rateLimit: attempts,
    async handle({ body, scope }, app) {
      const found = await findHomeRealm(app.db.reads({ ...scope, system: true }), domainsForm(body.email))
      return { provider: found ? { ...found, id: found.providerId } : null }
    },
  }),
  route({
    method: 'POST',
    path: '/federation/sign-ins',
    allow: 'public',
    summary: 'Begin to sign in through an identity provider',
    description: 'Answers the address to send the browser to, and sets the cookie that binds the way to it.',
    body: Type.Object({ tenantId: uuid, providerId: uuid, email: Type.Optional(email), next }),
    refusals: cannotBegin,
    response: url,
    rateLimit: attempts,
    async handle({ body, scope }, app) {
      const system = app.db.scoped({ ...scope, system: true })
      return begin(await startSignIn(app, system, { ...body, purpose: 'sign_in' }))
    },
  }),
  route({
    method: 'POST',
    path: '/federation/step-ups',
    allow: 'session',
    summary: 'Begin to show by the identity provider that it is still me',
    description: 'For a session that came through it, and for what is done in its workspace.',
    body: Type.Object({ next }),
    refusals: [...cannotBegin, 'federation.of_another'],
    response: url,
    rateLimit: attempts,
    async handle({ body, principal, scope }, app) {
      const { provider, userId, sessionId } = principal
      if (!provider) throw errors.ofAnother()
      const system = app.db.scoped({ ...scope, system: true })
      const { tenantId, id: providerId } = provider
      const wanted = { tenantId, providerId, userId, sessionId, next: body.next }
      return begin(await startSignIn(app, system, { ...wanted, purpose: 'step_up' }))
    },
  }),
  route({
    method: 'POST',
    path: '/federation/providers/{id}/test',
    allow: 'federation.providers.write',
    summary: 'Begin to try a sign-in, which lets nobody in',
    description: 'Works while the provider is off. What came of it is `lastTest` of the provider afterwards.',
    params: idParams,
    refusals: cannotBegin,
    response: url,
    rateLimit: attempts,
    async handle({ params, principal, scope }, app) {
      const { userId, sessionId, tenantId } = principal
      if (sessionId === undefined || tenantId === undefined) throw errors.notBegunHere()
      const system = app.db.scoped({ ...scope, system: true })
      const wanted = { tenantId, providerId: params.id, userId, sessionId, next: pageOf(params.id) }
      return begin(await startSignIn(app, system, { ...wanted, purpose: 'test' }))
    },
  }),
  route({
    method: 'GET',
    path: '/federation/callback/{id}',
    allow: 'public',
    summary: 'Where an identity provider sends the browser back to',
    description: 'Each provider has its own, so that an answer of one is never taken to another.',
    params: idParams,
    query: Type.Object({
      code: Type.Optional(Type.String({ maxLength: 8000 })),
      state: Type.Optional(Type.String({ maxLength: 500 })),
      error: Type.Optional(Type.String({ maxLength: 200 })),
      error_description: Type.Optional(Type.String({ maxLength: 2000 })),
      error_uri: Type.Optional(Type.String({ maxLength: 1000 })),
      iss: Type.Optional(Type.String({ maxLength: 500 })),
      scope: Type.Optional(Type.String({ maxLength: 2000 })),
      authuser: Type.Optional(Type.String({ maxLength: 200 })),
      prompt: Type.Optional(Type.String({ maxLength: 200 })),
      hd: Type.Optional(Type.String({ maxLength: 255 })),
      session_state: Type.Optional(Type.String({ maxLength: 500 })),
      client_info: Type.Optional(Type.String({ maxLength: 4000 })),
    }),
    response: Type.Null(),
    status: 302,
    rateLimit: attempts,
    async handle(request, app) {
      const { cookies, params, query, scope } = request
      const cookieValue = cookies[providerCookie]
      const begun = await findBegun(app.db.scoped({ ...scope, system: true }), cookieValue)
      const given = { providerId: params.id, cookieValue, query, isSession: isSessionOf(app, request) }
      const { location, changes, isOver } = await returnFromProvider(app, clientOf(request), given).then(
        ({ next, admission }) => ({
          location: admission && 'step' in admission ? `/sign-in?${new URLSearchParams({ step: '1', next })}` : next,
          changes: admission ? cookiesOf(admission) : [],
          isOver: true,
        }),
        async error => ({
          location: refusedAt(begun, error),
          changes: [],
          // A page elsewhere that sends the browser here must not end what is under way in it.
          isOver: error.code !== 'federation.not_begun_here',
        }),
      )
      const done = isOver ? [{ name: providerCookie, value: undefined }] : []
      return new Reply(302, null, { headers: { location }, cookies: [...changes, ...done] })
    },
  }),
]

export function begin({ url, cookieValue, expires }: Awaited<ReturnType<typeof startSignIn>>): Reply<{ url: string }> {
  return new Reply(200, { url }, { cookies: [{ name: providerCookie, value: cookieValue, expires }] })
}

const pageOf = (providerId: string) => `/identity-providers/${providerId}`

/** A browser is shown a page, not a problem document: that on which the way began. */
function refusedAt(begun: Awaited<ReturnType<typeof findBegun>>, error: unknown): string {
  if (!(error instanceof DomainError)) throw error
  switch (begun?.purpose) {
    case 'test':
      return `${pageOf(begun.providerId)}?test_failed=${error.code}`
    case 'link':
    case 'step_up':
      return `/account/security?link_failed=${error.code}`
    default:
      return `/sign-in?refused=${error.code}`
  }
}

type Request = Pick<RequestOf<unknown, unknown, unknown>, 'scope' | 'cookies'>

/** Whether the browser shows the session that began it. */
function isSessionOf(app: App, { scope, cookies }: Request) {
  return async (sessionId: string, userId: string): Promise<boolean> => {
    const client = { ipAddress: scope.ipAddress ?? '', requestId: scope.requestId ?? '' }
    try {
      const shown = await accountsOf(app).principals.authenticate({ cookie: cookies[sessionCookie] ?? '' }, client)
      return shown.sessionId === sessionId && shown.userId === userId
    } catch (error) {
      if (error instanceof DomainError) return false
      throw error
    }
  }
}

/** The one form of an address; what is none has no domain either. */
function domainsForm(text: string): string {
  try {
    return normaliseEmail(text)
  } catch (error) {
    if (error instanceof DomainError) return ''
    throw error
  }
}
