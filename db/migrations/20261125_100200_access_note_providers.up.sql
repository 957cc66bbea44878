-- squawk-ignore-file require-concurrent-index-creation
alter table access.api_keys add column provider_id uuid;
comment on column access.api_keys.provider_id is
  'The tenant''s identity provider, where it alone said who made the key: what ends the sessions that came by it ends the key too (AG-04). No foreign key, for that module stands above this one';
create index api_keys_provider_id_idx on access.api_keys (tenant_id, provider_id) where provider_id is not null;
grant select (provider_id) on access.api_keys to commonhold_app, commonhold_readonly;
