import { Type } from 'typebox'
import { idParams, Reply, route, uuid } from '#platform/http'
import { confirmLink, getLinkOffer, LinkOffer, listLinkable, listOwnLinks, OwnLink, unlinkOwn } from './links.ts'
import { begin, next } from './sign-in-routes.ts'
import { startSignIn } from './sign-ins.ts'

const token = Type.String({ minLength: 1, maxLength: 200 })

/** What a person does with the providers that are linked to his own account. */
export const linkRoutes = [
  route({
    method: 'GET',
    path: '/me/provider-links',
    allow: 'session',
    summary: 'Identity providers that I can come in by, and those that I can link',
    description: 'Who came through the identity provider of a workspace sees those of that workspace.',
    response: Type.Object({
      items: Type.Array(OwnLink),
      linkable: Type.Array(Type.Object({ id: uuid, name: Type.String() }), {
        description: 'Of the workspace that I work in',
      }),
    }),
    async handle({ principal, scope }, app) {
      const system = app.db.reads({ ...scope, system: true })
      const { tenantId, userId, provider } = principal
      const links = await listOwnLinks(system, userId)
      return {
        items: provider ? links.filter(link => link.tenantId === provider.tenantId) : links,
        linkable: tenantId === undefined ? [] : await listLinkable(system, tenantId, userId),
      }
    },
  }),
  route({
    method: 'POST',
    path: '/me/provider-links',
    allow: 'session',
    fresh: true,
    secret: true,
    summary: 'Begin to link an identity provider of the workspace that I work in',
    description:
      'Send the browser to `url`. It comes back to this session, then to `next`; after a refusal to `/account/security?link_failed=` with its code.',
    body: Type.Object({ providerId: uuid, next }),
    refusals: [
      'federation.provider_not_found',
      'federation.provider_unregistered',
      'federation.provider_inactive',
      'federation.unavailable',
      'http.own_sign_in_required',
    ],
    response: Type.Object({ url: Type.String({ description: 'At the provider' }) }),
    rateLimit: 30,
    async handle({ body, principal, scope }, app) {
      const { userId, sessionId, tenantId } = principal
      const purpose = 'link'
      const wanted = { tenantId: tenantId ?? '00000000-0000-0000-0000-000000000000', providerId: body.providerId }
      const system = app.db.scoped({ ...scope, system: true })
      return begin(await startSignIn(app, system, { ...wanted, purpose, userId, sessionId, next: body.next }))
    },
  }),
  route({
    method: 'DELETE',
    path: '/me/provider-links/{id}',
    allow: 'session',
    fresh: true,
    summary: 'Unlink an identity provider from my account',
    description: 'What came through it ends at once. The next time the provider vouches for me I am asked anew.',
    params: idParams,
    refusals: ['federation.mapping_not_found', 'http.own_sign_in_required'],
    response: Type.Null(),
    status: 204,
    async handle({ params, principal, scope }, app) {
      await unlinkOwn(app, scope, principal.userId, params.id)
      return new Reply(204, null)
    },
  }),
  route({
    method: 'POST',
    path: '/me/provider-links/offer',
    allow: 'session',
    summary: 'What the link in a mail asks me to confirm',
    body: Type.Object({ token }),
    refusals: ['federation.link_invalid'],
    response: LinkOffer,
    rateLimit: 30,
    async handle({ body, principal }, app) {
      return await getLinkOffer(app, principal.userId, body.token)
    },
  }),
  route({
    method: 'POST',
    path: '/me/provider-links/confirmation',
    allow: 'session',
    fresh: true,
    summary: 'Confirm that somebody of an identity provider is me',
    body: Type.Object({ token }),
    refusals: ['federation.link_invalid', 'federation.user_linked', 'http.own_sign_in_required'],
    response: Type.Null(),
    status: 204,
    rateLimit: 30,
    async handle({ body, principal, scope }, app) {
      await confirmLink(app, scope, principal.userId, body.token)
      return new Reply(204, null)
    },
  }),
]
