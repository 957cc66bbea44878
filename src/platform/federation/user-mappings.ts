import { type Static, Type } from 'typebox'
import type { App } from '#platform/app.ts'
import { recordEvent } from '#platform/audit'
import { type Queryable, type Scope, sql } from '#platform/database'
import { cutPage, nullable, oneOf, readCursor, timestamp, uuid } from '#platform/http'
import { changeAndAnnounce } from '#platform/identity'
import { lockMembership, removeMembership } from '#platform/tenancy'
import { conflicts, isMember, takeIn } from './arrivals.ts'
import { endWhatCameThrough } from './closings.ts'
import { errors } from './errors.ts'
import { requireMappedHeld } from './group-settings.ts'

export const syncStatuses = ['pending', 'synced', 'failed', 'disabled'] as const

/** AG-05: somebody of a provider, and who that is here. */
export const UserMapping = Type.Object({
  id: uuid,
  providerId: uuid,
  providerName: Type.String(),
  userId: nullable(uuid),
  userEmail: nullable(Type.String()),
  userName: nullable(Type.String()),
  externalId: Type.String({ description: 'The subject; at Entra the object id' }),
  externalEmail: nullable(Type.String({ description: 'Told by the provider; it never leads to an account by itself' })),
  externalUsername: nullable(Type.String()),
  externalName: nullable(Type.String()),
  syncStatus: oneOf(syncStatuses),
  conflict: nullable(oneOf(conflicts)),
  isConfirmationSent: Type.Boolean({ description: 'Whether the owner of the account was asked within the last day' }),
  lastSyncAt: nullable(timestamp),
  lastSignInAt: nullable(timestamp),
  syncMetadata: Type.Unsafe<object>({ type: 'object', additionalProperties: true }),
  createdAt: timestamp,
})
export type UserMapping = Static<typeof UserMapping>

export const MappingFilters = Type.Object({
  providerId: Type.Optional(uuid),
  status: Type.Optional(oneOf(syncStatuses)),
  hasConflict: Type.Optional(Type.Boolean()),
  q: Type.Optional(Type.String({ maxLength: 100, description: 'Within name, address or subject' })),
})

const selectMappings = sql`
  select
    id,
    provider_id,
    provider_name,
    user_id,
    user_email,
    user_name,
    external_id,
    external_email,
    external_username,
    external_name,
    sync_status,
    conflict,
    is_confirmation_sent,
    last_sync_at,
    last_sign_in_at,
    sync_metadata,
    created_at,
    created_at::text as moment
  from federation.user_mapping_details as mapping`

/** Those of the scope's tenant, the newest first. */
export async function listUserMappings(
  tx: Queryable,
  filters: Static<typeof MappingFilters> & { limit: number; cursor?: string | undefined },
): Promise<{ items: UserMapping[]; nextCursor: string | null }> {
  const { providerId, status, hasConflict, q, limit } = filters
  const list = JSON.stringify(['user mappings', providerId, status, hasConflict, q])
  const after = readCursor(filters.cursor, list, Type.Tuple([Type.String(), uuid]))
  const like = q === undefined ? null : `%${q.replaceAll(/[\\%_]/g, '\\$&')}%`
  const rows = await tx.run(sql<UserMapping & { moment: string }>`
    ${selectMappings}
    where mapping.tenant_id = ${tx.scope.tenantId}
      and (${providerId ?? null}::uuid is null or mapping.provider_id = ${providerId ?? null})
      and (${status ?? null}::text is null or mapping.sync_status = ${status ?? null})
      and (${hasConflict ?? null}::boolean is null or (mapping.conflict is not null) = ${hasConflict ?? null})
      and (
        ${like}::text is null
        or concat_ws(' ', mapping.external_name, mapping.external_email, mapping.external_id, mapping.user_email) ilike ${like}
      )
      and (
        ${after === undefined}
        or (mapping.created_at, mapping.id) < (${after?.[0] ?? null}::timestamptz, ${after?.[1] ?? null}::uuid)
      )
    order by mapping.created_at desc, mapping.id desc
    limit ${limit + 1}`)
  const { items, nextCursor } = cutPage(rows, limit, list, row => [row.moment, row.id])
  return { items: items.map(({ moment: _, ...mapping }) => mapping), nextCursor }
}

/** Refuses with `federation.mapping_not_found`. */
export async function getUserMapping(tx: Queryable, id: string): Promise<UserMapping> {
  const found = await tx.maybe(sql<UserMapping & { moment: string }>`
    ${selectMappings}
    where mapping.tenant_id = ${tx.scope.tenantId}
      and mapping.id = ${id}`)
  if (!found) throw errors.mappingNotFound({ id })
  const { moment: _, ...mapping } = found
  return mapping
}

