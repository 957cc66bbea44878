-- The catalogue is written by imports alone: readers wait for a moment, nobody else.
-- squawk-ignore-file require-concurrent-index-creation, require-concurrent-index-deletion
alter table contractors.contractor_profiles reset (autovacuum_vacuum_scale_factor, autovacuum_analyze_scale_factor);

drop index contractors.contractor_profiles_search_idx;
create index contractor_profiles_search_idx on contractors.contractor_profiles
  using gin (search_words, state, business_types jsonb_path_ops, award_agencies, certifications);
comment on index contractors.contractor_profiles_search_idx is
  'Words of names, together with the filters that narrow them most: one scan instead of several that are intersected';

create index contractor_profiles_value_rank_idx on contractors.contractor_profiles (value_rank desc, id);
create index contractor_profiles_state_idx
  on contractors.contractor_profiles (state, value_rank desc, id, congressional_district);
create index contractor_profiles_active_idx on contractors.contractor_profiles (value_rank desc, id)
  where active_contracts_count > 0;
create index contractor_profiles_registration_date_idx on contractors.contractor_profiles (registration_date);
comment on index contractors.contractor_profiles_value_rank_idx is
  'The order by value, and that by relevance where a search finds too much to sort; the bounds of the value';
comment on index contractors.contractor_profiles_state_idx is
  'The filters by state and by district; and the walk down a state by value, where a search finds too much to sort';
comment on index contractors.contractor_profiles_active_idx is
  'The filter by active contracts, in the order by value; as small as those who have any are few';
comment on index contractors.contractor_profiles_registration_date_idx is 'The filter by first registration: who is new';
drop index contractors.contractor_profiles_value_idx;
