-- The table is young and small: a moment of a lock is no harm.
-- squawk-ignore-file constraint-missing-not-valid, require-concurrent-index-creation
alter table oauth.grants
  add column provider_id uuid,
  drop constraint grants_revoked_reason_known,
  add constraint grants_revoked_reason_known check (
    revoked_reason in ('user', 'administrator', 'client', 'replay', 'replaced', 'signed_out', 'provider')
  ) not valid;
alter table oauth.grants validate constraint grants_revoked_reason_known;
comment on column oauth.grants.provider_id is
  'The tenant''s identity provider, where it alone said who allowed it: what ends the sessions that came by it ends this too (AG-04). No foreign key, for that module stands above this one';
comment on column oauth.grants.revoked_reason is
  'client: the application gave it back, what was allowed is remembered. replay: a code or refresh token came twice. replaced: by one with more scopes. provider: the identity provider of provider_id was switched off, or this way in was';
create index grants_provider_id_idx on oauth.grants (tenant_id, provider_id) where provider_id is not null;
