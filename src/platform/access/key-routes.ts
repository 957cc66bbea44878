import { Type } from 'typebox'
import { leaveSystemScope, type Queryable } from '#platform/database'
import { idParams, pageOf, pageQuery, Reply, route, uuid } from '#platform/http'
import { changeAndAnnounce } from '#platform/identity'
import { lockTenant } from '#platform/tenancy'
import {
  ApiKey,
  ApiKeyWish,
  createApiKey,
  getApiKey,
  listApiKeys,
  longestOverlapHours,
  NewApiKey,
  personalKeyDays,
  revokeApiKey,
  rotateApiKey,
} from './api-keys.ts'
import { requireMemberWithin, setRolesOf } from './grants.ts'
import { keyErrors as errors } from './key-errors.ts'
import {
  createServiceAccount,
  deleteServiceAccount,
  describeServiceAccount,
  getServiceAccount,
  getServiceMembership,
  listServiceAccounts,
  ServiceAccount,
  serviceAccountFields,
} from './service-accounts.ts'

const read = 'access.service_accounts.read'
const write = 'access.service_accounts.write'
const personal = 'access.personal_keys.write'

const Overlap = Type.Object({
  overlapHours: Type.Integer({
    minimum: 0,
    maximum: longestOverlapHours,
    default: 24,
    description: 'How long the old key works beside the new one',
  }),
})
const roleIds = Type.Array(uuid, { maxItems: 20, uniqueItems: true })

