import { Type } from 'typebox'
import type { Scope } from '#platform/database'
import { nullable, type Principal, pageOf, Reply, route, sessionCookie, uuid } from '#platform/http'
import { getProfile, getSessionTimes, type NewSession, Profile, SessionTimes } from '#platform/identity'
import { errors } from './errors.ts'
import { listTenantsOf, refresh, SignedIn, signIn, signOut, switchTenant, TenantOfUser } from './sign-ins.ts'
import { createOwnTenant, EntranceOptions, getEntranceOptions, signUp, signUpFirstAdministrator } from './sign-ups.ts'

const email = Type.String({ minLength: 3, maxLength: 255, examples: ['ada@example.com'] })
// A wrong password is wrong whatever its length: only a new one has to fit.
const password = Type.String({ minLength: 1, maxLength: 1024 })
const newPassword = Type.String({ minLength: 8, maxLength: 128, description: '8 to 128 characters' })
const fullName = Type.String({ minLength: 1, maxLength: 255, pattern: '\\S', examples: ['Ada Lovelace'] })
const timezone = Type.Optional(
  Type.String({
    maxLength: 50,
    description: 'IANA name, for the dates shown; UTC unless given',
    examples: ['Europe/Berlin'],
  }),
)
const tenantName = Type.String({ minLength: 1, maxLength: 255, pattern: '\\S', examples: ['Meridian Capture'] })

const Me = Type.Object({
  user: Profile,
  tenantId: nullable(uuid),
  tenants: Type.Array(TenantOfUser),
  roles: Type.Array(Type.String()),
  permissions: Type.Array(Type.String()),
  session: SessionTimes,
})

const attempts = 30

export const accountsRoutes = [
  route({
    method: 'GET',
    path: '/auth/options',
    allow: 'public',
    summary: 'How one may come in here',
    response: EntranceOptions,
    async handle({ scope }, app) {
      return await getEntranceOptions(app, scope)
    },
  }),
  route({
    method: 'POST',
    path: '/auth/sign-up',
    allow: 'public',
    summary: 'Make an account',
    description: 'With `tenantName` also a tenant, whose owner the account becomes. Signs in at once.',
    body: Type.Object({ email, password: newPassword, fullName, tenantName: Type.Optional(tenantName), timezone }),
    refusals: ['accounts.sign_up_closed', 'identity.email_taken'],
    response: SignedIn,
    status: 201,
    rateLimit: attempts,
    async handle({ body, scope }, app) {
      if (app.config.signUp === 'closed') throw errors.signUpClosed()
      return reply(201, await signUp(app, scope, body))
    },
  }),
  route({
    method: 'POST',
    path: '/auth/first-administrator',
    allow: 'public',
    summary: 'Make the first administrator of a new installation',
    description: 'Takes the secret of the link that the server printed at its first start.',
    body: Type.Object({
      token: Type.String({ minLength: 1, maxLength: 200 }),
      email,
      password: newPassword,
      fullName,
      tenantName,
      timezone,
    }),
    refusals: ['accounts.setup_link_invalid', 'identity.email_taken'],
    response: SignedIn,
    status: 201,
    rateLimit: attempts,
    async handle({ body, scope }, app) {
      return reply(201, await signUpFirstAdministrator(app, scope, body))
    },
  }),
  route({
    method: 'POST',
    path: '/auth/sign-in',
    allow: 'public',
    summary: 'Sign in with a password',
    description: 'Works in the tenant of `X-Tenant-Id`, else in the default one. Also sets the session cookie.',
    body: Type.Object({ email, password }),
    refusals: ['accounts.credentials_wrong', 'accounts.not_a_member', 'accounts.tenant_suspended'],
    response: SignedIn,
    rateLimit: attempts,
    async handle({ body, headers, scope }, app) {
      const header = headers['x-tenant-id']
      const tenantId = typeof header === 'string' ? header : undefined
      return reply(200, await signIn(app, scope, { ...body, tenantId }))
    },
  }),
  route({
    method: 'POST',
    path: '/auth/refresh',
    allow: 'public',
    summary: 'Exchange a refresh token',
    description: 'The token is used up. Used again, it ends the session: a copy of it must be about.',
    body: Type.Object({ refreshToken: Type.String({ minLength: 1, maxLength: 200 }) }),
    refusals: ['identity.refresh_refused'],
    response: SignedIn,
    rateLimit: 120,
    async handle({ body, scope }, app) {
      return await refresh(app, scope, body.refreshToken)
    },
  }),
  route({
    method: 'POST',
    path: '/auth/sign-out',
    allow: 'session',
    summary: 'End this session',
    response: Type.Null(),
    status: 204,
    async handle({ principal, scope }, app) {
      await signOut(app, scope, signedIn(principal).sessionId)
      return new Reply(204, null, { cookies: [{ name: sessionCookie, value: undefined }] })
    },
  }),
  route({
    method: 'POST',
    path: '/auth/switch-tenant',
    allow: 'session',
    summary: 'Work in another tenant',
    description: 'Moves the session and its cookie; answers an access token for the new tenant.',
    body: Type.Object({ tenantId: uuid }),
    refusals: ['accounts.not_a_member', 'accounts.tenant_suspended'],
    response: Type.Object({
      accessToken: Type.String(),
      expiresIn: Type.Integer(),
      tenants: Type.Array(TenantOfUser),
      tenantId: uuid,
    }),
    async handle({ body, principal, scope }, app) {
      const { sessionId, userId } = signedIn(principal)
      return await switchTenant(app, scope, { id: sessionId, userId }, body.tenantId)
    },
  }),
  route({
    method: 'GET',
    path: '/me',
    allow: 'session',
    summary: 'Who am I, where, and what may I do',
    response: Me,
    async handle({ principal, scope }, app) {
      const { sessionId, userId, tenantId, roles, permissions } = signedIn(principal)
      const own = app.db.reads(scope)
      const [user, session, tenants] = await Promise.all([
        getProfile(own, userId),
        getSessionTimes(own, sessionId),
        listTenantsOf(app.db.reads({ ...scope, system: true }), userId),
      ])
      return {
        user,
        tenantId: tenantId ?? null,
        tenants,
        roles: [...roles],
        permissions: [...permissions],
        session,
      }
    },
  }),
  route({
    method: 'GET',
    path: '/tenants',
    allow: 'session',
    summary: 'The tenants that I belong to',
    response: pageOf(TenantOfUser),
    async handle({ principal, scope }, app) {
      const system: Scope = { ...scope, system: true }
      return { items: await listTenantsOf(app.db.reads(system), signedIn(principal).userId), nextCursor: null }
    },
  }),
  route({
    method: 'POST',
    path: '/tenants',
    allow: 'session',
    summary: 'Make a tenant of my own',
    description: 'You become its owner. The session stays where it is: `/auth/switch-tenant` moves it.',
    body: Type.Object({ name: tenantName }),
    refusals: ['accounts.sign_up_closed'],
    response: TenantOfUser,
    status: 201,
    rateLimit: attempts,
    async handle({ body, principal, scope }, app) {
      if (app.config.signUp === 'closed') throw errors.signUpClosed()
      return await createOwnTenant(app, scope, { name: body.name, ownerId: signedIn(principal).userId })
    },
  }),
]

function signedIn(principal: Principal | undefined): Principal {
  if (!principal) throw errors.sessionEnded()
  return principal
}

function reply(status: number, { signedIn, session }: { signedIn: SignedIn; session: NewSession }): Reply<SignedIn> {
  const cookie = { name: sessionCookie, value: session.cookieToken, expires: session.expiresAt }
  return new Reply(status, signedIn, { cookies: [cookie] })
}
