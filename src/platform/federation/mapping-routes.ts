import { Type } from 'typebox'
import { idParams, pageOf, pageQuery, Reply, route } from '#platform/http'
import { askOwner } from './links.ts'
import {
  deleteMapping,
  disableMapping,
  enableMapping,
  getUserMapping,
  listUserMappings,
  MappingFilters,
  settleConflict,
  UserMapping,
} from './user-mappings.ts'

const read = 'federation.mappings.read'
const write = 'federation.mappings.write'
const notFound = 'federation.mapping_not_found'
const settled = 'federation.mapping_settled'
const grants = ['access.grant_exceeded', 'access.owners_only']

/** AG-05: who somebody of a provider is here. */
export const mappingRoutes = [
  route({
    method: 'GET',
    path: '/federation/user-mappings',
    allow: read,
    summary: 'List who is whom at the identity providers',
    query: Type.Object({ ...pageQuery, ...MappingFilters.properties }),
    response: pageOf(UserMapping),
    async handle({ query, scope }, app) {
      return await listUserMappings(app.db.reads(scope), query)
    },
  }),
  route({
    method: 'GET',
    path: '/federation/user-mappings/{id}',
    allow: read,
    summary: 'Get one link with an identity provider',
    params: idParams,
    refusals: [notFound],
    response: UserMapping,
    async handle({ params, scope }, app) {
      return await getUserMapping(app.db.reads(scope), params.id)
    },
  }),
  route({
    method: 'POST',
    path: '/federation/user-mappings/{id}/disable',
    allow: write,
    fresh: true,
    summary: 'Close this way in; sessions that came by it end at once',
    params: idParams,
    refusals: [notFound],
    response: UserMapping,
    async handle({ params, scope }, app) {
      return await disableMapping(app, scope, params.id)
    },
  }),
  route({
    method: 'POST',
    path: '/federation/user-mappings/{id}/enable',
    allow: write,
    fresh: true,
    summary: 'Open this way in again',
    params: idParams,
    refusals: [notFound, settled, ...grants],
    response: UserMapping,
    async handle({ params, scope }, app) {
      return await enableMapping(app, scope, params.id)
    },
  }),
  route({
    method: 'POST',
    path: '/federation/user-mappings/{id}/settle',
    allow: write,
    fresh: true,
    summary: 'Say that it is the same person, or take him in again',
    description: 'For `address_changed` and `not_a_member`, where it is known whose account it is.',
    params: idParams,
    refusals: [notFound, settled, 'federation.not_a_member', ...grants],
    response: UserMapping,
    async handle({ params, scope }, app) {
      return await settleConflict(app, scope, params.id)
    },
  }),
  route({
    method: 'POST',
    path: '/federation/user-mappings/{id}/confirmation',
    allow: write,
    fresh: true,
    summary: 'Ask the owner of the account by mail whether it is he',
    description: 'For `address_taken`. Nothing is linked before he has confirmed it, signed in by his own way.',
    params: idParams,
    refusals: [notFound, settled],
    response: UserMapping,
    rateLimit: 10,
    async handle({ params, scope }, app) {
      return await askOwner(app, scope, params.id)
    },
  }),
  route({
    method: 'DELETE',
    path: '/federation/user-mappings/{id}',
    allow: write,
    fresh: true,
    summary: 'Forget a link; who comes again by it is new',
    params: idParams,
    refusals: [notFound],
    response: Type.Null(),
    status: 204,
    async handle({ params, scope }, app) {
      await deleteMapping(app, scope, params.id)
      return new Reply(204, null)
    },
  }),
]
