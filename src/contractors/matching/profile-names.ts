import type { ClientBase } from 'pg'

/**
 * Keeps the history of names (contractors.profile_names) with what the import brought: part of its transaction, after the
 * profiles were folded. A name is never forgotten: a legal name that is not the present one any more becomes a former.
 */
export async function mergeNames(client: ClientBase): Promise<void> {
  await client.query(
    `insert into contractors.profile_names as known (uei, name, normal_name, kind, source, first_seen, last_seen)
     -- By itself: in the order of the names to come, all profiles would be read along.
     with staged as materialized (
       select r.uei, r.source, r.observed_on, p.name as present_name, p.search_name,
         r.fields ->> 'legalBusinessName' as legal_name,
         r.fields ->> 'dbaName' as dba_name,
         r.fields -> 'otherNames' as other_names
       from pg_temp.import_rows as r
       join contractors.contractor_profiles as p on p.uei = r.uei
     )
     select distinct on (said.uei, said.name)
       said.uei,
       said.name,
       case said.name when said.present_name then said.search_name else contractors.normal_name(said.name) end,
       said.kind,
       said.source,
       said.first_seen,
       said.last_seen
     from (
       select given.uei, given.present_name, given.search_name, given.name, given.kind, given.rank,
         max(given.source) as source,
         min(given.observed_on) as first_seen,
         max(given.observed_on) as last_seen
       from (
         select staged.*, legal_name as name, 'legal' as kind, 1 as rank
         from staged
         union all
         select staged.*, dba_name, 'dba', 2
         from staged
         union all
         select staged.*, jsonb_array_elements_text(other_names), 'alternative', 3
         from staged
         where jsonb_typeof(other_names) = 'array'
       ) as given
       where given.name <> ''
       group by given.uei, given.present_name, given.search_name, given.name, given.kind, given.rank
     ) as said
     order by said.uei, said.name, said.rank
     on conflict (uei, name) do update
     set kind = case when known.kind in ('legal', 'former') then known.kind else excluded.kind end,
       source = case when excluded.last_seen >= known.last_seen or known.last_seen is null then excluded.source else known.source end,
       first_seen = least(known.first_seen, excluded.first_seen),
       last_seen = greatest(known.last_seen, excluded.last_seen)
     where excluded.first_seen < known.first_seen
       or excluded.last_seen > known.last_seen
       or known.first_seen is null and excluded.first_seen is not null
       or known.kind in ('dba', 'alternative') and excluded.kind = 'legal'`,
  )
  await client.query(
    `update contractors.profile_names as n
     set kind = case n.normal_name when p.search_name then 'legal' else 'former' end
     from pg_temp.import_ueis as touched
     join contractors.contractor_profiles as p on p.uei = touched.uei
     where n.uei = touched.uei
       and n.kind in ('legal', 'former')
       and n.kind <> case n.normal_name when p.search_name then 'legal' else 'former' end`,
  )
}
