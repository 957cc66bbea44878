create table federation.provisionings (
  tenant_id uuid not null,
  provider_id uuid not null,
  service_id uuid not null,
  created_by uuid,
  created_at timestamptz not null default now(),
  constraint provisionings_pkey primary key (tenant_id, provider_id),
  constraint provisionings_service_unique unique (tenant_id, service_id),
  constraint provisionings_provider_id_fkey foreign key (tenant_id, provider_id)
    references federation.iam_providers (tenant_id, id) on delete cascade,
  constraint provisionings_service_id_fkey foreign key (tenant_id, service_id)
    references access.service_accounts (tenant_id, id) on delete cascade,
  constraint provisionings_created_by_fkey foreign key (created_by) references identity.users (id) on delete set null
);
comment on table federation.provisionings is
  'The service account whose API keys are the SCIM tokens of a provider: no other key, and no person, speaks for its directory (AG-05)';
create index provisionings_created_by_idx on federation.provisionings (created_by) where created_by is not null;
select platform.isolate('federation.provisionings');
create policy provisionings_system on federation.provisionings for select using ((select platform.is_system()));
grant select, insert, delete on federation.provisionings to commonhold_app;
grant select on federation.provisionings to commonhold_readonly;
select audit.track('federation.provisionings', context => '{provider_id}');

create table federation.scim_users (
  tenant_id uuid not null,
  id uuid not null default gen_random_uuid(),
  provider_id uuid not null,
  user_id uuid,
  mapping_id uuid,
  invitation_id uuid,
  user_name text not null,
  external_id text,
  is_active boolean not null default true,
  attributes jsonb not null default '{}',
  addresses text[] not null default '{}',
  version integer not null default 1,
  made_account boolean not null default false,
  ended_membership boolean not null default false,
  membership_end timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  deleted_at timestamptz,
  constraint scim_users_pkey primary key (tenant_id, id),
  constraint scim_users_user_name_length check (length(user_name) between 1 and 255),
  constraint scim_users_external_id_length check (length(external_id) between 1 and 255),
  constraint scim_users_attributes_object check (jsonb_typeof(attributes) = 'object' and length(attributes::text) <= 100000),
  constraint scim_users_addresses_bounded check (cardinality(addresses) <= 100),
  constraint scim_users_version_counted check (version >= 1),
  constraint scim_users_end_was_ended check (ended_membership or membership_end is null),
  constraint scim_users_deleted_is_inactive check (deleted_at is null or not is_active),
  constraint scim_users_provider_id_fkey foreign key (tenant_id, provider_id)
    references federation.iam_providers (tenant_id, id) on delete cascade,
  constraint scim_users_user_id_fkey foreign key (user_id) references identity.users (id) on delete cascade,
  constraint scim_users_mapping_id_fkey foreign key (tenant_id, mapping_id)
    references federation.iam_user_mappings (tenant_id, id) on delete set null (mapping_id),
  constraint scim_users_invitation_id_fkey foreign key (tenant_id, invitation_id)
    references members.invitations (tenant_id, id) on delete set null (invitation_id)
);
comment on table federation.scim_users is
  'A person as the directory of a provider tells of him (RFC 7643): what it says of him is its own, and changes no account that it did not make';
comment on column federation.scim_users.user_id is 'Who he is here; null until he has agreed, by an invitation or a sign-in through the provider';
comment on column federation.scim_users.mapping_id is 'The same person as he signs in through the provider, where the directory told the subject as externalId';
comment on column federation.scim_users.invitation_id is 'What he was sent where the address is an account''s already, or not of the tenant''s own domains';
comment on column federation.scim_users.user_name is 'As the directory writes it; compared in any case';
comment on column federation.scim_users.is_active is 'As the directory told last';
comment on column federation.scim_users.attributes is 'What else it told of him, in the form of RFC 7643; never a password';
comment on column federation.scim_users.addresses is 'The values of its emails in lower case, for looking up';
comment on column federation.scim_users.version is 'Counts its changes: the entity tag';
comment on column federation.scim_users.made_account is 'The account was made for this entry: its name follows the directory while the domain is the tenant''s';
comment on column federation.scim_users.ended_membership is 'The directory ended the membership, and brings it back when he is active again';
comment on column federation.scim_users.membership_end is 'What end the membership had before that';
comment on column federation.scim_users.deleted_at is 'The directory deleted him: it does not find him any more, the log still knows him';
create unique index scim_users_user_name_unique on federation.scim_users (tenant_id, provider_id, lower(user_name))
  where deleted_at is null;
