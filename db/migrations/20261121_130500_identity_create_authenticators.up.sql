create table identity.authenticators (
  id uuid not null default gen_random_uuid(),
  user_id uuid not null,
  user_handle bytea not null,
  credential_id bytea not null,
  credential_public_key bytea not null,
  counter bigint not null default 0,
  transports text[] not null default '{}',
  aaguid uuid not null,
  device_type text not null,
  is_backed_up boolean not null,
  friendly_name text not null default 'Primary Authenticator',
  last_used_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint authenticators_pkey primary key (id),
  constraint authenticators_credential_unique unique (credential_id),
  constraint authenticators_user_handle_length check (length(user_handle) = 32),
  constraint authenticators_credential_length check (length(credential_id) between 1 and 1023),
  constraint authenticators_public_key_length check (length(credential_public_key) between 1 and 2000),
  constraint authenticators_counter_range check (counter between 0 and 4294967295),
  constraint authenticators_transports_few check (cardinality(transports) <= 10),
  constraint authenticators_device_type_known check (device_type in ('single_device', 'multi_device')),
  constraint authenticators_backed_up_fits check (device_type = 'multi_device' or not is_backed_up),
  constraint authenticators_friendly_name_length check (length(friendly_name) between 1 and 100),
  constraint authenticators_user_id_fkey foreign key (user_id) references identity.users (id) on delete cascade
);
comment on table identity.authenticators is 'The passkeys of a user (WebAuthn): a way in of its own, and a second factor (MT-06)';
comment on column identity.authenticators.user_handle is
  'Random, the same for all passkeys of a user: what an authenticator knows him by, since it must tell nothing about him';
comment on column identity.authenticators.credential_public_key is 'COSE key (RFC 9052)';
comment on column identity.authenticators.counter is
  'Signatures that the authenticator has counted: one that goes back betrays a copy. 0 where it does not count';
comment on column identity.authenticators.aaguid is 'The model of the authenticator, as it says; zeros where it does not';
comment on column identity.authenticators.device_type is 'multi_device where its keys may be synced among a person''s devices';

create index authenticators_user_id_idx on identity.authenticators (user_id);

select platform.keep_updated_at('identity.authenticators');
alter table identity.authenticators enable row level security;
alter table identity.authenticators force row level security;
create policy authenticators_own on identity.authenticators
  for select
  using (user_id = (select platform.current_user_id()));
create policy authenticators_system on identity.authenticators
  using ((select platform.is_system()))
  with check ((select platform.is_system()));
grant select, insert, delete on identity.authenticators to commonhold_app;
grant update (counter, is_backed_up, friendly_name, last_used_at) on identity.authenticators to commonhold_app;
select audit.track(
  'identity.authenticators',
  ignore => '{user_handle,credential_id,credential_public_key,counter,is_backed_up,last_used_at,updated_at}',
  context => '{user_id,friendly_name}'
);
