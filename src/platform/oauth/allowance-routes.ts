import { Type } from 'typebox'
import { idParams, pageOf, pageQuery, Reply, requireOwnSignInFor, route, uuid } from '#platform/http'
import { changeAndAnnounce } from '#platform/identity'
import {
  AllowedApplication,
  AllowingPerson,
  KnownApplication,
  listAllowedApplications,
  listAllowingPeople,
  listKnownApplications,
  requireKnownClient,
  revokeAllAllowances,
  revokeAllowance,
} from './allowances.ts'

const read = 'oauth.clients.read'
const write = 'oauth.clients.write'
const notFound = 'oauth.client_not_found'
const nothing = 'oauth.allowance_not_found'

export const allowanceRoutes = [
  route({
    method: 'GET',
    path: '/me/applications',
    allow: 'session',
    summary: 'List the applications that I allowed something, in all my tenants',
    description: 'Who came through the identity provider of a workspace sees those of that workspace.',
    response: Type.Object({ items: Type.Array(AllowedApplication) }),
    async handle({ principal }, app) {
      const all = await listAllowedApplications(app.db.reads({ system: true }), principal.userId)
      const { provider } = principal
      return { items: provider ? all.filter(({ tenant }) => tenant.id === provider.tenantId) : all }
    },
  }),
  route({
    method: 'DELETE',
    path: '/me/applications/{tenantId}/{id}',
    allow: 'session',
    summary: 'Take back what I allowed an application in a tenant',
    description: 'All its tokens that act for me there end at once, and it has to ask me again.',
    params: Type.Object({ tenantId: uuid, id: uuid }),
    refusals: [nothing, 'http.own_sign_in_required'],
    response: Type.Null(),
    status: 204,
    async handle({ params: { tenantId, id }, principal, scope }, app) {
      const { userId } = principal
      requireOwnSignInFor(principal, tenantId)
      await changeAndAnnounce(app, { ...scope, tenantId }, tx => revokeAllowance(tx, { userId, clientId: id }))
      return new Reply(204, null)
    },
  }),
  route({
    method: 'GET',
    path: '/oauth/known-applications',
    allow: read,
    summary: 'List the applications of the installation, which every tenant knows',
    response: Type.Object({ items: Type.Array(KnownApplication) }),
    async handle({ scope }, app) {
      return { items: await listKnownApplications(app.db.reads(scope)) }
    },
  }),
  route({
    method: 'GET',
    path: '/oauth/clients/{id}/people',
    allow: read,
    summary: 'List who allowed an application something here, the newest first',
    description: 'Of one of the workspace, or of the installation.',
    params: idParams,
    query: Type.Object(pageQuery),
    refusals: [notFound],
    response: pageOf(AllowingPerson),
    async handle({ params, query, scope }, app) {
      const tx = app.db.reads(scope)
      await requireKnownClient(tx, params.id)
      return await listAllowingPeople(tx, params.id, query)
    },
  }),
  route({
    method: 'DELETE',
    path: '/oauth/clients/{id}/people',
    allow: write,
    fresh: true,
    summary: 'Take back what everybody here allowed an application',
    params: idParams,
    refusals: [notFound],
    response: Type.Object({ people: Type.Integer() }),
    async handle({ params, scope }, app) {
      return await changeAndAnnounce(app, scope, async tx => {
        await requireKnownClient(tx, params.id)
        return { people: await revokeAllAllowances(tx, params.id) }
      })
    },
  }),
  route({
    method: 'DELETE',
    path: '/oauth/clients/{id}/people/{userId}',
    allow: write,
    fresh: true,
    summary: 'Take back what somebody here allowed an application',
    params: Type.Object({ id: uuid, userId: uuid }),
    refusals: [notFound, nothing],
    response: Type.Null(),
    status: 204,
    async handle({ params: { id, userId }, scope }, app) {
      await changeAndAnnounce(app, scope, async tx => {
        await requireKnownClient(tx, id)
        await revokeAllowance(tx, { userId, clientId: id })
      })
      return new Reply(204, null)
    },
  }),
]
