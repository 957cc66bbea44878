import { type Static, Type } from 'typebox'
import { type Queryable, sql } from '#platform/database'
import { cutPage, nullable, readCursor, uuid } from '#platform/http'
import { unknownReasons } from './group-claims.ts'

/** A group in which somebody is, as far as the provider has told. */
export const SeenGroup = Type.Object({
  externalGroupId: Type.String(),
  externalGroupName: nullable(Type.String()),
  people: Type.Integer(),
  mappingId: nullable(uuid),
})
export type SeenGroup = Static<typeof SeenGroup>

/** The groups of a provider's people, the largest first. */
export async function listSeenGroups(
  tx: Queryable,
  providerId: string,
  { isMapped }: { isMapped?: boolean | undefined },
  page: { limit: number; cursor?: string | undefined },
): Promise<{ items: SeenGroup[]; nextCursor: string | null }> {
  const list = JSON.stringify(['seen-groups', providerId, isMapped])
  const last = readCursor(page.cursor, list, Type.Tuple([Type.Integer(), Type.String()]))
  const rows = await tx.run(sql<SeenGroup>`
    with seen as (
      select
        told.id as external_group_id,
        max(told.name) as external_group_name,
        count(*)::integer as people
      from federation.known_groups as known
      cross join unnest(known.group_ids, known.group_names) as told (id, name)
      where known.tenant_id = ${tx.scope.tenantId}
        and known.provider_id = ${providerId}
      group by told.id
    )
    select
      seen.external_group_id,
      coalesce(mapping.external_group_name, seen.external_group_name) as external_group_name,
      seen.people,
      mapping.id as mapping_id
    from seen
    left join federation.iam_group_mappings as mapping
      on mapping.tenant_id = ${tx.scope.tenantId}
      and mapping.provider_id = ${providerId}
      and mapping.external_group_id = seen.external_group_id
    where true
      ${isMapped === undefined ? sql`` : sql`and (mapping.id is not null) = ${isMapped}`}
      ${last ? sql`and (-seen.people, seen.external_group_id) > (${-last[0]}, ${last[1]})` : sql``}
    order by -seen.people, seen.external_group_id
    limit ${page.limit + 1}`)
  return cutPage(rows, page.limit, list, row => [row.people, row.externalGroupId])
}

/** Of how many people of a provider the groups are known, and why not of the others. */
export const GroupKnowledge = Type.Object({
  known: Type.Integer(),
  inactive: Type.Integer(),
  unknown: Type.Array(Type.Object({ reason: Type.String(), meaning: Type.String(), people: Type.Integer() })),
})
export type GroupKnowledge = Static<typeof GroupKnowledge>

export async function countKnownGroups(tx: Queryable, providerId: string): Promise<GroupKnowledge> {
  const counts = await tx.run(sql<{ outcome: string; reason: keyof typeof unknownReasons; people: number }>`
    select outcome, reason, count(*)::integer as people
    from federation.known_groups
    where tenant_id = ${tx.scope.tenantId}
      and provider_id = ${providerId}
    group by outcome, reason
    order by people desc, reason`)
  const peopleOf = (outcome: string) => counts.find(each => each.outcome === outcome)?.people ?? 0
  return {
    known: peopleOf('known'),
    inactive: peopleOf('inactive'),
    unknown: counts
      .filter(({ outcome }) => outcome === 'unknown')
      .map(({ reason, people }) => ({ reason, meaning: unknownReasons[reason], people })),
  }
}
