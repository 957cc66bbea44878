-- The catalogue is written by imports alone: readers wait for a moment, nobody else.
-- squawk-ignore-file require-concurrent-index-creation, require-concurrent-index-deletion
create table contractors.agencies (
  code text not null,
  name text not null,
  constraint agencies_pkey primary key (code)
);
comment on table contractors.agencies is 'Agencies that have awarded, by their code in the Federal Procurement Data System';
comment on column contractors.agencies.name is 'As the latest imported award has it';
grant select, insert, update on contractors.agencies to commonhold_app;
grant select on contractors.agencies to commonhold_readonly;
insert into contractors.agencies (code, name)
select agency_id, max(agency_name)
from contractors.awards
where agency_name is not null
group by agency_id;

alter table contractors.contractor_profiles
  add column award_agencies text[] not null default '{}',
  add column last_award_date date;
comment on column contractors.contractor_profiles.award_agencies is 'Codes of the agencies that have awarded to it (contractors.agencies); kept with the awards, for the search';
comment on column contractors.contractor_profiles.last_award_date is 'Signature of the latest known action over all its awards; kept with the awards, for the search';
update contractors.contractor_profiles as profile
set award_agencies = awarded.agencies, last_award_date = awarded.last_action_date
from (
  select uei, array_agg(distinct agency_id order by agency_id) as agencies, max(last_action_date) as last_action_date
  from contractors.awards
  group by uei
) as awarded
where awarded.uei = profile.uei;

drop index contractors.contractor_profiles_search_idx;
create index contractor_profiles_search_idx on contractors.contractor_profiles
  using gin (search_words, state, business_types jsonb_path_ops, award_agencies, certifications);

-- Each order in which results are shown, with the id for pages: a search that finds too much to sort walks along it.
drop index contractors.contractor_profiles_search_name_idx;
create index contractor_profiles_search_name_idx on contractors.contractor_profiles (search_name text_pattern_ops, id);
create index contractor_profiles_updated_idx on contractors.contractor_profiles
  ((coalesce((last_updated_date at time zone 'UTC')::date - date '0001-01-01', -1)) desc, id);
create index contractor_profiles_awarded_idx on contractors.contractor_profiles
  ((coalesce(last_award_date - date '0001-01-01', -1)) desc, id);
create index contractor_profiles_district_idx on contractors.contractor_profiles (state, congressional_district);
create index contractor_profiles_registration_date_idx on contractors.contractor_profiles (registration_date);
create index contractor_profiles_active_idx on contractors.contractor_profiles (value_rank desc, id)
  where active_contracts_count > 0;
