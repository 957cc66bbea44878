-- Makes the view filled: on a catalogue of 900,000 contractors and 5 million awards that takes half a minute, in which
-- nobody who reads or writes waits. Nobody reads the view before its index is there.
-- squawk-ignore-file require-concurrent-index-creation
create materialized view contractors.contractor_profile_summary as
with shown as not materialized (
  -- What a search finds unless asked for more.
  select
    id, name, state, naics_code, business_types, award_agencies, coalesce(registration_status, '') as registration_status,
    total_contract_value, active_contracts_count, completed_contracts_count,
    case
      when total_contract_value is null or total_contract_value <= 0 then '0'
      when total_contract_value < 250000 then '1'
      when total_contract_value < 1000000 then '2'
      when total_contract_value < 10000000 then '3'
      when total_contract_value < 100000000 then '4'
      when total_contract_value < 1000000000 then '5'
      else '6'
    end as size
  from contractors.contractor_profiles
  where not is_hidden
    and not is_placeholder
    and merged_into is null
),
by_profile as (
  select
    case grouping(state, sector, naics_3, naics_4, naics_5, naics_code, registration_status, size)
      when 127 then 'state'
      when 191 then 'naics_2'
      when 223 then 'naics_3'
      when 239 then 'naics_4'
      when 247 then 'naics_5'
      when 251 then 'naics_6'
      when 253 then 'status'
      when 254 then 'size'
      else 'total'
    end as dimension,
    coalesce(state, sector, naics_3, naics_4, naics_5, naics_code, registration_status, size, '') as key,
    count(*) as profile_count,
    count(*) filter (where active_contracts_count > 0) as active_profile_count,
    coalesce(sum(active_contracts_count + completed_contracts_count), 0) as award_count,
    coalesce(sum(active_contracts_count), 0) as active_award_count,
    coalesce(sum(total_contract_value), 0) as obligated
  from (
    select
      *,
      case
        when left(naics_code, 2) in ('31', '32', '33') then '31-33'
        when left(naics_code, 2) in ('44', '45') then '44-45'
        when left(naics_code, 2) in ('48', '49') then '48-49'
        else left(naics_code, 2)
      end as sector,
      left(naics_code, 3) as naics_3,
      left(naics_code, 4) as naics_4,
      left(naics_code, 5) as naics_5
    from shown
  ) as placed
  group by grouping sets (
    (), (state), (sector), (naics_3), (naics_4), (naics_5), (naics_code), (registration_status), (size)
  )
),
by_type as (
  select
    'business_type' as dimension,
    type as key,
    count(*) as profile_count,
    count(*) filter (where active_contracts_count > 0) as active_profile_count,
    coalesce(sum(active_contracts_count + completed_contracts_count), 0) as award_count,
    coalesce(sum(active_contracts_count), 0) as active_award_count,
    coalesce(sum(total_contract_value), 0) as obligated
  from shown
  cross join lateral jsonb_array_elements_text(business_types) as type
  group by type
),
-- Once through all awards, which several processes may share; both counts are made from these few thousand groups.
awarded as (
  select
    agency_id,
    extract(year from signed_date + interval '3 months')::integer as fiscal_year,
    count(*) as award_count,
    count(*) filter (where completion_date >= current_date) as active_award_count,
    coalesce(sum(total_obligated), 0) as obligated
  from contractors.awards as award
  where not exists (
    select
    from contractors.contractor_profiles as unshown
    where unshown.uei = award.uei
      and (unshown.is_hidden or unshown.is_placeholder)
  )
  group by 1, 2
),
by_award as (
  select
    case grouping(agency_id, fiscal_year) when 1 then 'agency' else 'fiscal_year' end as dimension,
    coalesce(agency_id, fiscal_year::text, '') as key,
    sum(award_count) as award_count,
    sum(active_award_count) as active_award_count,
    sum(obligated) as obligated
  from awarded
  group by grouping sets ((agency_id), (fiscal_year))
),
-- Contractors of an agency by what the fold keeps of each: telling them apart among five million awards would take a minute.
by_agency as (
  select
    agency_id,
    count(*) as profile_count
  from shown
  cross join lateral unnest(award_agencies) as agency_id
  group by agency_id
),
top_profiles as (
  select
    'contractor' as dimension,
    id::text as key,
    name as label,
    1 as profile_count,
    (active_contracts_count > 0)::integer as active_profile_count,
    active_contracts_count + completed_contracts_count as award_count,
    active_contracts_count as active_award_count,
    total_contract_value as obligated
  from shown
  where total_contract_value is not null
  order by total_contract_value desc, id
  limit 100
),
counted as (
  select dimension, key, null as label, profile_count, active_profile_count, award_count, active_award_count, obligated
  from by_profile
  union all
  select
    dimension, key, null as label, profile_count, active_profile_count, award_count, active_award_count, obligated
  from by_type
  union all
  select
    dimension, key, null as label, by_agency.profile_count, null as active_profile_count, award_count,
    active_award_count, obligated
  from by_award
  left join by_agency on by_award.dimension = 'agency' and by_agency.agency_id = by_award.key
  union all
  select dimension, key, label, profile_count, active_profile_count, award_count, active_award_count, obligated
  from top_profiles
)
select
  counted.dimension,
  counted.key,
  coalesce(
    counted.label,
    case
      when counted.dimension like 'naics%' then (
        select naics.title
        from contractors.naics_codes as naics
        where naics.code = counted.key
        order by naics.edition desc
        limit 1
      )
      when counted.dimension = 'business_type' then (
        select type.name
        from contractors.business_types as type
        where type.code = counted.key
      )
      when counted.dimension = 'agency' then (
        select agency.name
        from contractors.agencies as agency
        where agency.code = counted.key
      )
    end
  ) as label,
  counted.profile_count::bigint as profile_count,
  counted.active_profile_count::bigint as active_profile_count,
  counted.award_count::bigint as award_count,
  counted.active_award_count::bigint as active_award_count,
  counted.obligated::numeric(20, 2) as obligated
