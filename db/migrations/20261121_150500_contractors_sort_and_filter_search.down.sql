-- The catalogue is written by imports alone: readers wait for a moment, nobody else.
-- squawk-ignore-file require-concurrent-index-creation, require-concurrent-index-deletion
drop index contractors.contractor_profiles_active_idx;
drop index contractors.contractor_profiles_registration_date_idx;
drop index contractors.contractor_profiles_district_idx;
drop index contractors.contractor_profiles_awarded_idx;
drop index contractors.contractor_profiles_updated_idx;
drop index contractors.contractor_profiles_search_name_idx;
create index contractor_profiles_search_name_idx on contractors.contractor_profiles (search_name text_pattern_ops);
drop index contractors.contractor_profiles_search_idx;
alter table contractors.contractor_profiles
  drop column last_award_date,
  drop column award_agencies;
drop table contractors.agencies;
create index contractor_profiles_search_idx on contractors.contractor_profiles
  using gin (search_words, state, business_types jsonb_path_ops);
