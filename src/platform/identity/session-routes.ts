import { Type } from 'typebox'
import type { App } from '#platform/app.ts'
import { recordEvent } from '#platform/audit'
import type { Queryable, Scope } from '#platform/database'
import { idParams, oneOf, pageOf, pageQuery, Reply, requireOwnSignIn, route, sessionCookie } from '#platform/http'
import { forgetDevice, KnownDevice, listDevices } from './devices.ts'
import { countLoginsByMonth, Login, LoginMonth, listLogins } from './login-histories.ts'
import { announceRevocation } from './revocations.ts'
import { endSession, listSessions, OwnSession, revokeSessionsOf } from './sessions.ts'

export const sessionRoutes = [
  route({
    method: 'GET',
    path: '/me/sessions',
    allow: 'session',
    summary: 'Where I am signed in',
    description: 'Living sessions, this one first, then the last used; 200 at most.',
    response: Type.Object({ items: Type.Array(OwnSession) }),
    async handle({ principal, scope }, app) {
      return { items: await listSessions(app, app.db.reads(scope), principal) }
    },
  }),
  route({
    method: 'DELETE',
    path: '/me/sessions/{id}',
    allow: 'session',
    summary: 'Sign a device out',
    description:
      'Its cookie, access tokens and refresh tokens are refused from the next request on. Who came through an identity provider ends this session alone.',
    params: idParams,
    refusals: ['identity.session_not_found', 'http.own_sign_in_required'],
    response: Type.Null(),
    status: 204,
    async handle({ params: { id }, principal, scope }, app) {
      const { userId, sessionId } = principal
      if (id !== sessionId) requireOwnSignIn(principal)
      await change(app, scope, async tx => {
        await endSession(tx, userId, id, 'signed out elsewhere')
        await recordEvent(tx, { action: 'end_session', resource: 'identity.user_sessions', resourceId: id })
      })
      const cookies = id === sessionId ? [{ name: sessionCookie, value: undefined }] : []
      return new Reply(204, null, { cookies })
    },
  }),
  route({
    method: 'DELETE',
    path: '/me/sessions',
    allow: 'session',
    summary: 'Sign all other devices out',
    description: 'Where I came through an identity provider: those that came through it.',
    response: Type.Object({ ended: Type.Integer({ description: 'How many sessions there were' }) }),
    async handle({ principal, scope }, app) {
      const { userId, sessionId } = principal
      return await change(app, scope, async tx => {
        const ended = await revokeSessionsOf(tx, userId, 'signed out elsewhere', sessionId, principal.provider?.id)
        const event = { action: 'end_other_sessions', resource: 'identity.users', resourceId: userId }
        await recordEvent(tx, { ...event, details: { ended } })
        return { ended }
      })
    },
  }),
  route({
    method: 'GET',
    path: '/me/devices',
    allow: 'session',
    summary: 'Devices that I have signed in with',
    description: 'The last used first; 100 at most.',
    response: Type.Object({ items: Type.Array(KnownDevice) }),
    async handle({ principal, scope }, app) {
      return { items: await listDevices(app, app.db.reads(scope), principal) }
    },
  }),
  route({
    method: 'DELETE',
    path: '/me/devices/{id}',
    allow: 'session',
    summary: 'Forget a device',
    description: 'It needs the second factor again. Sessions on it stay.',
    params: idParams,
    refusals: ['identity.device_not_found', 'http.own_sign_in_required'],
    response: Type.Null(),
    status: 204,
    async handle({ params: { id }, principal, scope }, app) {
      requireOwnSignIn(principal)
      const { userId } = principal
      await change(app, scope, async tx => {
        await forgetDevice(tx, userId, id)
        await recordEvent(tx, { action: 'forget_device', resource: 'identity.user_devices', resourceId: id })
      })
      return new Reply(204, null)
    },
  }),
  route({
    method: 'GET',
    path: '/me/logins',
    allow: 'session',
    summary: 'Sign-ins to my account, newest first',
    description: 'Those that failed too, with the reason.',
    query: Type.Object({ status: Type.Optional(oneOf(['success', 'failed'])), ...pageQuery }),
    response: pageOf(Login),
    async handle({ query, principal, scope }, app) {
      return await listLogins(app.db.reads(scope), principal.userId, query)
    },
  }),
  route({
    method: 'GET',
    path: '/me/logins/by-month',
    allow: 'session',
    summary: 'How often sign-ins to my account succeeded and failed',
    description: 'The last twelve months of my own calendar (time zone of the profile), the oldest first.',
    response: Type.Object({ items: Type.Array(LoginMonth) }),
    async handle({ principal, scope }, app) {
      const { userId } = principal
      return { items: await countLoginsByMonth(app.db.reads(scope), userId, app.clock.now()) }
    },
  }),
]

/** Commits, then lets this process ask the database again: what has ended is refused at the next request. */
async function change<T>(app: App, scope: Scope, work: (tx: Queryable) => Promise<T>): Promise<T> {
  const answer = await app.db.transaction({ ...scope, system: true }, work)
  announceRevocation(app)
  return answer
}
