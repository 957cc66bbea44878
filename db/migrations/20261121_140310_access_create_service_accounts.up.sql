create table access.service_accounts (
  tenant_id uuid not null,
  id uuid not null,
  name text not null,
  description text,
  created_by uuid,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint service_accounts_pkey primary key (tenant_id, id),
  constraint service_accounts_name_unique unique (tenant_id, name),
  constraint service_accounts_name_length check (length(name) between 1 and 100),
  constraint service_accounts_description_length check (length(description) <= 500),
  constraint service_accounts_id_fkey foreign key (tenant_id, id)
    references tenancy.user_tenants (tenant_id, user_id) on delete cascade,
  constraint service_accounts_created_by_fkey foreign key (created_by) references identity.users (id) on delete set null
);
comment on table access.service_accounts is
  'A program that works in a tenant: a user of the kind service with roles there, who comes in with an API key only';
comment on column access.service_accounts.id is 'That of its user';
create index service_accounts_created_by_idx on access.service_accounts (created_by) where created_by is not null;
select platform.keep_updated_at('access.service_accounts');
select platform.isolate('access.service_accounts');
grant select, insert, delete on access.service_accounts to commonhold_app;
grant update (name, description) on access.service_accounts to commonhold_app;
grant select on access.service_accounts to commonhold_readonly;
select audit.track('access.service_accounts', context => '{name}');

create table access.api_keys (
  tenant_id uuid not null,
  id uuid not null default gen_random_uuid(),
  user_id uuid not null,
  name text not null,
  prefix text not null,
  secret_hash bytea not null,
  scopes text[] not null,
  created_by uuid,
  created_at timestamptz not null default now(),
  expires_at timestamptz,
  last_used_at timestamptz,
  last_used_address inet,
  revoked_at timestamptz,
  revoked_by uuid,
  replaced_by uuid,
  end_told_at timestamptz,
  constraint api_keys_pkey primary key (tenant_id, id),
  constraint api_keys_name_length check (length(name) between 1 and 100),
  constraint api_keys_prefix_shape check (prefix ~ '^chk_[A-Za-z0-9]{8}$'),
  constraint api_keys_secret_hashed check (length(secret_hash) = 32),
  constraint api_keys_scopes_bounded check (cardinality(scopes) between 1 and 200),
  constraint api_keys_user_id_fkey foreign key (tenant_id, user_id)
    references tenancy.user_tenants (tenant_id, user_id) on delete cascade,
  constraint api_keys_created_by_fkey foreign key (created_by) references identity.users (id) on delete set null,
  constraint api_keys_revoked_by_fkey foreign key (revoked_by) references identity.users (id) on delete set null,
  constraint api_keys_replaced_by_fkey foreign key (tenant_id, replaced_by)
    references access.api_keys (tenant_id, id) on delete set null (replaced_by)
);
comment on table access.api_keys is
  'What a program shows to act as a user in one tenant, within the key''s scopes; it ends with that membership';
comment on column access.api_keys.prefix is 'The part of the key that is shown ever after: by it a found key can be told';
comment on column access.api_keys.secret_hash is 'SHA-256 of the secret, which only its owner has (VS-02)';
comment on column access.api_keys.scopes is 'Permissions, or families of them (contractors.*): what the user may is narrowed to these';
comment on column access.api_keys.end_told_at is 'When somebody was told that it ends soon';
comment on column access.api_keys.replaced_by is 'The key that took its place; both work until this one expires';
create index api_keys_prefix_idx on access.api_keys (prefix);
create index api_keys_user_id_idx on access.api_keys (tenant_id, user_id);
create index api_keys_expires_at_idx on access.api_keys (expires_at) where revoked_at is null and end_told_at is null;
create index api_keys_created_by_idx on access.api_keys (created_by) where created_by is not null;
create index api_keys_revoked_by_idx on access.api_keys (revoked_by) where revoked_by is not null;
create index api_keys_replaced_by_idx on access.api_keys (tenant_id, replaced_by) where replaced_by is not null;
select platform.isolate('access.api_keys');
-- Who shows a key is in no tenant yet.
create policy api_keys_system on access.api_keys for select using ((select platform.is_system()));
create policy api_keys_system_tells on access.api_keys for update using ((select platform.is_system()));
grant select (
  tenant_id, id, user_id, name, prefix, secret_hash, scopes, created_by, created_at, expires_at, last_used_at,
  last_used_address, revoked_at, revoked_by, replaced_by, end_told_at
) on access.api_keys to commonhold_app;
grant insert, delete on access.api_keys to commonhold_app;
grant update (name, expires_at, last_used_at, last_used_address, revoked_at, revoked_by, replaced_by, end_told_at)
  on access.api_keys to commonhold_app;
