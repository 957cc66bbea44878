import { type Static, Type } from 'typebox'
import { type Queryable, sql } from '#platform/database'
import { decimal } from '#platform/http'
import { getList } from './lists.ts'

const Count = Type.Object({
  value: Type.String({ description: 'Empty: has none' }),
  count: Type.Integer(),
  totalValue: { ...decimal, description: 'Sum of their total contract values, US dollars' },
})

/** What the items of a list have in common. Largest first; of states, industries and tags the 50 largest. */
export const ListSummary = Type.Object({
  states: Type.Array(Count),
  naics: Type.Array(Count),
  tags: Type.Array(Count),
  priorities: Type.Array(Count),
  ratings: Type.Array(Count),
  fields: Type.Array(Count, { description: 'By the id of a field, defined now or not, how many items have a value' }),
})
export type ListSummary = Static<typeof ListSummary>

export async function summariseList(tx: Queryable, id: string): Promise<ListSummary> {
  await getList(tx, id)
  const rows = await tx.run<Static<typeof Count> & { kind: keyof ListSummary }>(sql`
    with item as (
      select
        item.tags, item.priority, item.rating, item.custom_data, profile.state, profile.naics_code,
        coalesce(profile.total_contract_value, 0) as worth
      from contractors.contractor_list_items as item
      join contractors.contractor_profiles as profile on profile.id = item.contractor_profile_id
      where item.list_id = ${id}
    ),
    counted as (
      select each.kind, each.value, count(*)::integer as count, sum(item.worth)::numeric(20, 2) as total_value
      from item
      cross join lateral (
        select 'states' as kind, coalesce(item.state, '') as value
        union all select 'naics', coalesce(item.naics_code, '')
        union all select 'priorities', coalesce(item.priority, '')
        union all select 'ratings', coalesce(item.rating::text, '')
        union all select 'tags', tag from jsonb_array_elements_text(item.tags) as tag
        union all select 'fields', field from jsonb_object_keys(item.custom_data) as field
      ) as each
      group by each.kind, each.value
    )
    select kind, value, count, total_value::text
    from (
      select *, row_number() over (partition by kind order by count desc, total_value desc, value) as place
      from counted
    ) as placed
    where place <= 50
    order by kind, place
  `)
  const of = (kind: keyof ListSummary) =>
    rows.filter(row => row.kind === kind).map(({ value, count, totalValue }) => ({ value, count, totalValue }))
  return {
    states: of('states'),
    naics: of('naics'),
    tags: of('tags'),
    priorities: of('priorities'),
    ratings: of('ratings'),
    fields: of('fields'),
  }
}
