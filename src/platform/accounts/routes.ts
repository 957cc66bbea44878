import { type Static, Type } from 'typebox'
import type { Scope } from '#platform/database'
import {
  type ClosedTenant,
  nullable,
  pageOf,
  Reply,
  requireOwnSignIn,
  route,
  sessionCookie,
  timestamp,
  uuid,
} from '#platform/http'
import { getProfile, getSessionTimes, Profile, SessionTimes } from '#platform/identity'
import { SignedIn } from './admissions.ts'
import { errors } from './errors.ts'
import { attempts, templateName, tenantName } from './inputs.ts'
import { askedTenantOf } from './replies.ts'
import { refresh, signOut, switchTenant } from './sessions.ts'
import { signInRoutes } from './sign-in-routes.ts'
import { signUpRoutes } from './sign-up-routes.ts'
import { createOwnTenant } from './sign-ups.ts'
import { listTenantsOf, TenantOfUser, withinReach } from './tenants-of-users.ts'

const Closed = Type.Object({
  tenantId: uuid,
  tenantName: Type.String(),
  code: Type.String({ description: 'Of the refusal that a request gets which names the tenant' }),
  detail: Type.String(),
})

const SecondFactorGrace = Type.Object({
  loginsLeft: Type.Integer({ description: 'Further sign-ins without a second factor' }),
  endsAt: timestamp,
})

const Me = Type.Object({
  user: Profile,
  tenantId: nullable(uuid),
  closed: Type.Unsafe<Static<typeof Closed> | null>({
    ...nullable(Closed),
    description: 'The tenant that the session works in, where it is not open to it now, and why',
  }),
  secondFactorGrace: Type.Unsafe<Static<typeof SecondFactorGrace> | null>({
    ...nullable(SecondFactorGrace),
    description: 'How long one may go on without a second factor where the tenant wants one; what ends first counts',
  }),
  tenants: Type.Array(TenantOfUser),
  roles: Type.Array(Type.String()),
  permissions: Type.Array(Type.String()),
  session: SessionTimes,
})

const refusedByPolicy = [
  'accounts.address_refused',
  'accounts.second_factor_required',
  'accounts.second_factor_unconfirmed',
]

export const accountsRoutes = [
  ...signUpRoutes,
  ...signInRoutes,
  route({
    method: 'POST',
    path: '/auth/refresh',
    allow: 'public',
    summary: 'Exchange a refresh token',
    description:
      'The token is used up. Used again, it ends the session: a copy of it must be about. Works in the tenant of `X-Tenant-Id`, else in the session’s own.',
    body: Type.Object({ refreshToken: Type.String({ minLength: 1, maxLength: 200 }) }),
    refusals: ['identity.refresh_refused', ...refusedByPolicy],
    response: SignedIn,
    rateLimit: 120,
    async handle(request, app) {
      return await refresh(app, request.scope, request.body.refreshToken, askedTenantOf(request))
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
      await signOut(app, scope, principal.sessionId)
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
    refusals: ['accounts.not_a_member', 'accounts.tenant_suspended', ...refusedByPolicy],
    response: Type.Object({
      accessToken: Type.String(),
      expiresIn: Type.Integer(),
      tenants: Type.Array(TenantOfUser),
      tenantId: uuid,
    }),
    async handle({ body, principal, scope }, app) {
      return await switchTenant(app, scope, principal, body.tenantId)
    },
  }),
  route({
    method: 'GET',
    path: '/me',
    allow: 'session',
    summary: 'Who am I, where, and what may I do',
    response: Me,
    async handle({ principal, scope }, app) {
      const { sessionId, userId, tenantId, roles, permissions, provider, closed, secondFactorGrace } = principal
      const own = app.db.reads(scope)
      const [user, session, tenants] = await Promise.all([
        getProfile(own, userId),
        getSessionTimes(own, sessionId),
        listTenantsOf(app.db.reads({ ...scope, system: true }), userId),
      ])
      return {
        user,
        tenantId: tenantId ?? null,
        closed: closed ? describeClosed(closed) : null,
        secondFactorGrace: secondFactorGrace ?? null,
        tenants: withinReach(tenants, provider),
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
    description: 'Who came through the identity provider of a tenant sees that one alone.',
    response: pageOf(TenantOfUser),
    async handle({ principal, scope }, app) {
      const system: Scope = { ...scope, system: true }
      const tenants = await listTenantsOf(app.db.reads(system), principal.userId)
      return { items: withinReach(tenants, principal.provider), nextCursor: null }
    },
  }),
  route({
    method: 'POST',
    path: '/tenants',
    allow: 'session',
    summary: 'Make a tenant of my own',
    description: 'You become its owner. The session stays where it is: `/auth/switch-tenant` moves it.',
    body: Type.Object({ name: tenantName, template: templateName }),
    refusals: ['accounts.sign_up_closed', 'tenancy.template_unknown', 'http.own_sign_in_required'],
    response: TenantOfUser,
    status: 201,
    rateLimit: attempts,
    async handle({ body, principal, scope }, app) {
      if (app.config.signUp === 'closed') throw errors.signUpClosed()
      requireOwnSignIn(principal)
      return await createOwnTenant(app, scope, { ...body, ownerId: principal.userId })
    },
  }),
]

function describeClosed({ tenantId, tenantName, refusal }: ClosedTenant): Static<typeof Closed> {
  return { tenantId, tenantName, code: refusal.code, detail: refusal.message }
}
