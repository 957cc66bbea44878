import { Type } from 'typebox'
import { idParams, route } from '#platform/http'
import { changeAndAnnounce } from '#platform/identity'
import { addDomain, checkDomain, listDomains, makePrimary, removeDomain, TenantDomain } from './domains.ts'

export const domainRoutes = [
  route({
    method: 'GET',
    path: '/tenant/domains',
    allow: 'tenancy.settings.read',
    summary: 'List the domains of the tenant',
    response: Type.Object({ items: Type.Array(TenantDomain) }),
    async handle({ scope }, app) {
      return { items: await listDomains(app.db.reads(scope)) }
    },
  }),
  route({
    method: 'POST',
    path: '/tenant/domains',
    allow: 'tenancy.settings.write',
    fresh: true,
    summary: 'Add a domain to the tenant',
    description: 'Until it is proven, by the record or the file that the answer names, it does nothing.',
    body: Type.Object({ domain: Type.String({ minLength: 1, maxLength: 300, examples: ['portal.example.com'] }) }),
    refusals: ['tenancy.domain_invalid', 'tenancy.domain_own', 'tenancy.domain_known', 'tenancy.too_many_domains'],
    response: TenantDomain,
    status: 201,
    async handle({ body, scope }, app) {
      return await changeAndAnnounce(app, scope, tx => addDomain(app, tx, body.domain))
    },
  }),
  route({
    method: 'POST',
    path: '/tenant/domains/{id}/check',
    allow: 'tenancy.settings.write',
    summary: 'Look for the proof of a domain',
    params: idParams,
    refusals: ['tenancy.domain_not_found', 'tenancy.domain_taken'],
    response: TenantDomain,
    rateLimit: 10,
    async handle({ params, scope }, app) {
      return await checkDomain(app, scope, params.id)
    },
  }),
  route({
    method: 'PUT',
    path: '/tenant/domains/{id}/primary',
    allow: 'tenancy.settings.write',
    fresh: true,
    summary: 'Let links to the tenant use this domain',
    params: idParams,
    refusals: ['tenancy.domain_not_found', 'tenancy.domain_unproven'],
    response: TenantDomain,
    async handle({ params, scope }, app) {
      return await changeAndAnnounce(app, scope, tx => makePrimary(tx, params.id))
    },
  }),
  route({
    method: 'DELETE',
    path: '/tenant/domains/{id}',
    allow: 'tenancy.settings.write',
    fresh: true,
    summary: 'Give a domain up',
    params: idParams,
    refusals: ['tenancy.domain_not_found'],
    response: Type.Null(),
    status: 204,
    async handle({ params, scope }, app) {
      await changeAndAnnounce(app, scope, tx => removeDomain(tx, params.id))
      return null
    },
  }),
]
