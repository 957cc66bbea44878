create schema notifications;
comment on schema notifications is 'What people are told, in the console and by mail, and how they want it (MT-19)';
grant usage on schema notifications to commonhold_app, commonhold_readonly;

create table notifications.notifications (
  tenant_id uuid not null default coalesce(platform.current_tenant_id(), '00000000-0000-0000-0000-000000000000'),
  id uuid not null default platform.uuid_v7(),
  user_id uuid not null,
  kind text not null,
  title text not null,
  message text not null default '',
  link text,
  data jsonb not null default '{}',
  actor_id uuid default platform.current_user_id(),
  actor_name text default nullif(current_setting('app.request', true), '')::jsonb ->> 'name',
  read_at timestamptz,
  mail_settled_at timestamptz,
  transaction_id xid8 not null default pg_current_xact_id(),
  of_tenant_id uuid generated always as (nullif(tenant_id, '00000000-0000-0000-0000-000000000000')) stored,
  created_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp(),
  constraint notifications_pkey primary key (tenant_id, id),
  constraint notifications_kind_qualified check (kind ~ '^[a-z_]+([.][a-z0-9_]+)+$'),
  constraint notifications_title_short check (length(title) between 1 and 200),
  constraint notifications_message_short check (length(message) <= 2000),
  constraint notifications_link_leads_here check (length(link) <= 500 and link ~ '^/([^/\\[:space:][:cntrl:]][^\\[:space:][:cntrl:]]*)?$'),
  constraint notifications_data_small check (jsonb_typeof(data) = 'object' and length(data::text) <= 8192),
  constraint notifications_user_id_fkey foreign key (user_id) references identity.users (id) on delete cascade,
  constraint notifications_actor_id_fkey foreign key (actor_id) references identity.users (id) on delete set null,
  constraint notifications_tenant_id_fkey foreign key (of_tenant_id) references tenancy.tenants (id) on delete cascade
);
comment on table notifications.notifications is 'Something that one person is told (MT-19). Kept for 90 days after it was read, for a year otherwise, and the newest 1,000 of a person';
comment on column notifications.notifications.tenant_id is 'Where it happened, and the only tenant in which it is seen; the nil UUID for what concerns the person and no tenant';
comment on column notifications.notifications.kind is 'One of those that modules declare: members.joined';
comment on column notifications.notifications.message is 'What there is to say beyond the title, in plain text; empty if nothing';
comment on column notifications.notifications.link is 'A page of this installation';
comment on column notifications.notifications.data is 'For programs: ids of what it is about';
comment on column notifications.notifications.actor_id is 'Whose doing it was; null for the platform''s own';
comment on column notifications.notifications.actor_name is 'The actor''s name at that time';
comment on column notifications.notifications.read_at is 'Null while it is unread';
comment on column notifications.notifications.mail_settled_at is 'When it was mailed, or found to be none that its person wants mailed: it is not looked at again for a mail';
comment on column notifications.notifications.transaction_id is 'Tells what a reader with an earlier snapshot has not seen: ids are in order of writing, not of commit';
comment on column notifications.notifications.of_tenant_id is 'The tenant, if there is one: its deletion takes the row along';

create index notifications_user_id_idx on notifications.notifications (user_id, id desc);
create index notifications_unread_idx on notifications.notifications (user_id, id desc) where read_at is null;
create index notifications_unmailed_idx on notifications.notifications (user_id, created_at)
  where mail_settled_at is null and read_at is null;
create index notifications_actor_id_idx on notifications.notifications (actor_id) where actor_id is not null;
create index notifications_of_tenant_id_idx on notifications.notifications (of_tenant_id) where of_tenant_id is not null;
select platform.keep_updated_at('notifications.notifications');

alter table notifications.notifications enable row level security;
alter table notifications.notifications force row level security;
create policy notifications_system on notifications.notifications
  using ((select platform.is_system()))
  with check ((select platform.is_system()));
-- His own of this tenant, and those that concern no tenant; no role in the tenant shows him another's.
create policy notifications_own on notifications.notifications
  for select
  using (
    user_id = (select platform.current_user_id())
    and (
      tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid)
      or tenant_id = '00000000-0000-0000-0000-000000000000'
    )
  );
