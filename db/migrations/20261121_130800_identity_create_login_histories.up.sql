create table identity.login_histories (
  id uuid not null default platform.uuid_v7(),
  user_id uuid not null,
  ip_address inet,
  user_agent text,
  device text not null,
  location jsonb,
  status text not null,
  failure_reason text,
  methods text[] not null default '{}',
  session_id uuid,
  created_at timestamptz not null default now(),
  constraint login_histories_pkey primary key (created_at, id),
  constraint login_histories_status_known check (status in ('success', 'failed')),
  constraint login_histories_failure_has_reason check ((status = 'failed') = (failure_reason is not null)),
  constraint login_histories_location_object check (jsonb_typeof(location) = 'object'),
  constraint login_histories_user_id_fkey foreign key (user_id) references identity.users (id) on delete cascade
) partition by range (created_at);
comment on table identity.login_histories is
  'Sign-ins to an account, those that failed too (MT-09). The program only appends; the rows go with the user''s erasure. Who names an unknown address has none';
comment on column identity.login_histories.device is 'Browser and system in words, as the agent was understood at that time';
comment on column identity.login_histories.location is 'Coarse place of the address, {city, region, country, countryCode} as far as known; null without a file of places';
comment on column identity.login_histories.methods is 'How the user proved who he is: password, totp, backup_code, passkey, google, trusted_device';
comment on column identity.login_histories.session_id is 'The session that began; it is removed 30 days after its end, so this is no foreign key';

create index login_histories_user_id_idx on identity.login_histories (user_id, created_at, id);
create index login_histories_created_at_idx on identity.login_histories (created_at);

alter table identity.login_histories enable row level security;
alter table identity.login_histories force row level security;
create policy login_histories_system on identity.login_histories
  using ((select platform.is_system()))
  with check ((select platform.is_system()));
create policy login_histories_own on identity.login_histories
  for select
  using (user_id = (select platform.current_user_id()));
grant select, insert on identity.login_histories to commonhold_app;

select platform.ensure_month_partitions('identity.login_histories', 3);
