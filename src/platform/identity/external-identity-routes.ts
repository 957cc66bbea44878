import { Type } from 'typebox'
import { idParams, Reply, route } from '#platform/http'
import { ExternalIdentity, listExternalIdentities, unlinkExternalIdentity } from './external-identities.ts'
import { googleCookie, startGoogle } from './google.ts'
import { isGoogleConfigured } from './google-provider.ts'

export const externalIdentityRoutes = [
  route({
    method: 'GET',
    path: '/me/external-identities',
    allow: 'session',
    summary: 'Accounts elsewhere that I can sign in with',
    response: Type.Object({
      items: Type.Array(ExternalIdentity),
      google: Type.Object({
        isConfigured: Type.Boolean({ description: 'Whether one may link a Google account here' }),
      }),
    }),
    async handle({ principal, scope }, app) {
      const system = app.db.reads({ ...scope, system: true })
      return {
        items: await listExternalIdentities(system, principal.userId),
        google: { isConfigured: isGoogleConfigured(app) },
      }
    },
  }),
  route({
    method: 'POST',
    path: '/me/external-identities/google',
    allow: 'session',
    fresh: true,
    secret: true,
    summary: 'Begin to link a Google account',
    description:
      'Send the browser to `url`. It comes back to this session, then to `next`; after a refusal to `/account/security?link_failed=` with its code.',
    body: Type.Object({
      next: Type.Optional(
        Type.String({ maxLength: 500, description: 'A path of this installation', examples: ['/account/security'] }),
      ),
    }),
    refusals: ['identity.google_not_configured', 'identity.google_unavailable'],
    response: Type.Object({ url: Type.String({ description: 'At Google' }) }),
    rateLimit: 30,
    async handle({ body, principal, scope }, app) {
      const { userId, sessionId } = principal
      const system = app.db.scoped({ ...scope, system: true })
      const begun = await startGoogle(app, system, { purpose: 'link', userId, sessionId, next: body.next })
      const cookie = { name: googleCookie, value: begun.cookieValue, expires: begun.expires }
      return new Reply(200, { url: begun.url }, { cookies: [cookie] })
    },
  }),
  route({
    method: 'DELETE',
    path: '/me/external-identities/{id}',
    allow: 'session',
    fresh: true,
    summary: 'Unlink an account elsewhere',
    description: 'The last way into an account stays.',
    params: idParams,
    refusals: ['identity.external_identity_not_found', 'identity.last_way_in'],
    response: Type.Null(),
    status: 204,
    async handle({ params: { id }, principal, scope }, app) {
      const { userId } = principal
      await app.db.transaction({ ...scope, system: true }, tx => unlinkExternalIdentity(app, tx, userId, id))
      return null
    },
  }),
]
