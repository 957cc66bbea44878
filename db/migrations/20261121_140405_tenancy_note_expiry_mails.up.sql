-- As many rows as there are memberships: indexed within seconds, in the migration's own transaction.
-- squawk-ignore-file require-concurrent-index-creation
alter table tenancy.user_tenants
  add column expiry_announced timestamptz,
  add column expiry_reported timestamptz;
comment on column tenancy.user_tenants.expires_at is 'From this second on it gives no access; the row stays, and may be given another end (GG-04)';
comment on column tenancy.user_tenants.expiry_announced is 'The end of which the member and the owners were told while it was to come; another end is told anew';
comment on column tenancy.user_tenants.expiry_reported is 'The end of which they were told once it had come';
create index user_tenants_expires_at_idx on tenancy.user_tenants (expires_at) where expires_at is not null;
grant update (expiry_announced, expiry_reported) on tenancy.user_tenants to commonhold_app;
select audit.track(
  'tenancy.user_tenants', ignore => '{updated_at,expiry_announced,expiry_reported}', context => '{user_id}'
);
