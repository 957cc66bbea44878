import { Type } from 'typebox'
import { route } from '#platform/http'
import { getSecurityPolicy, SecurityPolicy } from '#platform/tenancy'
import { changeSecurityPolicy, PolicyPreview, previewSecurityPolicy } from './policies.ts'

export const policyRoutes = [
  route({
    method: 'GET',
    path: '/tenant/security-policy',
    allow: 'tenancy.security.read',
    summary: 'How sessions, second factors and addresses are held here',
    response: SecurityPolicy,
    etag: true,
    async handle({ scope }, app) {
      return await getSecurityPolicy(app.db.reads(scope))
    },
  }),
  route({
    method: 'PUT',
    path: '/tenant/security-policy',
    allow: 'tenancy.security.write',
    summary: 'Set how sessions, second factors and addresses are held here',
    description:
      'Holds from the next request on, of every member. Refused where it would shut out who sets it, unless `confirmed` is true: from his own address, or without a second factor, he could not take it back. Whoever is no owner may not refuse the addresses from which owners worked last.',
    body: Type.Object({
      ...SecurityPolicy.properties,
      confirmed: Type.Optional(Type.Boolean({ description: 'That you mean it, although it shuts you out' })),
    }),
    response: SecurityPolicy,
    refusals: [
      'tenancy.policy_unfit',
      'access.role_unknown',
      'accounts.policy_shuts_out',
      'accounts.policy_shuts_owners_out',
    ],
    fresh: true,
    conditional: true,
    etag: true,
    async handle({ body: { confirmed = false, ...policy }, ifMatch, principal, scope }, app) {
      return await changeSecurityPolicy(app, scope, principal, { policy, confirmed, ifMatch })
    },
  }),
  route({
    method: 'POST',
    path: '/tenant/security-policy/preview',
    allow: 'tenancy.security.write',
    summary: 'Whom a policy would affect',
    description: 'Changes nothing. What members do in other tenants is not looked at.',
    body: SecurityPolicy,
    response: PolicyPreview,
    refusals: ['tenancy.policy_unfit', 'access.role_unknown'],
    rateLimit: 120,
    async handle({ body, principal, scope }, app) {
      return await previewSecurityPolicy(app, scope, principal, body)
    },
  }),
]