create unique index scim_users_external_id_unique on federation.scim_users (tenant_id, provider_id, external_id)
  where deleted_at is null;
create unique index scim_users_user_unique on federation.scim_users (tenant_id, provider_id, user_id)
  where deleted_at is null;
create index scim_users_listed_idx on federation.scim_users (tenant_id, provider_id, created_at, id);
create index scim_users_addresses_idx on federation.scim_users using gin (tenant_id, addresses)
  where deleted_at is null;
create index scim_users_user_id_idx on federation.scim_users (user_id) where user_id is not null;
create index scim_users_mapping_id_idx on federation.scim_users (tenant_id, mapping_id) where mapping_id is not null;
create index scim_users_invitation_id_idx on federation.scim_users (tenant_id, invitation_id) where invitation_id is not null;
select platform.keep_updated_at('federation.scim_users');
select platform.isolate('federation.scim_users');
create policy scim_users_system on federation.scim_users for select using ((select platform.is_system()));
grant select, insert on federation.scim_users to commonhold_app;
grant update (
  user_id, mapping_id, invitation_id, user_name, external_id, is_active, attributes, addresses, version, made_account,
  ended_membership, membership_end, deleted_at
) on federation.scim_users to commonhold_app;
grant select on federation.scim_users to commonhold_readonly;
select audit.track(
  'federation.scim_users',
  redact => '{user_name,external_id,attributes,addresses}',
  ignore => '{updated_at,version}',
  context => '{user_id,provider_id}'
);

create table federation.scim_groups (
  tenant_id uuid not null,
  id uuid not null default gen_random_uuid(),
  provider_id uuid not null,
  display_name text not null,
  external_id text,
  version integer not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint scim_groups_pkey primary key (tenant_id, id),
  constraint scim_groups_of_provider unique (tenant_id, provider_id, id),
  constraint scim_groups_display_name_length check (length(display_name) between 1 and 500),
  constraint scim_groups_external_id_length check (length(external_id) between 1 and 255),
  constraint scim_groups_version_counted check (version >= 1),
  constraint scim_groups_provider_id_fkey foreign key (tenant_id, provider_id)
    references federation.iam_providers (tenant_id, id) on delete cascade
);
comment on table federation.scim_groups is 'A group as the directory of a provider pushes it (RFC 7643, 4.2)';
create unique index scim_groups_display_name_unique on federation.scim_groups (tenant_id, provider_id, lower(display_name));
create unique index scim_groups_external_id_unique on federation.scim_groups (tenant_id, provider_id, external_id);
create index scim_groups_listed_idx on federation.scim_groups (tenant_id, provider_id, created_at, id);
select platform.keep_updated_at('federation.scim_groups');
select platform.isolate('federation.scim_groups');
create policy scim_groups_system on federation.scim_groups for select using ((select platform.is_system()));
grant select, insert, delete on federation.scim_groups to commonhold_app;
grant update (display_name, external_id, version) on federation.scim_groups to commonhold_app;
grant select on federation.scim_groups to commonhold_readonly;
select audit.track('federation.scim_groups', ignore => '{updated_at,version}', context => '{provider_id}');

create table federation.scim_group_members (
  tenant_id uuid not null,
  group_id uuid not null,
  scim_user_id uuid not null,
  created_at timestamptz not null default now(),
  constraint scim_group_members_pkey primary key (tenant_id, group_id, scim_user_id),
  constraint scim_group_members_group_id_fkey foreign key (tenant_id, group_id)
    references federation.scim_groups (tenant_id, id) on delete cascade,
  constraint scim_group_members_scim_user_id_fkey foreign key (tenant_id, scim_user_id)
    references federation.scim_users (tenant_id, id) on delete cascade
);
comment on table federation.scim_group_members is 'Who is in which group, as the directory told last';
create index scim_group_members_scim_user_id_idx on federation.scim_group_members (tenant_id, scim_user_id);
select platform.isolate('federation.scim_group_members');
create policy scim_group_members_system on federation.scim_group_members for select using ((select platform.is_system()));
grant select, insert, delete on federation.scim_group_members to commonhold_app;
grant select on federation.scim_group_members to commonhold_readonly;