from counted;
comment on materialized view contractors.contractor_profile_summary is
  'GG-22: the catalogue counted for the dashboard, refreshed hourly; no row of any tenant. Contractors are those that a search finds unless asked for more';
comment on column contractors.contractor_profile_summary.dimension is
  'total, state, naics_2 (the sector) to naics_6, status, size, business_type, agency, fiscal_year, contractor (the 100 with most obligated)';
comment on column contractors.contractor_profile_summary.key is
  'Empty where the contractor or award has none. A size is a range of the total contract value: 0 none, then up to 250,000, 1, 10, 100 and 1,000 million, 6 above';
comment on column contractors.contractor_profile_summary.profile_count is 'Empty by fiscal year, in which contractors are not told apart';
comment on column contractors.contractor_profile_summary.active_profile_count is 'With an award that is not completed; empty by fiscal year and agency';
comment on column contractors.contractor_profile_summary.obligated is
  'US dollars; by fiscal year (which begins in October) all that awards signed in it have obligated since';
create unique index contractor_profile_summary_key on contractors.contractor_profile_summary (dimension, key);

create table contractors.summary_refreshes (
  id uuid not null default platform.uuid_v7(),
  status text not null default 'running',
  requested_by text,
  failure text,
  started_at timestamptz(3) not null default now(),
  finished_at timestamptz(3),
  constraint summary_refreshes_pkey primary key (id),
  constraint summary_refreshes_status_known check (status in ('running', 'done', 'failed')),
  constraint summary_refreshes_requested_by_length check (length(requested_by) <= 255)
);
comment on table contractors.summary_refreshes is 'Each refresh of contractor_profile_summary of the last 30 days (GG-22)';
comment on column contractors.summary_refreshes.status is 'A refresh whose process was killed stays running until the next one begins, which calls it failed';
comment on column contractors.summary_refreshes.requested_by is 'Who asked for it at the command line or in the console; empty: the hour';
create index summary_refreshes_started_at_idx on contractors.summary_refreshes (started_at desc);

create table contractors.summary_turn (
  is_only boolean not null default true,
  constraint summary_turn_pkey primary key (is_only),
  constraint summary_turn_is_one check (is_only)
);
comment on table contractors.summary_turn is 'One row: whoever has it locked refreshes the summary. The lock goes with his connection';
insert into contractors.summary_turn default values;

-- Security definer: who refreshes a view must own it, which the program does not.
create function contractors.refresh_profile_summary(refresh_id uuid)
returns boolean
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
-- So that the groups of all dimensions are counted in one pass.
set work_mem = '64MB'
as $$
begin
  begin
    perform from contractors.summary_turn for update nowait;
  exception when lock_not_available then
    return false;
  end;
  update contractors.summary_refreshes
  set status = 'failed', finished_at = now(), failure = 'The program that did it was stopped.'
  where status = 'running'
    and id <> refresh_id;
  refresh materialized view concurrently contractors.contractor_profile_summary;
  update contractors.summary_refreshes
  set status = 'done', finished_at = clock_timestamp()
  where id = refresh_id;
  return true;
end
$$;
comment on function contractors.refresh_profile_summary(uuid) is
  'GG-22: fills the summary anew while it is read; false at once where somebody is at it already. The row of summary_refreshes is made before, in a transaction of its own';
revoke execute on function contractors.refresh_profile_summary(uuid) from public;
grant execute on function contractors.refresh_profile_summary(uuid) to commonhold_app;

grant select on contractors.contractor_profile_summary to commonhold_app, commonhold_readonly;
grant select, insert, delete on contractors.summary_refreshes to commonhold_app;
grant update (status, failure, finished_at) on contractors.summary_refreshes to commonhold_app;
grant select on contractors.summary_refreshes, contractors.summary_turn to commonhold_readonly;
