import { Type } from 'typebox'
import { idParams, pageOf, pageQuery, route } from '#platform/http'
import { DomainSkill, listDomainSkills } from './domain-skills.ts'
import {
  createDomain,
  Domain,
  DomainChanges,
  DomainFields,
  deleteDomain,
  getDomain,
  listDomains,
  updateDomain,
} from './domains.ts'
import { listMethods, Methods } from './methods.ts'

const read = 'assignments.domains.read'
const write = 'assignments.domains.write'

export const domainRoutes = [
  route({
    method: 'GET',
    path: '/assignment-methods',
    allow: read,
    summary: 'List the strategies by which rounds are planned, and the rules that they are held against',
    response: Methods,
    handle: async () => listMethods(),
  }),
  route({
    method: 'GET',
    path: '/assignment-domains',
    allow: read,
    summary: 'List the domains in which your workspace assigns people',
    query: Type.Object({ ...pageQuery, isActive: Type.Optional(Type.Boolean()) }),
    response: pageOf(Domain),
    handle: ({ query, scope }, app) => listDomains(app.db.reads(scope), query),
  }),
  route({
    method: 'POST',
    path: '/assignment-domains',
    allow: write,
    summary: 'Make a domain',
    body: DomainFields,
    refusals: ['assignments.domain_name_taken', 'assignments.rule_parameters'],
    status: 201,
    etag: true,
    response: Domain,
    handle: ({ body, scope }, app) => app.db.transaction(scope, tx => createDomain(tx, body)),
  }),
  route({
    method: 'GET',
    path: '/assignment-domains/{id}',
    allow: read,
    summary: 'Get a domain with its words, configuration and rules',
    params: idParams,
    response: Domain,
    handle: ({ params, scope }, app) => getDomain(app.db.reads(scope), params.id),
  }),
  route({
    method: 'PATCH',
    path: '/assignment-domains/{id}',
    allow: write,
    summary: 'Change a domain',
    description: 'Only what is sent changes; `configuration` and `businessRules` as a whole.',
    params: idParams,
    body: DomainChanges,
    refusals: ['assignments.domain_name_taken', 'assignments.rule_parameters'],
    conditional: true,
    response: Domain,
    handle: ({ params, body, ifMatch, scope }, app) =>
      app.db.transaction(scope, tx => updateDomain(tx, params.id, body, ifMatch)),
  }),
  route({
    method: 'GET',
    path: '/assignment-domains/{id}/skills',
    allow: 'assignments.participants.read',
    summary: 'List the skills that people have in a domain, or targets ask for',
    params: idParams,
    response: Type.Object({ items: Type.Array(DomainSkill) }),
    handle: async ({ params, scope }, app) => ({ items: await listDomainSkills(app.db.reads(scope), params.id) }),
  }),
  route({
    method: 'DELETE',
    path: '/assignment-domains/{id}',
    allow: write,
    summary: 'Delete a domain that has nothing',
    params: idParams,
    refusals: ['assignments.domain_in_use'],
    status: 204,
    response: Type.Null(),
    async handle({ params, scope }, app) {
      await deleteDomain(app.db.scoped(scope), params.id)
      return null
    },
  }),
]
