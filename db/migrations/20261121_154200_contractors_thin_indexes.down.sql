-- The catalogue is written by imports alone: readers wait for a moment, nobody else.
-- squawk-ignore-file require-concurrent-index-creation, require-concurrent-index-deletion
create index contractor_profiles_naics_code_idx on contractors.contractor_profiles (naics_code text_pattern_ops);
create index contractor_profiles_industry_value_idx on contractors.contractor_profiles (naics_code, value_rank);
create index contractor_profiles_industry_state_value_idx on contractors.contractor_profiles (naics_code, state, value_rank);
comment on index contractors.contractor_profiles_industry_value_idx is 'Leads to the contractors of an industry that are nearest in value';
comment on index contractors.contractor_profiles_industry_state_value_idx is 'The same within a state';
drop index contractors.contractor_profiles_industry_idx;

create index contractor_profiles_district_idx on contractors.contractor_profiles (state, congressional_district);
drop index contractors.contractor_profiles_state_idx;
create index contractor_profiles_state_idx on contractors.contractor_profiles (state, value_rank desc, id);

comment on index contractors.contractor_profiles_search_idx is null;
comment on index contractors.contractor_profiles_search_name_idx is null;
comment on index contractors.contractor_profiles_value_rank_idx is null;
comment on index contractors.contractor_profiles_family_rank_idx is null;
comment on index contractors.contractor_profiles_updated_idx is null;
comment on index contractors.contractor_profiles_awarded_idx is null;
comment on index contractors.contractor_profiles_active_idx is null;
comment on index contractors.contractor_profiles_city_idx is null;
comment on index contractors.contractor_profiles_registration_date_idx is null;
comment on index contractors.contractor_profiles_created_at_idx is null;
comment on index contractors.contractor_profiles_cage_code_idx is null;
comment on index contractors.contractor_profiles_merged_into_idx is null;
comment on index contractors.contractor_profiles_parent_uei_idx is null;
comment on index contractors.contractor_profiles_family_uei_idx is null;