async function lockMapping(tx: Queryable, id: string): Promise<UserMapping> {
  await tx.run(sql`
    select id
    from federation.iam_user_mappings
    where tenant_id = ${tx.scope.tenantId}
      and id = ${id}
    for update`)
  return await getUserMapping(tx, id)
}

/** Closes this way in; sessions that came through it end at once. */
export function disableMapping(app: App, scope: Scope, id: string): Promise<UserMapping> {
  return changeAndAnnounce(app, { ...scope, system: true }, async tx => {
    const mapping = await lockMapping(tx, id)
    await tx.run(sql`
      update federation.iam_user_mappings
      set sync_status = 'disabled', conflict = null
      where tenant_id = ${scope.tenantId}
        and id = ${id}`)
    const { userId, providerId } = mapping
    if (userId !== null) await endWhatCameThrough(tx, { providerId, userId }, 'this way in was closed')
    await note(tx, 'disable_identity_mapping', mapping)
    return await getUserMapping(tx, id)
  })
}

/** Opens it again: known as before, or, of somebody who was nobody here, as if he had not come yet. */
export async function enableMapping(app: App, scope: Scope, id: string): Promise<UserMapping> {
  const { providerId } = await getUserMapping(app.db.scoped(scope), id)
  await requireMappedHeld(app.db.scoped(scope), providerId)
  return await changeAndAnnounce(app, { ...scope, system: true }, async tx => {
    const mapping = await lockMapping(tx, id)
    if (mapping.syncStatus !== 'disabled') throw errors.mappingSettled()
    await tx.run(sql`
      update federation.iam_user_mappings
      set sync_status = case when user_id is null then 'pending' else 'synced' end
      where tenant_id = ${scope.tenantId}
        and id = ${id}`)
    await note(tx, 'enable_identity_mapping', mapping)
    return await getUserMapping(tx, id)
  })
}

/** Forgets who somebody of the provider is. If he comes again, he is new. */
export async function deleteMapping(app: App, scope: Scope, id: string): Promise<void> {
  await changeAndAnnounce(app, { ...scope, system: true }, async tx => {
    const mapping = await lockMapping(tx, id)
    const { userId, providerId } = mapping
    if (userId !== null) await endWhatCameThrough(tx, { providerId, userId }, 'its link was removed')
    await tx.run(sql`
      delete from federation.iam_user_mappings
      where tenant_id = ${scope.tenantId}
        and id = ${id}`)
    await note(tx, 'remove_identity_mapping', mapping)
  })
}

/**
 * What an administrator can settle by himself, since the link is there and only the workspace is his: that somebody whose
 * address has changed is the same person, and that somebody whose membership has ended comes back. Who an account belongs
 * to he cannot say: see `askOwner`.
 */
export async function settleConflict(app: App, scope: Scope, id: string): Promise<UserMapping> {
  const { providerId } = await getUserMapping(app.db.scoped(scope), id)
  await requireMappedHeld(app.db.scoped(scope), providerId)
  return await changeAndAnnounce(app, { ...scope, system: true }, async tx => {
    const mapping = await lockMapping(tx, id)
    const { userId, conflict, syncMetadata } = mapping
    if (userId === null || (conflict !== 'address_changed' && conflict !== 'not_a_member'))
      throw errors.mappingSettled()
    if (!(await isMember(app, tx, userId))) {
      if (conflict !== 'not_a_member') throw errors.notAMember()
      // Whose membership has ended begins anew.
      const ended = await lockMembership(tx, userId)
      if (ended) await removeMembership(tx, ended.id)
      const provider = await tx.one(sql<{ id: string; defaultRole: 'member' | 'viewer' }>`
        select id, default_role
        from federation.iam_providers
        where tenant_id = ${scope.tenantId}
          and id = ${providerId}`)
      await takeIn(app, tx, provider, userId)
    }
    const { toldEmail } = syncMetadata as { toldEmail?: string }
    await tx.run(sql`
      update federation.iam_user_mappings
      set
        sync_status = 'synced',
        conflict = null,
        external_email = coalesce(${toldEmail ?? null}, external_email),
        sync_metadata = sync_metadata - 'toldEmail'
      where tenant_id = ${scope.tenantId}
        and id = ${id}`)
    await note(tx, 'settle_identity_conflict', mapping)
    return await getUserMapping(tx, id)
  })
}

async function note(tx: Queryable, action: string, { id, userId, providerId, conflict }: UserMapping): Promise<void> {
  const details = { user_id: userId, provider_id: providerId, ...(conflict && { conflict }) }
  await recordEvent(tx, { action, resource: 'federation.iam_user_mappings', resourceId: id, details })
}
