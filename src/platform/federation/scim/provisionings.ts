import { type Static, Type } from 'typebox'
import {
  type ApiKey,
  createApiKey,
  createServiceAccount,
  deleteServiceAccount,
  findRole,
  getApiKey,
  listApiKeys,
  permitService,
  requireGrantable,
  revokeApiKey,
  rotateApiKey,
} from '#platform/access'
import type { App } from '#platform/app.ts'
import { type Queryable, type Scope, sql } from '#platform/database'
import { nullable, timestamp, uuid } from '#platform/http'
import { changeAndAnnounce } from '#platform/identity'
import { requireMappedHeld } from '../group-settings.ts'
import { baseOf } from './directories.ts'
import { scimErrors as errors } from './errors.ts'

/** What a token may do, and nothing else does; no role of a person has it. */
export const provision = 'federation.directory.provision'

/** How long a token may live, in days; a directory that nobody looks after must not go on for ever. */
export const tokenDays = 400

/** A secret by which a directory shows itself; after it is made only its beginning is known. */
export const ScimToken = Type.Object({
  id: uuid,
  prefix: Type.String(),
  createdAt: timestamp,
  createdByName: nullable(Type.String()),
  expiresAt: nullable(timestamp),
  lastUsedAt: nullable(timestamp),
  lastUsedAddress: nullable(Type.String()),
  replacedBy: nullable(uuid),
})
export type ScimToken = Static<typeof ScimToken>

export const NewScimToken = Type.Object({
  ...ScimToken.properties,
  token: Type.String({ description: 'Shown this once; it is kept as a hash only' }),
})
export type NewScimToken = Static<typeof NewScimToken>

/** How the directory of a provider does. */
export const Provisioning = Type.Object({
  baseUrl: Type.String({ description: 'What is entered at the provider' }),
  tokens: Type.Array(ScimToken, { description: 'The newest first' }),
  users: Type.Object({
    active: Type.Integer(),
    inactive: Type.Integer(),
    pending: Type.Integer({ description: 'Active, but not here until they have accepted an invitation' }),
  }),
  groups: Type.Integer(),
  isOwnerPaused: Type.Boolean({
    description:
      'A group gives the owner’s role, and nobody gets it by that: who made a living token is no owner any more',
  }),
  lastRequestAt: nullable(timestamp),
  lastRefusal: nullable(Type.Object({ askedAt: timestamp, status: Type.Integer(), detail: Type.String() })),
})
export type Provisioning = Static<typeof Provisioning>

type Counts = Omit<Provisioning, 'baseUrl' | 'tokens' | 'users'> & Provisioning['users']

/** Refuses with `federation.scim_provider_not_found` what is no provider of the scope's tenant. */
export async function getProvisioning(app: App, tx: Queryable, providerId: string): Promise<Provisioning> {
  await requireProvider(tx, providerId)
  const serviceId = await findService(tx, providerId)
  const { items } =
    serviceId === undefined ? { items: [] } : await listApiKeys(tx, { userId: serviceId }, { limit: 100 })
  const { active, inactive, pending, ...counts } = await tx.one(sql<Counts>`
    select
      people.*,
      (
        select count(*)
        from federation.scim_groups
        where tenant_id = ${tx.scope.tenantId}
          and provider_id = ${providerId}
      ) as groups,
      not federation.may_make_owners(${providerId}) and exists (
        select
        from federation.group_mapping_details as mapping
        where mapping.tenant_id = ${tx.scope.tenantId}
          and mapping.provider_id = ${providerId}
          and mapping.role_name = 'owner'
          and mapping.sync_status <> 'disabled'
      ) as is_owner_paused,
      (
        select max(asked_at)
        from federation.scim_requests
        where tenant_id = ${tx.scope.tenantId}
          and provider_id = ${providerId}
      ) as last_request_at,
      (
        select jsonb_build_object('askedAt', asked_at, 'status', status, 'detail', coalesce(detail, ''))
        from federation.scim_requests
        where tenant_id = ${tx.scope.tenantId}
          and provider_id = ${providerId}
          and code is not null
        order by asked_at desc
        limit 1
      ) as last_refusal
    from (
      select
        count(*) filter (where is_active and user_id is not null) as active,
        count(*) filter (where not is_active) as inactive,
        count(*) filter (where is_active and user_id is null) as pending
      from federation.scim_users
      where tenant_id = ${tx.scope.tenantId}
        and provider_id = ${providerId}
        and deleted_at is null
    ) as people`)
  const users = { active, inactive, pending }
  return { baseUrl: baseOf(app, providerId), tokens: items.map(tokenOf), users, ...counts }
}