export const keyRoutes = [
  route({
    method: 'GET',
    path: '/service-accounts',
    allow: read,
    summary: 'List the service accounts',
    response: Type.Object({ items: Type.Array(ServiceAccount) }),
    async handle({ scope }, app) {
      return { items: await listServiceAccounts(app.db.reads(scope)) }
    },
  }),
  route({
    method: 'GET',
    path: '/service-accounts/{id}',
    allow: read,
    summary: 'Get a service account',
    params: idParams,
    refusals: ['access.service_account_not_found'],
    response: ServiceAccount,
    async handle({ params, scope }, app) {
      return await getServiceAccount(app.db.reads(scope), params.id)
    },
  }),
  route({
    method: 'POST',
    path: '/service-accounts',
    allow: write,
    fresh: true,
    summary: 'Make a service account',
    description: 'A program that works in this tenant with roles of its own. It comes in with an API key only.',
    body: Type.Object({ ...serviceAccountFields, roleIds }),
    refusals: ['access.service_account_name_taken', 'access.grant_exceeded', 'access.role_not_found'],
    response: ServiceAccount,
    status: 201,
    async handle({ body, scope }, app) {
      const id = await changeAndAnnounce(app, { ...scope, system: true }, async tx => {
        const { id, membershipId } = await createServiceAccount(tx, body)
        await setRolesOf(await leaveSystemScope(tx), membershipId, body.roleIds)
        return id
      })
      return await getServiceAccount(app.db.scoped(scope), id)
    },
  }),
  route({
    method: 'PATCH',
    path: '/service-accounts/{id}',
    allow: write,
    fresh: true,
    summary: 'Change a service account',
    params: idParams,
    body: Type.Object({ ...serviceAccountFields, roleIds }),
    refusals: [
      'access.service_account_not_found',
      'access.service_account_name_taken',
      'access.grant_exceeded',
      'access.role_not_found',
    ],
    response: ServiceAccount,
    async handle({ params: { id }, body, scope }, app) {
      await changeAndAnnounce(app, { ...scope, system: true }, async tx => {
        await lockTenant(tx)
        const { membershipId } = await getServiceMembership(tx, id)
        await describeServiceAccount(tx, id, body)
        await setRolesOf(await leaveSystemScope(tx), membershipId, body.roleIds)
      })
      return await getServiceAccount(app.db.scoped(scope), id)
    },
  }),
  route({
    method: 'DELETE',
    path: '/service-accounts/{id}',
    allow: write,
    fresh: true,
    summary: 'Delete a service account and its keys',
    params: idParams,
    refusals: ['access.service_account_not_found', 'access.grant_exceeded'],
    response: Type.Null(),
    status: 204,
    async handle({ params: { id }, scope }, app) {
      await changeAndAnnounce(app, { ...scope, system: true }, async tx => {
        await requireOwnReach(tx, id)
        await deleteServiceAccount(tx, id)
      })
      return new Reply(204, null)
    },
  }),
  route({
    method: 'POST',
    path: '/service-accounts/{id}/keys',
    allow: write,
    fresh: true,
    secret: true,
    summary: 'Make an API key of a service account',
    description: 'Who makes it must hold all that the service account may: otherwise the key would be a way to more.',
    params: idParams,
    body: ApiKeyWish,
    refusals: ['access.service_account_not_found', 'access.grant_exceeded', 'access.scope_unknown'],
    response: NewApiKey,
    status: 201,
    async handle({ params: { id }, body, scope }, app) {
      return await changeAndAnnounce(app, scope, async tx => {
        await requireOwnReach(tx, id)
        return await createApiKey(tx, id, body)
      })
    },
  }),
  route({
    method: 'GET',
    path: '/api-keys',
    allow: read,
    summary: 'List the API keys of the tenant',
    description: 'Those of service accounts and those that people made for themselves, the newest first.',
    query: Type.Object({
      ...pageQuery,
      userId: Type.Optional(uuid),
      services: Type.Optional(Type.Boolean({ description: 'Only those of service accounts, or only those of people' })),
    }),
    response: pageOf(ApiKey),
    async handle({ query: { limit, cursor, ...owner }, scope }, app) {
      return await listApiKeys(app.db.reads(scope), owner, { limit, cursor })
    },
  }),
  route({
    method: 'POST',
    path: '/api-keys/{id}/rotation',
    allow: write,
    fresh: true,
    secret: true,
    summary: 'Replace an API key of a service account',
    params: idParams,
    body: Overlap,
    refusals: ['access.api_key_not_found', 'access.api_key_ended', 'access.grant_exceeded'],
    response: NewApiKey,
    status: 201,
    async handle({ params: { id }, body, scope }, app) {
      return await changeAndAnnounce(app, scope, async tx => {
        const key = await getApiKey(tx, id)
        await requireOwnReach(tx, key.owner.id)
        return await rotateApiKey(tx, key, body.overlapHours)
      })
    },
  }),
  route({
    method: 'DELETE',
    path: '/api-keys/{id}',
    allow: write,
    fresh: true,
    summary: 'Revoke an API key, a service account’s or a person’s',
    params: idParams,
    refusals: ['access.api_key_not_found'],
    response: Type.Null(),
    status: 204,
    async handle({ params, scope }, app) {
      await changeAndAnnounce(app, scope, tx => revokeApiKey(tx, params.id))
      return new Reply(204, null)
    },
  }),
  route({
    method: 'GET',
    path: '/me/api-keys',
    allow: personal,
    summary: 'My API keys in this tenant',
    query: Type.Object(pageQuery),
    response: pageOf(ApiKey),
    async handle({ query, principal, scope }, app) {
      return await listApiKeys(app.db.reads(scope), { userId: principal.userId }, query)
    },
  }),
  route({
    method: 'POST',
    path: '/me/api-keys',
    allow: personal,
    fresh: true,
    secret: true,
    summary: 'Make an API key of my own',
    description: `It acts as me in this tenant, within its scopes and what I may at that moment, for ${personalKeyDays} days at most.`,
    body: ApiKeyWish,
    refusals: ['access.scope_unknown', 'access.api_key_expiry_invalid'],
    response: NewApiKey,
    status: 201,
    async handle({ body, principal, scope }, app) {
      const latest = app.clock.now().getTime() + personalKeyDays * 24 * 3600_000
      if (body.expiresAt === null || Date.parse(body.expiresAt) > latest) {
        throw errors.apiKeyExpiryInvalid({ days: personalKeyDays })
      }
      return await changeAndAnnounce(app, scope, tx => createApiKey(tx, principal.userId, body, principal))
    },
  }),
  route({
    method: 'POST',
    path: '/me/api-keys/{id}/rotation',
    allow: personal,
    fresh: true,
    secret: true,
    summary: 'Replace an API key of my own',
    params: idParams,
    body: Overlap,
    refusals: ['access.api_key_not_found', 'access.api_key_ended'],
    response: NewApiKey,
    status: 201,
    async handle({ params: { id }, body, principal, scope }, app) {
      return await changeAndAnnounce(app, scope, async tx =>
        rotateApiKey(tx, await getApiKey(tx, id, principal.userId), body.overlapHours, principal),
      )
    },
  }),
  route({
    method: 'DELETE',
    path: '/me/api-keys/{id}',
    allow: personal,
    summary: 'Revoke an API key of my own',
    params: idParams,
    refusals: ['access.api_key_not_found'],
    response: Type.Null(),
    status: 204,
    async handle({ params: { id }, principal, scope }, app) {
      await changeAndAnnounce(app, scope, async tx => {
        await getApiKey(tx, id, principal.userId)
        await revokeApiKey(tx, id)
      })
      return new Reply(204, null)
    },
  }),
]

/** Who decides over a program must hold all that it may: its key in his hands would be a way to more. */
async function requireOwnReach(tx: Queryable, serviceAccountId: string): Promise<void> {
  const { membershipId } = await getServiceMembership(tx, serviceAccountId)
  await requireMemberWithin(tx, membershipId)
}
