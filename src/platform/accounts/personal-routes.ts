import type { Readable } from 'node:stream'
import { Type } from 'typebox'
import { idParams, nullable, pageOf, Reply, route, sessionCookie } from '#platform/http'
import { deleteOwnAccount } from './deletions.ts'
import { exportPersonalData } from './exports.ts'
import { refusedEmails } from './inputs.ts'
import { listTenantsOf, TenantOfUser } from './tenants-of-users.ts'

/** One's own data: taking them along, and leaving. */
export const personalRoutes = [
  route({
    method: 'GET',
    path: '/me/export',
    allow: 'session',
    fresh: true,
    summary: 'All data about me',
    description:
      'One JSON document to be saved: my rows in every table about people, in each of my tenants, my mails (which, not what they said) and what the log has of me; without hashes, keys and tokens.',
    response: Type.Unsafe<Readable>({ type: 'object', additionalProperties: true }),
    rateLimit: 10,
    async handle({ principal, scope }, app) {
      const day = app.clock.now().toISOString().slice(0, 10)
      return new Reply(200, await exportPersonalData(app, scope, principal.userId), {
        headers: {
          'content-type': 'application/json; charset=utf-8',
          'content-disposition': `attachment; filename="commonhold-my-data-${day}.json"`,
        },
      })
    },
  }),
  route({
    method: 'POST',
    path: '/me/deletion',
    allow: 'session',
    fresh: true,
    summary: 'Delete my account',
    description:
      'Ends all sessions. An operator can bring the account back within 90 days, then it is erased with all that hangs on it.',
    body: Type.Object({
      email: Type.String({ minLength: 1, maxLength: 255, description: 'The address of the account, typed once more' }),
      reason: Type.Optional(nullable(Type.String({ maxLength: 500 }))),
    }),
    response: Type.Null(),
    status: 204,
    refusals: ['accounts.address_mistyped', 'accounts.owner_missing', 'identity.last_operator', ...refusedEmails],
    rateLimit: 10,
    async handle({ body, principal, scope }, app) {
      const reason = body.reason?.trim() || null
      await deleteOwnAccount(app, scope, { userId: principal.userId, email: body.email, reason })
      return new Reply(204, null, { cookies: [{ name: sessionCookie, value: undefined }] })
    },
  }),
  route({
    method: 'GET',
    path: '/users/{id}/tenants',
    allow: 'identity.users.read',
    summary: 'List the tenants of an account',
    params: idParams,
    response: pageOf(TenantOfUser),
    async handle({ params, scope }, app) {
      const system = app.db.reads({ ...scope, tenantId: undefined, system: true })
      return { items: await listTenantsOf(system, params.id), nextCursor: null }
    },
  }),
]
