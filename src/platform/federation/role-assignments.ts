import { recordEvent } from '#platform/audit'
import { type Queryable, sql } from '#platform/database'
import type { ExternalGroup, GroupsAnswer } from './group-claims.ts'
import { getGroupProvider } from './group-settings.ts'

/** By what somebody's roles are brought in line with his groups. */
export type Cause = { by: 'sign_in' } | { by: 'scim' } | { by: 'sync_run'; runId: string }

/** How many roles of the member came, went, wait for an administrator, and stay with the last owner. */
export type Applied = { given: number; taken: number; proposed: number; kept: number }

type Change = {
  change: 'given' | 'joined' | 'taken' | 'parted' | 'kept' | 'proposed' | 'withdrawn'
  mappingId: string
  roleId: string
}

/**
 * AG-06: notes what a provider said of a member's groups and, if that is `known`, gives the roles that they are mapped to
 * and takes those that groups gave and give no more. What was given by hand stays, and so does the last owner. `tx` is a
 * transaction in the tenant's and the system scope, and this the last thing in it; after the commit call
 * `announceRevocation`.
 */
export async function applyGroups(
  tx: Queryable,
  of: { membershipId: string; providerId: string; groups: GroupsAnswer; cause: Exclude<Cause, { by: 'sync_run' }> },
): Promise<Applied> {
  const { membershipId, providerId, cause } = of
  const { settings } = await getGroupProvider(tx, providerId)
  const isWanted = cause.by !== 'scim' || settings.source === 'scim' || of.groups.outcome !== 'known'
  const answer: GroupsAnswer = isWanted ? of.groups : { outcome: 'unknown', reason: 'elsewhere' }
  if (answer.outcome !== 'known') {
    await noteUnknown(tx, of, answer)
    return nothing
  }
  const changes = await apply(
    tx,
    of,
    answer.groups.map(({ id }) => id),
  )
  await noteKnown(tx, of, answer.groups, cause)
  await noteMappings(tx, providerId)
  return await told(tx, { membershipId, providerId, cause }, changes)
}

/** The same by what was last known of the member's groups: nothing where that is nothing. */
export async function reapplyGroups(
  tx: Queryable,
  of: { membershipId: string; providerId: string; runId: string },
): Promise<Applied> {
  const changes = await apply(tx, of, null)
  return await told(tx, { ...of, cause: { by: 'sync_run', runId: of.runId } }, changes)
}

/**
 * The same of several people at once, each with his own entry in the log. Refused as a whole where one of them cannot be
 * brought in line, the last owner included: then take each by himself.
 */
export async function reapplyGroupsOf(
  tx: Queryable,
  { people, providerId, runId }: { people: readonly string[]; providerId: string; runId: string },
): Promise<Applied> {
  const changes = await tx.run(sql<Change & { userTenantId: string }>`
    select user_tenant_id, change, mapping_id, role_id
    from federation.apply_groups_of(${providerId}, ${people}::uuid[])`)
  const sum = { ...nothing }
  for (const [membershipId, own] of Map.groupBy(changes, ({ userTenantId }) => userTenantId)) {
    const applied = await told(tx, { membershipId, providerId, cause: { by: 'sync_run', runId } }, own)
    sum.given += applied.given
    sum.taken += applied.taken
    sum.proposed += applied.proposed
  }
  return sum
}

const nothing: Applied = { given: 0, taken: 0, proposed: 0, kept: 0 }

type Of = { membershipId: string; providerId: string }

function apply(tx: Queryable, { membershipId, providerId }: Of, groups: readonly string[] | null): Promise<Change[]> {
  return tx.run(sql<Change>`
    select change, mapping_id, role_id
    from federation.apply_groups(${providerId}, ${membershipId}, ${groups}::text[])`)
}

async function noteKnown(
  tx: Queryable,
  { membershipId, providerId }: Of,
  groups: readonly ExternalGroup[],
  { by }: Cause,
): Promise<void> {
  await tx.run(sql`
    insert into federation.known_groups (
      provider_id, user_tenant_id, group_ids, group_names, known_at, known_by, outcome
    )
    values (
      ${providerId},
      ${membershipId},
      ${groups.map(({ id }) => id)}::text[],
      ${groups.map(({ name }) => name ?? null)}::text[],
      now(),
      ${by},
      'known'
    )
    on conflict (tenant_id, provider_id, user_tenant_id) do update
    set
      group_ids = excluded.group_ids,
      group_names = excluded.group_names,
      known_at = excluded.known_at,
      known_by = excluded.known_by,
      outcome = excluded.outcome,
      reason = null,
      asked_at = excluded.known_at`)
}

async function noteUnknown(
  tx: Queryable,
  { membershipId, providerId }: Of,
  answer: Exclude<GroupsAnswer, { outcome: 'known' }>,
): Promise<void> {
  const reason = answer.outcome === 'unknown' ? answer.reason : null
  await tx.run(sql`
    insert into federation.known_groups (provider_id, user_tenant_id, outcome, reason)
    values (${providerId}, ${membershipId}, ${answer.outcome}, ${reason})
    on conflict (tenant_id, provider_id, user_tenant_id) do update
    set
      outcome = excluded.outcome,
      reason = excluded.reason,
      asked_at = now()`)
}

/** To the hour, and never waiting for somebody else who does the same: each sign-in comes by here. */
async function noteMappings(tx: Queryable, providerId: string): Promise<void> {
  await tx.run(sql`
    update federation.iam_group_mappings
    set sync_status = 'synced', last_sync_at = now()
    where tenant_id = ${tx.scope.tenantId}
      and id in (
        select id
        from federation.iam_group_mappings
        where tenant_id = ${tx.scope.tenantId}
          and provider_id = ${providerId}
          and sync_status <> 'disabled'
          and (sync_status in ('pending', 'unknown') or last_sync_at is null or last_sync_at < now() - interval '1 hour')
        for no key update skip locked
      )`)
}

async function told(tx: Queryable, of: Of & { cause: Cause }, changes: readonly Change[]): Promise<Applied> {
  const count = (change: Change['change']) => changes.filter(each => each.change === change).length
  const applied = { given: count('given'), taken: count('taken'), proposed: count('proposed'), kept: count('kept') }
  const telling = changes.filter(({ change }) => change !== 'withdrawn')
  if (telling.length > 0) await record(tx, of, telling)
  return applied
}

async function record(
  tx: Queryable,
  { membershipId, providerId, cause }: Of & { cause: Cause },
  changes: readonly Change[],
): Promise<void> {
  const mappings = await tx.run(sql<{ id: string; group: string; role: string }>`
    select
      id,
      coalesce(external_group_name, external_group_id) as "group",
      role_name as role
    from federation.group_mapping_details
    where tenant_id = ${tx.scope.tenantId}
      and id = any (${changes.map(({ mappingId }) => mappingId)})`)
  const byId = new Map(mappings.map(({ id, ...mapping }) => [id, mapping]))
  await recordEvent(tx, {
    action: 'sync_roles',
    resource: 'tenancy.user_tenants',
    resourceId: membershipId,
    details: {
      cause: cause.by,
      ...(cause.by === 'sync_run' && { run_id: cause.runId }),
      provider_id: providerId,
      changes: changes.map(({ change, mappingId, roleId }) => ({
        change,
        mapping_id: mappingId,
        role_id: roleId,
        ...byId.get(mappingId),
      })),
    },
  })
}
