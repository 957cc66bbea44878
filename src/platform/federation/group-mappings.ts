import { type Static, Type } from 'typebox'
import { grantViolations, requireGrantable } from '#platform/access'
import type { App } from '#platform/app.ts'
import { onViolation, type Queryable, type Scope, sql } from '#platform/database'
import { type IfMatch, nullable, oneOf, requireMatch, timestamp, uuid } from '#platform/http'
import { announceRevocation } from '#platform/identity'
import { enqueue } from '#platform/jobs'
import { lockTenant } from '#platform/tenancy'
import { isEverybody, longestGroup, readGroup } from './group-claims.ts'
import { groupErrors } from './group-errors.ts'
import { getGroupProvider } from './group-settings.ts'
import { syncMappings } from './sync-jobs.ts'

/** The most of a provider. */
const mostMappings = 500

export const mappingStatuses = ['pending', 'synced', 'failed', 'disabled', 'unknown'] as const

/** A group of a provider that gives a role. */
export const GroupMapping = Type.Object({
  id: uuid,
  providerId: uuid,
  externalGroupId: Type.String(),
  externalGroupName: nullable(Type.String()),
  roleId: uuid,
  roleName: Type.String(),
  autoAssign: Type.Boolean({ description: 'False: the role is proposed to an administrator' }),
  syncStatus: oneOf(mappingStatuses, { description: '`disabled`: it gives nothing and takes nothing' }),
  lastSyncAt: Type.Unsafe<Date | null>({ ...nullable(timestamp), description: 'To the hour' }),
  people: Type.Integer({ description: 'How many have the role by this group' }),
  createdAt: timestamp,
  updatedAt: timestamp,
})
export type GroupMapping = Static<typeof GroupMapping>

export const GroupMappingFields = Type.Object({
  externalGroupId: Type.String({
    minLength: 1,
    maxLength: longestGroup,
    description: 'As the provider names the group in its claim or by SCIM: a name, an object id, DOMAIN\\name, a path',
    examples: ['Bid managers'],
  }),
  externalGroupName: Type.Optional(
    nullable(Type.String({ minLength: 1, maxLength: longestGroup, description: 'As people know it' })),
  ),
  roleId: uuid,
  autoAssign: Type.Optional(Type.Boolean({ default: true })),
})
export type GroupMappingFields = Static<typeof GroupMappingFields>

export const GroupMappingChanges = Type.Object({
  externalGroupName: GroupMappingFields.properties.externalGroupName,
  autoAssign: Type.Optional(Type.Boolean()),
  isEnabled: Type.Optional(Type.Boolean({ description: 'False: it gives nothing and takes nothing' })),
})
export type GroupMappingChanges = Static<typeof GroupMappingChanges>

const selectMappings = sql`
  select
    id,
    provider_id,
    external_group_id,
    external_group_name,
    role_id,
    role_name,
    auto_assign,
    sync_status,
    last_sync_at,
    people,
    created_at,
    updated_at
  from federation.group_mapping_details`

/** Those of a provider, by the name of the group. */
export function listGroupMappings(tx: Queryable, providerId: string): Promise<GroupMapping[]> {
  return tx.run(sql<GroupMapping>`
    ${selectMappings}
    where tenant_id = ${tx.scope.tenantId}
      and provider_id = ${providerId}
    order by lower(coalesce(external_group_name, external_group_id)), id`)
}

/** Refuses with `federation.group_mapping_not_found`. */
export async function getGroupMapping(tx: Queryable, id: string): Promise<GroupMapping> {
  const found = await tx.maybe(sql<GroupMapping>`
    ${selectMappings}
    where tenant_id = ${tx.scope.tenantId}
      and id = ${id}`)
  if (!found) throw groupErrors.groupMappingNotFound({ id })
  return found
}

