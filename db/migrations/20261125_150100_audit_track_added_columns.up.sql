-- Columns were added to these, and what logs their changes did not know them: a change of the new column alone was no change.
select audit.track(
  'access.api_keys',
  redact => '{secret_hash}',
  ignore => '{last_used_at,last_used_address,end_told_at}',
  context => '{name,user_id}'
);
select audit.track(
  'federation.scim_users',
  redact => '{user_name,external_id,attributes,addresses}',
  ignore => '{updated_at,version}',
  context => '{user_id,provider_id}'
);
select audit.track('federation.scim_groups', ignore => '{updated_at,version}', context => '{provider_id}');
