import { Type } from 'typebox'
import { idParams, Reply, route, uuid } from '#platform/http'
import { listOwners, markOwner, Owner } from './break-glass.ts'
import { checkProvider, ProviderCheck } from './provider-checks.ts'
import {
  changeProvider,
  createProvider,
  deleteProvider,
  getProvider,
  IdentityProvider,
  listProviders,
  NewProvider,
  ProviderChange,
} from './providers.ts'

const read = 'federation.providers.read'
const write = 'federation.providers.write'
const notFound = 'federation.provider_not_found'

/** AG-04: the identity providers of a workspace. */
export const providerRoutes = [
  route({
    method: 'GET',
    path: '/federation/providers',
    allow: read,
    summary: 'List the identity providers',
    response: Type.Object({ items: Type.Array(IdentityProvider) }),
    async handle({ scope }, app) {
      return { items: await listProviders(app, app.db.reads(scope)) }
    },
  }),
  route({
    method: 'POST',
    path: '/federation/providers',
    allow: write,
    fresh: true,
    summary: 'Set up an identity provider',
    description:
      'Pins its issuer, from its address or from what its product is told apart by. Register `redirectUri` there, then give the client id and the client secret by PATCH, check it and switch it on.',
    body: NewProvider,
    refusals: [
      'federation.issuer_invalid',
      'federation.issuer_of_many',
      'federation.provider_name_taken',
      'federation.providers_too_many',
    ],
    response: IdentityProvider,
    status: 201,
    async handle({ body, scope }, app) {
      return await createProvider(app, scope, body)
    },
  }),
  route({
    method: 'GET',
    path: '/federation/providers/{id}',
    allow: read,
    summary: 'Get an identity provider',
    params: idParams,
    refusals: [notFound],
    response: IdentityProvider,
    async handle({ params, scope }, app) {
      return await getProvider(app, app.db.reads(scope), params.id)
    },
  }),
  route({
    method: 'PATCH',
    path: '/federation/providers/{id}',
    allow: write,
    fresh: true,
    secret: true,
    conditional: true,
    summary: 'Change an identity provider, or switch it on or off',
    description: 'Switching it off ends the sessions that came through it, at once. Its issuer stays what it is.',
    params: idParams,
    body: ProviderChange,
    refusals: [
      notFound,
      'federation.provider_name_taken',
      'federation.provider_known',
      'federation.provider_unregistered',
      'federation.provider_required',
      'federation.domain_unproven',
      'federation.domain_led',
      'access.grant_exceeded',
      'access.owners_only',
    ],
    response: IdentityProvider,
    async handle({ params, body, scope, ifMatch }, app) {
      return await changeProvider(app, scope, params.id, body, ifMatch)
    },
  }),
  route({
    method: 'DELETE',
    path: '/federation/providers/{id}',
    allow: write,
    fresh: true,
    summary: 'Remove an identity provider with its links; the accounts stay',
    params: idParams,
    refusals: [notFound, 'federation.provider_required'],
    response: Type.Null(),
    status: 204,
    async handle({ params, scope }, app) {
      await deleteProvider(app, scope, params.id)
      return new Reply(204, null)
    },
  }),
  route({
    method: 'POST',
    path: '/federation/providers/{id}/check',
    allow: write,
    summary: 'Ask an identity provider about itself, and say what is wrong',
    params: idParams,
    refusals: [notFound],
    response: ProviderCheck,
    rateLimit: 20,
    async handle({ params, scope }, app) {
      return await checkProvider(app, scope, params.id)
    },
  }),
  route({
    method: 'GET',
    path: '/federation/break-glass',
    allow: read,
    summary: 'The owners, and who of them comes in without the provider too',
    response: Type.Object({ items: Type.Array(Owner) }),
    async handle({ scope }, app) {
      return { items: await listOwners(app.db.reads(scope)) }
    },
  }),
  route({
    method: 'PUT',
    path: '/federation/break-glass/{userId}',
    allow: 'tenancy.security.write',
    fresh: true,
    summary: 'Let an owner come in without the provider, or no longer',
    params: Type.Object({ userId: uuid }),
    body: Type.Object({ isBreakGlass: Type.Boolean() }),
    refusals: ['federation.break_glass_owners_only', 'accounts.last_break_glass'],
    response: Type.Object({ items: Type.Array(Owner) }),
    async handle({ params, body, scope }, app) {
      return { items: await markOwner(app, scope, params.userId, body.isBreakGlass) }
    },
  }),
]
