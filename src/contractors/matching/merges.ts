import { sql } from '#platform/database'
import type { Run } from '../imports/profiles.ts'

/**
 * Has each absorbed contractor point at the one that stands in the end, as the merges that hold now have it; any of them
 * may have been undone, in any order. Who has changed: absorbed ones, and those that they went to or came from, by id.
 */
export async function settleMerges(run: Run): Promise<string[]> {
  const changed = await run(sql<{ id: string }>`
    with recursive live as materialized (
      select other_profile_id as absorbed, profile_id as survivor
      from contractors.match_decisions
      where kind = 'merge'
        and undone_at is null
    ),
    climb (absorbed, survivor) as (
      select absorbed, survivor from live
      union
      select climb.absorbed, live.survivor
      from climb
      join live on live.absorbed = climb.survivor
    ),
    standing as (
      select profile.id, profile.merged_into as before, climb.survivor as after
      from contractors.contractor_profiles as profile
      join climb on climb.absorbed = profile.id
      where not exists (select from live where live.absorbed = climb.survivor)
      union all
      select profile.id, profile.merged_into, null
      from contractors.contractor_profiles as profile
      where profile.merged_into is not null
        and not exists (select from live where live.absorbed = profile.id)
    ),
    settled as (
      update contractors.contractor_profiles as profile
      set merged_into = standing.after
      from standing
      where profile.id = standing.id
        and standing.before is distinct from standing.after
      returning profile.id
    )
    select distinct either.id
    from settled
    join standing on standing.id = settled.id
    cross join lateral (values (standing.id), (standing.before), (standing.after)) as either (id)
    where either.id is not null
  `)
  return changed.map(({ id }) => id)
}
