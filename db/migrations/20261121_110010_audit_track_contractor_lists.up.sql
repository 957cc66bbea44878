-- Not the catalogue (an import is one event) and not the activity of lists (a log itself).
select audit.track('contractors.contractor_lists', context => '{name}');
select audit.track(
  'contractors.contractor_list_shares',
  redact => '{access_token_hash}',
  ignore => '{last_accessed_at}',
  context => '{list_id}'
);
select audit.track(
  'contractors.contractor_list_items',
  ignore => '{last_viewed_at,view_count}',
  context => '{list_id,contractor_profile_id}'
);
