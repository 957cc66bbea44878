-- Imports, which fill these tables, take turns with this; nobody else writes them.
-- squawk-ignore-file require-concurrent-index-creation
create index contractor_profiles_industry_value_idx on contractors.contractor_profiles (naics_code, value_rank);
create index contractor_profiles_industry_state_value_idx on contractors.contractor_profiles (naics_code, state, value_rank);
comment on index contractors.contractor_profiles_industry_value_idx is 'Leads to the contractors of an industry that are nearest in value';
comment on index contractors.contractor_profiles_industry_state_value_idx is 'The same within a state';

create index awards_agency_industry_idx on contractors.awards (agency_id, naics_code, total_obligated desc)
  where total_obligated is not null;
comment on index contractors.awards_agency_industry_idx is 'Who holds the most dollars of an agency in an industry';