/** From now on the group gives the role, which the scope's user holds himself; a sync brings everybody in line. */
export async function createGroupMapping(
  app: App,
  scope: Scope,
  providerId: string,
  { externalGroupId, externalGroupName, roleId, autoAssign = true }: GroupMappingFields,
): Promise<GroupMapping> {
  return await app.db.transaction(scope, async tx => {
    const { settings } = await getGroupProvider(tx, providerId)
    const group = readGroup(settings.format, externalGroupId)
    if (!group?.id) throw groupErrors.groupInOtherForm({ format: settings.format })
    const name = externalGroupName?.trim() || group.name
    if (isEverybody({ id: group.id, name })) throw groupErrors.groupOfEverybody({ group: externalGroupId })
    await requireGrantable(tx, [roleId])
    await awaitMappings(tx, providerId)
    const { count } = await tx.one(sql<{ count: number }>`
      select count(*) as count
      from federation.iam_group_mappings
      where tenant_id = ${scope.tenantId}
        and provider_id = ${providerId}`)
    if (count >= mostMappings) throw groupErrors.groupMappingsTooMany({ most: mostMappings })
    const { id } = await onViolation(
      tx.one(sql<{ id: string }>`
        insert into federation.iam_group_mappings (
          provider_id, external_group_id, external_group_name, internal_role, auto_assign, created_by
        )
        values (${providerId}, ${group.id}, ${name ?? null}, ${roleId}, ${autoAssign}, ${scope.userId ?? null})
        returning id`),
      {
        ...grantViolations,
        iam_group_mappings_group_unique: () => groupErrors.groupMappingTaken({ group: externalGroupId }),
        iam_group_mappings_internal_role_fkey: () => groupErrors.mappedRoleNotFound({ id: roleId }),
      },
    )
    await followUp(app, tx, providerId)
    return await getGroupMapping(tx, id)
  })
}

/** To let it give more the scope's user holds the role, as to make it. */
export async function changeGroupMapping(
  app: App,
  scope: Scope,
  id: string,
  changes: GroupMappingChanges,
  ifMatch: IfMatch,
): Promise<GroupMapping> {
  return await app.db.transaction(scope, async tx => {
    const { providerId } = await getGroupMapping(tx, id)
    await awaitMappings(tx, providerId)
    const old = await getGroupMapping(tx, id)
    requireMatch(ifMatch, old)
    await requireGrantable(tx, [old.roleId])
    const name = changes.externalGroupName === undefined ? old.externalGroupName : changes.externalGroupName
    if (name !== null && isEverybody({ id: old.externalGroupId, name }))
      throw groupErrors.groupOfEverybody({ group: name })
    const isEnabled = changes.isEnabled ?? old.syncStatus !== 'disabled'
    const kept = old.syncStatus === 'disabled' ? 'pending' : old.syncStatus
    await onViolation(
      tx.run(sql`
        update federation.iam_group_mappings
        set
          external_group_name = ${name},
          auto_assign = ${changes.autoAssign ?? old.autoAssign},
          sync_status = ${isEnabled ? kept : 'disabled'}
        where tenant_id = ${scope.tenantId}
          and id = ${id}`),
      grantViolations,
    )
    await followUp(app, tx, providerId)
    return await getGroupMapping(tx, id)
  })
}

/**
 * The group gives nothing any more: who has the role by it alone loses it at once. Whoever says so holds it himself.
 * Refuses to take the last owner's (`members.last_owner`).
 */
export async function deleteGroupMapping(app: App, scope: Scope, id: string): Promise<void> {
  await app.db.transaction(scope, async tx => {
    const { providerId, roleId } = await getGroupMapping(tx, id)
    await requireGrantable(tx, [roleId])
    // First, as whoever takes roles does: in another order two of them would wait for each other.
    await lockTenant(tx)
    await awaitMappings(tx, providerId)
    const removed = await onViolation(
      tx.run(sql`
        delete from federation.iam_group_mappings
        where tenant_id = ${scope.tenantId}
          and id = ${id}
        returning id`),
      grantViolations,
    )
    if (removed.length === 0) throw groupErrors.groupMappingNotFound({ id })
  })
  announceRevocation(app)
}

/** Until the end of the transaction no roles are given or taken by the groups of this provider. */
const awaitMappings = (tx: Queryable, providerId: string) =>
  tx.run(sql`select federation.await_mappings(${providerId}, true)`)

/** Soon, so that several changes one after another are one run. */
async function followUp(app: App, tx: Queryable, providerId: string): Promise<void> {
  const changedAt = app.clock.now().toISOString()
  const { tenantId, userId } = tx.scope
  await enqueue(
    tx,
    syncMappings,
    { tenantId: tenantId as string, providerId, changedAt, startedBy: userId ?? null },
    { startAfter: 5 },
  )
}
