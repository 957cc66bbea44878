-- Who has awards comes first in each industry: counts that look for 10,000 contractors of an agency read past 135,000 that have
-- none, since those stood in front.
-- Imports, which fill this table, take turns with this; nobody else writes it.
-- squawk-ignore-file require-concurrent-index-creation, require-concurrent-index-deletion
drop index contractors.contractor_profiles_industry_idx;
create index contractor_profiles_industry_idx
  on contractors.contractor_profiles (naics_code text_pattern_ops, value_rank desc, state);
comment on index contractors.contractor_profiles_industry_idx is
  'The filter by industry; and the contractors of an industry, in the country or a state, that are nearest in value: those similar to one';
