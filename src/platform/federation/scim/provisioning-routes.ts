import { Type } from 'typebox'
import { longestOverlapHours } from '#platform/access'
import { dateTime, idParams, pageOf, pageQuery, Reply, route, uuid } from '#platform/http'
import {
  createScimToken,
  getProvisioning,
  NewScimToken,
  Provisioning,
  revokeScimToken,
  rotateScimToken,
  tokenDays,
} from './provisionings.ts'
import { listScimRequests, ScimRequest } from './requests.ts'

const read = 'federation.providers.read'
const write = 'federation.providers.write'
const notFound = 'federation.scim_provider_not_found'
const tokenParams = Type.Object({ id: uuid, tokenId: uuid })

/** How a workspace looks after the directory of an identity provider. */
export const provisioningRoutes = [
  route({
    method: 'GET',
    path: '/federation/providers/{id}/provisioning',
    allow: read,
    summary: 'How provisioning by SCIM does',
    params: idParams,
    refusals: [notFound],
    response: Provisioning,
    etag: false,
    async handle({ params, scope }, app) {
      return await getProvisioning(app, app.db.reads(scope), params.id)
    },
  }),
  route({
    method: 'GET',
    path: '/federation/providers/{id}/provisioning/requests',
    allow: read,
    summary: 'What the directory asked last',
    params: idParams,
    query: Type.Object({
      ...pageQuery,
      refused: Type.Optional(
        Type.Boolean({ description: 'Only those that were refused, or only those that were not' }),
      ),
    }),
    response: pageOf(ScimRequest),
    async handle({ params, query: { limit, cursor, refused }, scope }, app) {
      return await listScimRequests(app.db.reads(scope), params.id, { refused }, { limit, cursor })
    },
  }),
  route({
    method: 'POST',
    path: '/federation/providers/{id}/provisioning/tokens',
    allow: write,
    fresh: true,
    secret: true,
    summary: 'Make a token for the directory',
    description: `It is shown this once, and expires within ${tokenDays} days. Who makes it holds all that the provider’s groups give.`,
    params: idParams,
    body: Type.Object({ expiresAt: dateTime }),
    refusals: [notFound, 'federation.scim_token_expiry_invalid', 'access.grant_exceeded', 'access.owners_only'],
    response: NewScimToken,
    status: 201,
    async handle({ params, body, scope }, app) {
      return await createScimToken(app, scope, params.id, body.expiresAt)
    },
  }),
  route({
    method: 'POST',
    path: '/federation/providers/{id}/provisioning/tokens/{tokenId}/rotation',
    allow: write,
    fresh: true,
    secret: true,
    summary: 'Replace a token of the directory',
    params: tokenParams,
    body: Type.Object({
      overlapHours: Type.Integer({
        minimum: 0,
        maximum: longestOverlapHours,
        default: 24,
        description: 'How long the old token works beside the new one',
      }),
    }),
    refusals: [
      'federation.scim_token_not_found',
      'access.api_key_not_found',
      'access.api_key_ended',
      'access.grant_exceeded',
      'access.owners_only',
    ],
    response: NewScimToken,
    status: 201,
    async handle({ params, body, scope }, app) {
      return await rotateScimToken(app, scope, params.id, params.tokenId, body.overlapHours)
    },
  }),
  route({
    method: 'DELETE',
    path: '/federation/providers/{id}/provisioning/tokens/{tokenId}',
    allow: write,
    fresh: true,
    summary: 'Revoke a token of the directory',
    params: tokenParams,
    refusals: ['federation.scim_token_not_found', 'access.api_key_not_found'],
    response: Type.Null(),
    status: 204,
    async handle({ params, scope }, app) {
      await revokeScimToken(app, scope, params.id, params.tokenId)
      return new Reply(204, null)
    },
  }),
]
