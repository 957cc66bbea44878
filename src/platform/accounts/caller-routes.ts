import { Type } from 'typebox'
import { nullable, oneOf, route, uuid } from '#platform/http'

/** Who a program is taken for. */
export const callerRoutes = [
  route({
    method: 'GET',
    path: '/caller',
    allow: 'caller',
    summary: 'Who this request comes from, and what it may do',
    description: 'By a session or an API key: the first thing to ask with a new key.',
    response: Type.Object({
      credential: oneOf(['session', 'api_key', 'oauth']),
      userId: uuid,
      name: Type.String(),
      tenantId: nullable(uuid),
      roles: Type.Array(Type.String()),
      permissions: Type.Array(Type.String(), { description: 'Within the scopes of the key' }),
    }),
    async handle({ principal }) {
      const { credential, userId, userName, tenantId, roles, permissions } = principal
      return {
        credential,
        userId,
        name: userName,
        tenantId: tenantId ?? null,
        roles: [...roles],
        permissions: [...permissions].toSorted(),
      }
    },
  }),
]
