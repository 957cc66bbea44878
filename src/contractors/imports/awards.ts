import type { ClientBase } from 'pg'

/** Actions of an award, the latest first: by signature, then by number of modification ("P2" before "P10"). */
const latestFirst = `coalesce(signed_date, '-infinity') desc,
         length(coalesce(mod_number, '')) desc,
         mod_number collate "C" desc nulls last,
         source,
         id`

/**
 * Works out every award that has an action in staging, from all its actions there. The caller has staged those actions
 * that were in the raw records already.
 */
export async function mergeAwards(client: ClientBase): Promise<void> {
  // The award may leave a contractor: his sums change as well.
  await client.query(
    `insert into pg_temp.import_ueis (uei)
     select distinct a.uei
     from contractors.awards as a
     join pg_temp.import_rows as r on r.award_id = a.id
     on conflict do nothing`,
  )
  await client.query(
    `insert into contractors.awards as a
       (id, uei, kind, agency_id, agency_name, piid, referenced_agency_id, referenced_piid, mod_number, description,
        naics_code, psc_code, signed_date, last_action_date, completion_date, obligated_amount, total_obligated,
        potential_value, reported_status, record_id, place_country, place_state, place_city)
     select latest.award_id, latest.uei, latest.kind, latest.agency_id, span.agency_name, latest.piid,
       latest.referenced_agency_id, latest.referenced_piid, latest.mod_number, latest.description, latest.naics_code,
       latest.psc_code, span.first_signed, latest.signed_date, latest.completion_date, latest.obligated_amount,
       latest.total_obligated, latest.potential_value, latest.reported_status, latest.id,
       nullif(record.data ->> 'pop_country', ''), nullif(upper(record.data ->> 'pop_state'), ''),
       nullif(upper(record.data ->> 'pop_city'), '')
     from (
       select distinct on (award_id)
         award_id, uei, kind, agency_id, piid, referenced_agency_id, referenced_piid, mod_number, description,
         naics_code, psc_code, signed_date, completion_date, obligated_amount, total_obligated, potential_value,
         reported_status, id
       from pg_temp.import_rows
       where award_id is not null
       order by award_id, ${latestFirst}
     ) as latest
     join (
       select award_id, min(signed_date) as first_signed, max(agency_name) as agency_name
       from pg_temp.import_rows
       where award_id is not null
       group by award_id
     ) as span on span.award_id = latest.award_id
     join contractors.contractors as record on record.id = latest.id
     on conflict (id) do update
     set uei = excluded.uei,
       kind = excluded.kind,
       agency_name = excluded.agency_name,
       mod_number = excluded.mod_number,
       description = excluded.description,
       naics_code = excluded.naics_code,
       psc_code = excluded.psc_code,
       signed_date = excluded.signed_date,
       last_action_date = excluded.last_action_date,
       completion_date = excluded.completion_date,
       obligated_amount = excluded.obligated_amount,
       total_obligated = excluded.total_obligated,
       potential_value = excluded.potential_value,
       reported_status = excluded.reported_status,
       record_id = excluded.record_id,
       place_country = excluded.place_country,
       place_state = excluded.place_state,
       place_city = excluded.place_city`,
  )
  await client.query(
    `insert into contractors.agencies as a (code, name)
     select agency_id, max(agency_name)
     from pg_temp.import_rows
     where award_id is not null
       and agency_name is not null
     group by agency_id
     on conflict (code) do update
     set name = excluded.name
     where a.name <> excluded.name`,
  )
  // The latest action does not always state a total (FPDS omits it on a base award): the last stated one and what was
  // obligated since, else all that was obligated. An action that two sources report counts once.
  await client.query(
    `with actions as (
       select r.award_id, r.obligated_amount, r.total_obligated,
         row_number() over (partition by r.award_id order by ${latestFirst}) as place
       from (
         select distinct on (award_id, mod_number) *
         from pg_temp.import_rows
         where award_id in (select id from contractors.awards where total_obligated is null)
         order by award_id, mod_number, (total_obligated is null), source, id
       ) as r
     ),
     stated as (
       select award_id, min(place) as place
       from actions
       where total_obligated is not null
       group by award_id
     )
     update contractors.awards as a
     set total_obligated = sums.total
     from (
       select x.award_id,
         sum(case when x.place = s.place then x.total_obligated else x.obligated_amount end) as total
       from actions as x
       left join stated as s on s.award_id = x.award_id
       where s.place is null or x.place <= s.place
       group by x.award_id
     ) as sums
     where a.id = sums.award_id
       and sums.total is not null`,
  )
}

/** The raw records of the staged awards that are not staged themselves, to be staged in their turn. */
export const storedActions = `
  select c.id, c.source, c.source_id, c.uei, c.data
  from (
    select distinct r.agency_id || '|' || r.piid || '|' || coalesce(r.referenced_agency_id, '') || '|'
      || coalesce(r.referenced_piid, '') as key
    from pg_temp.import_rows as r
    join contractors.awards as a on a.id = r.award_id
  ) as award
  cross join unnest($1::text[]) as known (source)
  join contractors.contractors as c
    on c.source = known.source
    and c.source_id >= award.key || '|'
    and c.source_id < award.key || '}'
  where not exists (select from pg_temp.import_rows as r where r.id = c.id)`
