import { requireGrantable } from '#platform/access'
import { json, type Queryable, sql } from '#platform/database'
import { errors } from './errors.ts'
import { type GroupSettings, usualSettings } from './group-claims.ts'

/** A provider as far as its groups go. */
export type GroupProvider = {
  id: string
  name: string
  type: string
  isActive: boolean
  settings: GroupSettings
}

/** Refuses with `federation.provider_not_found`. */
export async function getGroupProvider(tx: Queryable, id: string): Promise<GroupProvider> {
  const found = await tx.maybe(sql<Omit<GroupProvider, 'settings'> & { said: Partial<GroupSettings> | null }>`
    select
      id,
      provider_name as name,
      provider_type as type,
      status <> 'inactive' as is_active,
      configuration -> 'groups' as said
    from federation.iam_providers
    where tenant_id = ${tx.scope.tenantId}
      and id = ${id}`)
  if (!found) throw errors.providerNotFound({ id })
  const { said, ...provider } = found
  return { ...provider, settings: { ...usualSettings(provider.type), ...said } }
}

/** Who says where groups are read decides who is in them: he holds all that the groups give (MT-20). */
export async function changeGroupSettings(tx: Queryable, id: string, settings: GroupSettings): Promise<GroupProvider> {
  await getGroupProvider(tx, id)
  await requireMappedHeld(tx, id)
  await tx.run(sql`
    update federation.iam_providers
    set configuration = configuration || jsonb_build_object('groups', ${json(settings)}::jsonb)
    where tenant_id = ${tx.scope.tenantId}
      and id = ${id}`)
  return await getGroupProvider(tx, id)
}

/**
 * Refuses with `access.grant_exceeded` or `access.owners_only` unless the scope's user holds all that the groups of this
 * provider give: whoever decides what it is believed, or who is who there, could give himself any of it.
 */
export async function requireMappedHeld(tx: Queryable, providerId: string): Promise<void> {
  const mapped = await tx.run(sql<{ roleId: string }>`
    select distinct internal_role as role_id
    from federation.iam_group_mappings
    where tenant_id = ${tx.scope.tenantId}
      and provider_id = ${providerId}`)
  await requireGrantable(
    tx,
    mapped.map(({ roleId }) => roleId),
  )
}