create policy notifications_own_read on notifications.notifications
  for update
  using (
    user_id = (select platform.current_user_id())
    and (
      tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid)
      or tenant_id = '00000000-0000-0000-0000-000000000000'
    )
  );
create policy notifications_own_removed on notifications.notifications
  for delete
  using (
    user_id = (select platform.current_user_id())
    and (
      tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid)
      or tenant_id = '00000000-0000-0000-0000-000000000000'
    )
  );
-- Whoever acts tells others: in the tenant where he acts, or about what concerns no tenant.
create policy notifications_told on notifications.notifications
  for insert
  with check (
    tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid)
    or (
      tenant_id = '00000000-0000-0000-0000-000000000000'
      and (select platform.current_user_id()) is not null
    )
  );
grant
  select,
  insert (tenant_id, id, user_id, kind, title, message, link, data, actor_id, actor_name),
  update (read_at, mail_settled_at),
  delete
on notifications.notifications to commonhold_app;
grant select on notifications.notifications to commonhold_readonly;

create table notifications.preferences (
  user_id uuid not null,
  digest text not null default 'daily',
  digest_hour integer not null default 8,
  digest_weekday integer not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint preferences_pkey primary key (user_id),
  constraint preferences_digest_known check (digest in ('daily', 'weekly', 'never')),
  constraint preferences_digest_hour_of_day check (digest_hour between 0 and 23),
  constraint preferences_digest_weekday_iso check (digest_weekday between 1 and 7),
  constraint preferences_user_id_fkey foreign key (user_id) references identity.users (id) on delete cascade
);
comment on table notifications.preferences is 'When a person gets what is collected for him (MT-19); who has no row gets it daily at eight. Whether he wants such mails at all stands in his profile (MT-08)';
comment on column notifications.preferences.digest is 'How often one mail tells what is new';
comment on column notifications.preferences.digest_hour is 'In the time zone of his profile';
comment on column notifications.preferences.digest_weekday is 'Of the weekly one, Monday is 1';
select platform.keep_updated_at('notifications.preferences');

create table notifications.kind_preferences (
  user_id uuid not null,
  kind text not null,
  in_console boolean not null default true,
  mail text not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint kind_preferences_pkey primary key (user_id, kind),
  constraint kind_preferences_kind_qualified check (kind ~ '^[a-z_]+([.][a-z0-9_]+)+$'),
  constraint kind_preferences_mail_known check (mail in ('at_once', 'digest', 'never')),
  constraint kind_preferences_user_id_fkey foreign key (user_id) references identity.users (id) on delete cascade
);
comment on table notifications.kind_preferences is 'How a person wants one kind of notifications, where it is another way than the module declares (MT-19)';
comment on column notifications.kind_preferences.in_console is 'Whether the console shows them';
comment on column notifications.kind_preferences.mail is 'Whether each is mailed at once, or told in the digest, or not mailed';
select platform.keep_updated_at('notifications.kind_preferences');

create table notifications.quiet_tenants (
  tenant_id uuid not null,
  user_id uuid not null,
  created_at timestamptz not null default now(),
  constraint quiet_tenants_pkey primary key (tenant_id, user_id),
  constraint quiet_tenants_tenant_id_fkey foreign key (tenant_id) references tenancy.tenants (id) on delete cascade,
  constraint quiet_tenants_user_id_fkey foreign key (user_id) references identity.users (id) on delete cascade
);
comment on table notifications.quiet_tenants is 'Tenants of which a person wants neither mails nor a count of what is new; it stands in his list still (MT-19)';
create index quiet_tenants_user_id_idx on notifications.quiet_tenants (user_id);

do $$
declare
  target text;
begin
  foreach target in array array['preferences', 'kind_preferences', 'quiet_tenants'] loop
    execute format('alter table notifications.%I enable row level security', target);
    execute format('alter table notifications.%I force row level security', target);
    execute format(
      'create policy %I on notifications.%I using ((select platform.is_system())) with check ((select platform.is_system()))',
      target || '_system', target
    );
    execute format('select audit.track(%L)', 'notifications.' || target);
  end loop;