/**
 * Makes a token of a provider's directory, and with the first one the service account that it is of. Whoever has it takes
 * anybody out, owners too, and says who is in which group: only an owner makes it.
 */
export async function createScimToken(
  app: App,
  scope: Scope,
  providerId: string,
  expiresAt: string,
): Promise<NewScimToken> {
  return await changeAndAnnounce(app, { ...scope, system: true }, async tx => {
    const { providerName } = await requireProvider(tx, providerId)
    const latest = app.clock.now().getTime() + tokenDays * 86_400_000
    if (Date.parse(expiresAt) > latest) throw errors.scimTokenExpiryInvalid({ days: tokenDays })
    await requireOwner(tx, providerId)
    const serviceId = (await findService(tx, providerId)) ?? (await openService(tx, providerId, providerName))
    const key = await createApiKey(tx, serviceId, {
      name: `SCIM: ${providerName}`.slice(0, 100),
      scopes: [provision],
      expiresAt,
    })
    return { ...tokenOf(key), token: key.key }
  })
}

/** Another one in the place of a token, which goes on for so long: the directory is told at leisure. */
export async function rotateScimToken(
  app: App,
  scope: Scope,
  providerId: string,
  id: string,
  overlapHours: number,
): Promise<NewScimToken> {
  return await changeAndAnnounce(app, { ...scope, system: true }, async tx => {
    await requireOwner(tx, providerId)
    const key = await rotateApiKey(tx, await getToken(tx, providerId, id), overlapHours)
    return { ...tokenOf(key), token: key.key }
  })
}

async function requireOwner(tx: Queryable, providerId: string): Promise<void> {
  const owner = await findRole(tx, 'owner')
  await requireGrantable(tx, owner ? [owner.id] : [])
  await requireMappedHeld(tx, providerId)
}

/** The directory's next request with it is refused. */
export async function revokeScimToken(app: App, scope: Scope, providerId: string, id: string): Promise<void> {
  await changeAndAnnounce(app, scope, async tx => {
    await getToken(tx, providerId, id)
    await revokeApiKey(tx, id)
  })
}

/** Before a provider goes: its tokens open nothing any more. Needs the system scope. */
export async function closeProvisioning(tx: Queryable, providerId: string): Promise<void> {
  const serviceId = await findService(tx, providerId)
  if (serviceId !== undefined) await deleteServiceAccount(tx, serviceId)
}

async function getToken(tx: Queryable, providerId: string, id: string): Promise<ApiKey> {
  const serviceId = await findService(tx, providerId)
  if (serviceId === undefined) throw errors.scimTokenNotFound({ id })
  return await getApiKey(tx, id, serviceId)
}

async function requireProvider(tx: Queryable, id: string): Promise<{ providerName: string }> {
  const found = await tx.maybe(sql<{ providerName: string }>`
    select provider_name
    from federation.iam_providers
    where tenant_id = ${tx.scope.tenantId}
      and id = ${id}`)
  if (!found) throw errors.scimProviderNotFound()
  return found
}

async function findService(tx: Queryable, providerId: string): Promise<string | undefined> {
  const found = await tx.maybe(sql<{ serviceId: string }>`
    select service_id
    from federation.provisionings
    where tenant_id = ${tx.scope.tenantId}
      and provider_id = ${providerId}`)
  return found?.serviceId
}

async function openService(tx: Queryable, providerId: string, providerName: string): Promise<string> {
  const { id, membershipId } = await createServiceAccount(tx, {
    // Names are unique in the workspace, those of providers among themselves alone.
    name: `${providerName.slice(0, 70)} (SCIM ${providerId.slice(0, 8)})`,
    description: 'Speaks for the directory of the identity provider. Its keys are made and revoked there.',
  })
  await permitService(tx, membershipId, {
    permission: provision,
    name: 'Directory',
    description: 'Brings and takes people and groups by SCIM; of service accounts alone',
  })
  await tx.run(sql`
    insert into federation.provisionings (provider_id, service_id, created_by)
    values (${providerId}, ${id}, ${tx.scope.userId ?? null})`)
  return id
}

function tokenOf(key: ApiKey): ScimToken {
  const { id, prefix, createdAt, createdByName, expiresAt, lastUsedAt, lastUsedAddress, replacedBy } = key
  return { id, prefix, createdAt, createdByName, expiresAt, lastUsedAt, lastUsedAddress, replacedBy }
}
