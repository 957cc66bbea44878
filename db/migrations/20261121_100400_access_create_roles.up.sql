create schema access;
comment on schema access is 'What people may do: permissions, roles, who has which';
grant usage on schema access to commonhold_app, commonhold_readonly;

create table access.permissions (
  id uuid not null default gen_random_uuid(),
  name text not null,
  description text not null,
  resource text not null,
  action text not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint permissions_pkey primary key (id),
  constraint permissions_name_unique unique (name),
  constraint permissions_name_composed check (name = resource || '.' || action)
);
comment on table access.permissions is 'What modules declare, `module.resource.action`; written when the database is migrated';
select platform.keep_updated_at('access.permissions');
grant select on access.permissions to commonhold_app, commonhold_readonly;

create table access.built_in_role_permissions (
  role_name text not null,
  permission_id uuid not null,
  constraint built_in_role_permissions_pkey primary key (role_name, permission_id),
  constraint built_in_role_permissions_role_known check (role_name in ('owner', 'admin', 'member', 'viewer')),
  constraint built_in_role_permissions_permission_id_fkey foreign key (permission_id)
    references access.permissions (id) on delete cascade
);
comment on table access.built_in_role_permissions is
  'What the built-in roles of every tenant may do, as modules declare it: a new module''s permissions reach all tenants at once';
create index built_in_role_permissions_permission_id_idx on access.built_in_role_permissions (permission_id);
grant select on access.built_in_role_permissions to commonhold_app, commonhold_readonly;

create table access.roles (
  tenant_id uuid not null,
  id uuid not null default gen_random_uuid(),
  name text not null,
  description text,
  scopes text[] not null default '{}',
  is_default boolean not null default false,
  is_built_in boolean not null default false,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint roles_pkey primary key (tenant_id, id),
  constraint roles_name_unique unique (tenant_id, name),
  constraint roles_name_length check (length(name) between 1 and 50),
  constraint roles_built_in_named check (not is_built_in or name in ('owner', 'admin', 'member', 'viewer')),
  constraint roles_tenant_id_fkey foreign key (tenant_id) references tenancy.tenants (id) on delete cascade
);
comment on table access.roles is 'A tenant''s roles: built-in owner, admin, member and viewer, and its own (MT-20, VS-03)';
comment on column access.roles.is_default is 'New members get this one';
create unique index roles_one_default on access.roles (tenant_id) where is_default;
select platform.keep_updated_at('access.roles');

create table access.role_permissions (
  tenant_id uuid not null,
  id uuid not null default gen_random_uuid(),
  role_id uuid not null,
  permission_id uuid not null,
  created_at timestamptz not null default now(),
  constraint role_permissions_pkey primary key (tenant_id, id),
  constraint role_permissions_once unique (tenant_id, role_id, permission_id),
  constraint role_permissions_role_id_fkey foreign key (tenant_id, role_id)
    references access.roles (tenant_id, id) on delete cascade,
  constraint role_permissions_permission_id_fkey foreign key (permission_id)
    references access.permissions (id) on delete cascade
);
comment on table access.role_permissions is 'What a tenant''s own role may do; built-in roles have access.built_in_role_permissions';
create index role_permissions_permission_id_idx on access.role_permissions (permission_id);

create table access.user_tenant_roles (
  tenant_id uuid not null,
  user_tenant_id uuid not null,
  role_id uuid not null,
  created_at timestamptz not null default now(),
  constraint user_tenant_roles_pkey primary key (tenant_id, user_tenant_id, role_id),
  constraint user_tenant_roles_user_tenant_id_fkey foreign key (tenant_id, user_tenant_id)
    references tenancy.user_tenants (tenant_id, id) on delete cascade,
  constraint user_tenant_roles_role_id_fkey foreign key (tenant_id, role_id)
    references access.roles (tenant_id, id) on delete cascade
);
comment on table access.user_tenant_roles is 'The roles of a member; there may be several (MT-13)';
create index user_tenant_roles_role_id_idx on access.user_tenant_roles (tenant_id, role_id);

select platform.isolate('access.roles');
select platform.isolate('access.role_permissions');
select platform.isolate('access.user_tenant_roles');
create policy roles_system on access.roles for select using ((select platform.is_system()));
create policy role_permissions_system on access.role_permissions for select using ((select platform.is_system()));
create policy user_tenant_roles_system on access.user_tenant_roles for select using ((select platform.is_system()));

grant select, insert, delete on access.roles, access.role_permissions, access.user_tenant_roles to commonhold_app;
grant update (name, description, scopes, is_default) on access.roles to commonhold_app;
grant select on access.roles, access.role_permissions, access.user_tenant_roles to commonhold_readonly;
