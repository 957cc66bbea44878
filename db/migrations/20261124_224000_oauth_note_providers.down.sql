-- The table is young and small: a moment of a lock is no harm.
-- squawk-ignore-file constraint-missing-not-valid, require-concurrent-index-deletion, ban-drop-column
drop index oauth.grants_provider_id_idx;
update oauth.grants
set revoked_reason = 'administrator'
where revoked_reason = 'provider';
alter table oauth.grants
  drop column provider_id,
  drop constraint grants_revoked_reason_known,
  add constraint grants_revoked_reason_known check (
    revoked_reason in ('user', 'administrator', 'client', 'replay', 'replaced', 'signed_out')
  ) not valid;
alter table oauth.grants validate constraint grants_revoked_reason_known;
comment on column oauth.grants.revoked_reason is
  'client: the application gave it back, what was allowed is remembered. replay: a code or refresh token came twice. replaced: by one with more scopes';