grant select (
  tenant_id, id, user_id, name, prefix, scopes, created_by, created_at, expires_at, last_used_at, last_used_address,
  revoked_at, revoked_by, replaced_by, end_told_at
) on access.api_keys to commonhold_readonly;
select audit.track(
  'access.api_keys',
  redact => '{secret_hash}',
  ignore => '{last_used_at,last_used_address,end_told_at}',
  context => '{name,user_id}'
);

create function access.keep_services_at_home()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  if exists (
    select
    from new_rows
    join identity.users as account on account.id = new_rows.user_id and account.kind = 'service'
    join tenancy.user_tenants as other on other.user_id = new_rows.user_id and other.tenant_id <> new_rows.tenant_id
  ) then
    raise exception 'A service account works in one tenant'
      using errcode = 'check_violation', constraint = 'service_accounts_one_tenant', schema = 'access', table = 'service_accounts';
  end if;
  return null;
end
$$;
comment on function access.keep_services_at_home() is 'Refuses a second membership of a service account';
revoke execute on function access.keep_services_at_home() from public;
create trigger keep_services_at_home after insert on tenancy.user_tenants
  referencing new table as new_rows
  for each statement execute function access.keep_services_at_home();

create function access.name_of(of_user_id uuid)
returns text
language sql
stable
begin atomic
  select coalesce(account.full_name, account.email)
  from identity.users as account
  where account.id = of_user_id;
end;
comment on function access.name_of(uuid) is 'A user''s name, where the caller may see him';
create function access.membership_of(of_user_id uuid)
returns uuid
language sql
stable
begin atomic
  select membership.id
  from tenancy.user_tenants as membership
  where membership.tenant_id = (select platform.current_tenant_id())
    and membership.user_id = of_user_id;
end;
comment on function access.membership_of(uuid) is 'The membership of a user in the tenant of the scope';
revoke execute on function access.name_of(uuid), access.membership_of(uuid) from public;
grant execute on function access.name_of(uuid), access.membership_of(uuid) to commonhold_app;

create function access.guard_api_key()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  if new.user_id is distinct from platform.current_user_id() then
    perform access.require_held(
      new.tenant_id,
      array(
        select held.role_id
        from tenancy.user_tenants as membership
        join access.user_tenant_roles as held
          on held.tenant_id = membership.tenant_id and held.user_tenant_id = membership.id
        where membership.tenant_id = new.tenant_id
          and membership.user_id = new.user_id
      ),
      '{}'
    );
    if not platform.is_system()
      and not exists (select from access.service_accounts where tenant_id = new.tenant_id and id = new.user_id) then
      raise exception 'a person''s key is made by that person'
        using errcode = 'insufficient_privilege', constraint = 'api_keys_of_oneself', schema = 'access', table = 'api_keys';
    end if;
  end if;
  return new;
end
$$;
comment on function access.guard_api_key() is
  'MT-20: a key is made by its own user, or for a program by who holds all that it may';
revoke execute on function access.guard_api_key() from public;
create trigger guard_api_key before insert on access.api_keys
  for each row execute function access.guard_api_key();
