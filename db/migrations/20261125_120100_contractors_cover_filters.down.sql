-- squawk-ignore-file require-concurrent-index-creation, require-concurrent-index-deletion
create index contractor_profiles_value_idx
  on contractors.contractor_profiles (
    value_rank desc, id, state, congressional_district, naics_code text_pattern_ops, registration_status, registration_date,
    active_contracts_count
  )
  where not is_hidden and merged_into is null;
comment on index contractors.contractor_profiles_value_idx is
  'The orders by value and by relevance, down which a search walks, with the filters by value, state, district, industry, status, registration and active contracts';
drop index contractors.contractor_profiles_filters_idx;