create table federation.scim_requests (
  tenant_id uuid not null,
  id uuid not null default gen_random_uuid(),
  provider_id uuid not null,
  asked_at timestamptz not null default now(),
  method text not null,
  resource text not null,
  resource_id text,
  status integer not null,
  code text,
  detail text,
  milliseconds integer not null,
  request_id uuid,
  constraint scim_requests_pkey primary key (tenant_id, id),
  constraint scim_requests_method_length check (length(method) between 1 and 10),
  constraint scim_requests_resource_length check (length(resource) between 1 and 50),
  constraint scim_requests_resource_id_length check (length(resource_id) <= 100),
  constraint scim_requests_status_counted check (status > 0),
  constraint scim_requests_code_length check (length(code) <= 100),
  constraint scim_requests_detail_length check (length(detail) <= 1000),
  constraint scim_requests_milliseconds_counted check (milliseconds >= 0),
  constraint scim_requests_provider_id_fkey foreign key (tenant_id, provider_id)
    references federation.iam_providers (tenant_id, id) on delete cascade
);
comment on table federation.scim_requests is 'What a directory asked and what it was answered, for who looks for a fault; kept 14 days, without what was sent';
comment on column federation.scim_requests.code is 'Of the refusal; null of a success';
create index scim_requests_listed_idx on federation.scim_requests (tenant_id, provider_id, asked_at desc, id desc);
create index scim_requests_refused_idx on federation.scim_requests (tenant_id, provider_id, asked_at desc)
  where code is not null;
create index scim_requests_asked_at_idx on federation.scim_requests (asked_at);
select platform.isolate('federation.scim_requests');
create policy scim_requests_system on federation.scim_requests for select using ((select platform.is_system()));
create policy scim_requests_system_removes on federation.scim_requests for delete using ((select platform.is_system()));
grant select, insert, delete on federation.scim_requests to commonhold_app;
grant select on federation.scim_requests to commonhold_readonly;

-- Whoever signs in through the provider for the first time is found by its subject; his entry in the directory is the same.
create function federation.tell_scim_user() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  update federation.scim_users as told
  set user_id = new.user_id
  where told.tenant_id = new.tenant_id
    and told.mapping_id = new.id
    and told.user_id is null
    and told.deleted_at is null
    and not exists (
      select
      from federation.scim_users as another
      where another.tenant_id = told.tenant_id
        and another.provider_id = told.provider_id
        and another.user_id = new.user_id
        and another.deleted_at is null
    );
  return null;
end
$$;
revoke execute on function federation.tell_scim_user() from public;
comment on function federation.tell_scim_user() is 'AG-05: an entry of the directory becomes the user as whom its subject has signed in';
create trigger tell_scim_user after update of user_id on federation.iam_user_mappings
  for each row when (new.user_id is not null and old.user_id is distinct from new.user_id)
  execute function federation.tell_scim_user();

create function federation.find_directory_account(of_email text)
returns table (user_id uuid, is_living_member boolean, is_own_domain boolean)
language sql stable
begin atomic
  select
    account.id,
    coalesce(membership.expires_at is null or membership.expires_at > now(), false) and membership.id is not null,
    exists (
      select
      from tenancy.tenant_domains as domain
      where domain.tenant_id = platform.current_tenant_id()
        and domain.domain = split_part(of_email, '@', 2)
        and domain.proven_at is not null
    )
  from (select of_email as email) as asked
  left join identity.users as account
    on account.email = asked.email and account.kind = 'person' and account.deleted_at is null
  left join tenancy.user_tenants as membership
    on membership.tenant_id = platform.current_tenant_id() and membership.user_id = account.id;
end;
revoke execute on function federation.find_directory_account(text) from public;
grant execute on function federation.find_directory_account(text) to commonhold_app;
comment on function federation.find_directory_account(text) is
  'Whose an address is, whether he works in the current tenant, and whether its domain is proven to be the tenant''s; one row. In the system scope';
