import { Type } from 'typebox'
import { idParams, nullable, oneOf, pageOf, pageQuery, route } from '#platform/http'
import { ListedTenant, listTenants, operatorsStatuses, TenantFilters } from '#platform/tenancy'
import { email, templateName, tenantName } from './inputs.ts'
import {
  allowFeatures,
  createTenantFor,
  getTenantDetails,
  setTenantStatus,
  TenantDetails,
} from './installation-tenants.ts'

const reason = Type.String({
  minLength: 1,
  maxLength: 500,
  pattern: '\\S',
  description: 'The owners are told it, and it stands in the history',
})

/** For the operators of an installation: everybody's tenants. */
export const installationRoutes = [
  route({
    method: 'GET',
    path: '/installation/tenants',
    allow: 'tenancy.tenants.read',
    summary: 'List the tenants of this installation, newest first',
    query: Type.Object({ ...TenantFilters, ...pageQuery }),
    response: pageOf(ListedTenant),
    async handle({ query: { limit, cursor, ...filters } }, app) {
      return await app.db.transaction({ system: true }, tx => listTenants(tx, filters, { limit, cursor }))
    },
  }),
  route({
    method: 'POST',
    path: '/installation/tenants',
    allow: 'tenancy.tenants.manage',
    fresh: true,
    summary: 'Create a tenant for somebody',
    description: 'Its owner has an account already; he is told by mail.',
    body: Type.Object({
      name: tenantName,
      ownerEmail: email,
      template: templateName,
      databaseUrl: Type.Optional(
        Type.String({
          pattern: '^postgres(ql)?://',
          maxLength: 2_000,
          description:
            'Where it has its application data, if not in the main database: the URL of an administrator there; kept encrypted',
        }),
      ),
    }),
    refusals: [
      'tenancy.database_unfit',
      'tenancy.database_away',
      'accounts.account_unknown',
      'tenancy.template_unknown',
      'identity.email_invalid',
    ],
    response: TenantDetails,
    status: 201,
    async handle({ body, scope }, app) {
      return await createTenantFor(app, scope, body)
    },
  }),
  route({
    method: 'GET',
    path: '/installation/tenants/{id}',
    allow: 'tenancy.tenants.read',
    summary: 'Get a tenant of this installation',
    params: idParams,
    refusals: ['tenancy.tenant_not_found'],
    response: TenantDetails,
    async handle({ params }, app) {
      return await getTenantDetails(app, params.id)
    },
  }),
  route({
    method: 'POST',
    path: '/installation/tenants/{id}/status',
    allow: 'tenancy.tenants.manage',
    fresh: true,
    summary: 'Suspend a tenant, or open it again',
    description:
      'While it is suspended nobody enters it, in whatever way; its data stays as it is. Its owners are told by mail, with the reason.',
    params: idParams,
    body: Type.Object({ status: oneOf(operatorsStatuses), reason }),
    refusals: ['tenancy.tenant_not_found', 'tenancy.status_unchanged', 'tenancy.status_refused'],
    response: TenantDetails,
    async handle({ params, body, scope }, app) {
      return await setTenantStatus(app, scope, { id: params.id, status: body.status, reason: body.reason.trim() })
    },
  }),
  route({
    method: 'PATCH',
    path: '/installation/tenants/{id}/features',
    allow: 'tenancy.tenants.manage',
    summary: 'Say which features a tenant may have',
    description: 'By name: false takes one away, true gives it, null leaves it as it is declared.',
    params: idParams,
    body: Type.Object({ features: Type.Record(Type.String({ maxLength: 100 }), nullable(Type.Boolean())) }),
    refusals: ['tenancy.tenant_not_found', 'tenancy.feature_unknown'],
    response: TenantDetails,
    async handle({ params, body, scope }, app) {
      return await allowFeatures(app, scope, params.id, body.features)
    },
  }),
]