end
$$;
create policy preferences_own on notifications.preferences
  for select
  using (user_id = (select platform.current_user_id()));
create policy kind_preferences_own on notifications.kind_preferences
  for select
  using (user_id = (select platform.current_user_id()));
create policy quiet_tenants_own on notifications.quiet_tenants
  for select
  using (
    user_id = (select platform.current_user_id())
    and tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid)
  );
grant select, insert (user_id, digest, digest_hour, digest_weekday), update (digest, digest_hour, digest_weekday)
  on notifications.preferences to commonhold_app;
grant select, insert (user_id, kind, in_console, mail), update (in_console, mail), delete
  on notifications.kind_preferences to commonhold_app;
grant select, insert (tenant_id, user_id), delete on notifications.quiet_tenants to commonhold_app;
grant select on notifications.preferences, notifications.kind_preferences, notifications.quiet_tenants
  to commonhold_readonly;

create function notifications.find_recipient(of_user_id uuid)
returns table (
  email text,
  name text,
  timezone text,
  wants_mails boolean
)
language sql
stable
begin atomic
  select
    account.email,
    coalesce(account.full_name, account.email),
    profile.timezone,
    account.is_active
      and account.is_email_verified
      and (profile.email_preferences -> 'updates') is distinct from 'false'::jsonb
  from identity.users as account
  join identity.user_profiles as profile
    on profile.user_id = account.id
  where account.id = of_user_id;
end;
comment on function notifications.find_recipient(uuid) is
  'Where a person gets mails, and whether he wants any about what happens in his tenants (MT-08)';

create function notifications.find_places(of_user_id uuid)
returns table (
  tenant_id uuid,
  name text,
  is_quiet boolean
)
language sql
stable
begin atomic
  select
    tenant.id,
    tenant.name,
    quiet.user_id is not null
  from tenancy.user_tenants as membership
  join tenancy.tenants as tenant
    on tenant.id = membership.tenant_id
  left join notifications.quiet_tenants as quiet
    on quiet.tenant_id = membership.tenant_id
    and quiet.user_id = membership.user_id
  where membership.user_id = of_user_id
    and (membership.expires_at is null or membership.expires_at > pg_catalog.now())
    and tenant.status = 'active'
  order by tenant.name, tenant.id;
end;
comment on function notifications.find_places(uuid) is
  'The open tenants of a person: what happens in others he is not told';

create function notifications.list_waiting(after_user_id uuid, at timestamptz, most integer)
returns table (
  user_id uuid,
  since timestamptz,
  timezone text,
  digest text,
  digest_hour integer,
  digest_weekday integer
)
language sql
stable
begin atomic
  select
    waiting.user_id,
    waiting.since,
    profile.timezone,
    coalesce(preference.digest, 'daily'),
    coalesce(preference.digest_hour, 8),
    coalesce(preference.digest_weekday, 1)
  from (
    select
      notification.user_id,
      pg_catalog.min(notification.created_at) as since
    from notifications.notifications as notification
    where notification.mail_settled_at is null
      and notification.read_at is null
      and notification.created_at > at - interval '15 days'
      and notification.user_id > after_user_id
    group by notification.user_id
    order by notification.user_id
    limit most
  ) as waiting
  join identity.user_profiles as profile
    on profile.user_id = waiting.user_id
  left join notifications.preferences as preference
    on preference.user_id = waiting.user_id
  order by waiting.user_id;
end;
comment on function notifications.list_waiting(uuid, timestamptz, integer) is
  'Whom something waits for that is neither read nor settled for a mail, since when, and when he gets his digest';

revoke execute on function
  notifications.find_recipient(uuid),
  notifications.find_places(uuid),
  notifications.list_waiting(uuid, timestamptz, integer)
from public;
grant execute on function
  notifications.find_recipient(uuid),
  notifications.find_places(uuid),
  notifications.list_waiting(uuid, timestamptz, integer)
to commonhold_app;
