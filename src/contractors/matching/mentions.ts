import type { RawBuilder } from 'kysely'
import type { ClientBase } from 'pg'
import { sql } from '#platform/database'
import { type Run, runOn } from '../imports/profiles.ts'

/**
 * In an import's transaction, after its records are in: keeps the vendors' texts that its rows name instead of an
 * identifier, once each, and what they list of awards. A text whose vendor is known already takes its new records with
 * it; a new one waits for the job `contractors.resolve_mentions`. Reads mention_id, old_mention_id and mention of staging.
 */
export async function noteMentions(client: ClientBase): Promise<void> {
  const run = runOn(client)
  const [{ found }] = (await run(sql<{ found: boolean }>`
    select exists (
      select from pg_temp.import_rows where mention_id is not null or old_mention_id is not null
    ) as found
  `)) as [{ found: boolean }]
  if (!found) return
  await run(sql`
    insert into contractors.mentions (id, source, name, street, city, state, zip_code, country, cage_code)
    select distinct on (r.mention_id) r.mention_id, r.source,
      left(coalesce(r.mention ->> 'name', o.fields ->> 'legalBusinessName', o.fields ->> 'dbaName', '?'), 500),
      r.mention ->> 'street', r.mention ->> 'city', r.mention ->> 'state', r.mention ->> 'zipCode',
      r.mention ->> 'country', r.mention ->> 'cageCode'
    from pg_temp.import_rows as r
    left join contractors.observations as o on o.id = r.observation_id
    where r.mention_id is not null
    order by r.mention_id, r.mention is null
    on conflict (id) do nothing
  `)
  await run(sql`
    delete from contractors.listed_awards as listed
    using pg_temp.import_rows as r
    where listed.record_id = r.id
  `)
  await run(sql`
    insert into contractors.listed_awards
      (record_id, mention_id, award_id, kind, agency_id, agency_name, piid, referenced_agency_id, referenced_piid,
       mod_number, description, naics_code, psc_code, signed_date, completion_date, obligated_amount, total_obligated,
       potential_value, reported_status)
    select id, mention_id, award_id, coalesce(kind, 'award'), agency_id, agency_name, piid, referenced_agency_id, referenced_piid,
      mod_number, description, naics_code, psc_code, signed_date, completion_date, obligated_amount, total_obligated,
      potential_value, reported_status
    from pg_temp.import_rows
    where mention_id is not null
      and award_id is not null
  `)
  const touched = sql`
    select mention_id from pg_temp.import_rows where mention_id is not null
    union
    select old_mention_id from pg_temp.import_rows where old_mention_id is not null
  `
  await run(sql`
    update contractors.mentions as mention
    set record_count = counted.records,
      listed_value = counted.value
    from (${touched}) as touched (id)
    cross join lateral (
      select
        (select count(*) from contractors.contractors as c where c.mention_id = touched.id)::integer as records,
        (
          select sum(coalesce(listed.total_obligated, listed.obligated_amount, listed.potential_value))
          from contractors.listed_awards as listed
          where listed.mention_id = touched.id
        ) as value
    ) as counted
    where mention.id = touched.id
  `)
  await bringRecords(run, touched)
}

/**
 * Gives the records and listed awards of these mentions (one column of ids) to the contractors that they were found to
 * be, or takes them back. An award that another source has already is not added a second time.
 */
export async function bringRecords(run: Run, mentionIds: RawBuilder<unknown>): Promise<void> {
  await run(sql`
    update contractors.contractors as c
    set uei = profile.uei
    from contractors.mentions as mention
    left join contractors.contractor_profiles as profile on profile.id = mention.profile_id
    where mention.id in (${mentionIds})
      and c.mention_id = mention.id
      and c.uei is distinct from profile.uei
  `)
  await run(sql`delete from contractors.awards where mention_id in (${mentionIds})`)
  await run(sql`
    insert into contractors.awards
      (id, uei, mention_id, kind, agency_id, agency_name, piid, referenced_agency_id, referenced_piid, mod_number,
       description, naics_code, psc_code, signed_date, last_action_date, completion_date, obligated_amount,
       total_obligated, potential_value, reported_status, record_id)
    select distinct on (listed.piid)
      listed.award_id, profile.uei, mention.id, listed.kind, listed.agency_id, listed.agency_name, listed.piid,
      listed.referenced_agency_id, listed.referenced_piid, listed.mod_number, listed.description, listed.naics_code,
      listed.psc_code, listed.signed_date, listed.signed_date, listed.completion_date, listed.obligated_amount,
      coalesce(listed.total_obligated, listed.obligated_amount), listed.potential_value, listed.reported_status,
      listed.record_id
    from contractors.mentions as mention
    join contractors.contractor_profiles as profile on profile.id = mention.profile_id
    join contractors.listed_awards as listed on listed.mention_id = mention.id
    where mention.id in (${mentionIds})
      and not exists (select from contractors.awards as known where known.piid = listed.piid)
    order by listed.piid, listed.record_id desc
    on conflict (id) do nothing
  `)
}
