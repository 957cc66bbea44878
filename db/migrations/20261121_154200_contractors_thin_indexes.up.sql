-- Each index is written with every contractor that an import changes. Two do the work of five: equality and beginnings of an
-- industry are both found by text_pattern_ops, and a condition on a later column is looked at in the index itself.
-- Imports, which fill this table, take turns with this; nobody else writes it.
-- squawk-ignore-file require-concurrent-index-creation, require-concurrent-index-deletion
create index contractor_profiles_industry_idx
  on contractors.contractor_profiles (naics_code text_pattern_ops, value_rank, state);
drop index contractors.contractor_profiles_naics_code_idx;
drop index contractors.contractor_profiles_industry_value_idx;
drop index contractors.contractor_profiles_industry_state_value_idx;

drop index contractors.contractor_profiles_state_idx;
create index contractor_profiles_state_idx
  on contractors.contractor_profiles (state, value_rank desc, id, congressional_district);
drop index contractors.contractor_profiles_district_idx;

comment on index contractors.contractor_profiles_industry_idx is
  'The filter by industry; and the contractors of an industry, in the country or a state, that are nearest in value: those similar to one';
comment on index contractors.contractor_profiles_state_idx is
  'The filters by state and by district; and the walk down a state by value, where a search finds too much to sort';
comment on index contractors.contractor_profiles_search_idx is
  'Words of names, together with the filters that narrow them most: one scan instead of several that are intersected';
comment on index contractors.contractor_profiles_search_name_idx is
  'Names that are or begin with what was typed, and the order by name';
comment on index contractors.contractor_profiles_value_rank_idx is
  'The order by value, and that by relevance where a search finds too much to sort; the bounds of the value';
comment on index contractors.contractor_profiles_family_rank_idx is 'The order by value of families, of a search that rolls up';
comment on index contractors.contractor_profiles_updated_idx is 'The order by latest update';
comment on index contractors.contractor_profiles_awarded_idx is 'The order by latest award';
comment on index contractors.contractor_profiles_active_idx is
  'The filter by active contracts, in the order by value; as small as those who have any are few';
comment on index contractors.contractor_profiles_city_idx is 'The filter by city';
comment on index contractors.contractor_profiles_registration_date_idx is 'The filter by first registration: who is new';
comment on index contractors.contractor_profiles_created_at_idx is
  'Who has come since a saved search was looked at; an import makes them at few moments, so that it stays small';
comment on index contractors.contractor_profiles_cage_code_idx is 'The search for a CAGE code, and mentions that have one';
comment on index contractors.contractor_profiles_merged_into_idx is 'Whom a contractor has absorbed; and the foreign key';
comment on index contractors.contractor_profiles_parent_uei_idx is 'Who has this parent';
comment on index contractors.contractor_profiles_family_uei_idx is 'Who is below the top of this family';
