-- squawk-ignore-file require-concurrent-index-creation, constraint-missing-not-valid, adding-foreign-key-constraint
create function tenancy.is_reserved_slug(slug text)
returns boolean
language sql
immutable
parallel safe
begin atomic
  -- What addresses of an installation are used for, or could be taken for by who reads them; and the form of IDNA.
  select slug like '__--%' or slug = any (array[
    'about', 'abuse', 'access', 'account', 'accounts', 'admin', 'administrator', 'api', 'app', 'apps', 'assets', 'audit',
    'auth', 'autoconfig', 'autodiscover', 'backup', 'beta', 'billing', 'blog', 'cdn', 'commonhold', 'console', 'contact',
    'dashboard', 'demo', 'dev', 'dns', 'docs', 'download', 'downloads', 'email', 'example', 'files', 'ftp', 'graphql',
    'help', 'host', 'hostmaster', 'identity', 'imap', 'img', 'images', 'info', 'installation', 'internal', 'intranet',
    'invalid', 'invite', 'legal', 'local', 'localhost', 'login', 'logout', 'mail', 'mailbox', 'manage', 'media',
    'metrics', 'mx', 'new', 'news', 'noreply', 'ns', 'ns1', 'ns2', 'oauth', 'oidc', 'operator', 'operators', 'origin',
    'password', 'pop', 'pop3', 'postmaster', 'preview', 'privacy', 'proxy', 'public', 'register', 'root', 'saml', 'scim',
    'secure', 'security', 'server', 'service', 'services', 'settings', 'setup', 'sign-in', 'sign-up', 'signin', 'signup',
    'smtp', 'sso', 'ssl', 'staging', 'static', 'status', 'support', 'system', 'team', 'tenant', 'tenants', 'terms',
    'test', 'tls', 'token', 'undefined', 'null', 'upload', 'uploads', 'user', 'users', 'vpn', 'web', 'webhook',
    'webhooks', 'webmail', 'webmaster', 'well-known', 'workspace', 'workspaces', 'wpad', 'www'
  ]);
end;
comment on function tenancy.is_reserved_slug(text) is
  'The one list of slugs that no tenant may have (GG-03): names of services, of this program''s own pages, and IDNA labels';
revoke execute on function tenancy.is_reserved_slug(text) from public;
grant execute on function tenancy.is_reserved_slug(text) to commonhold_app;

-- Whoever had one of them before keeps working, under a name that nobody can take for the installation.
select set_config('app.system', 'on', true);
update tenancy.tenants
set slug = left(slug, 50) || '-' || left(id::text, 8)
where tenancy.is_reserved_slug(slug);
select set_config('app.system', '', true);
alter table tenancy.tenants add constraint tenants_slug_not_reserved check (not tenancy.is_reserved_slug(slug));

create table tenancy.former_slugs (
  slug text not null,
  holder_id uuid not null,
  released_at timestamptz not null default now(),
  held_until timestamptz not null default now() + interval '30 days',
  constraint former_slugs_pkey primary key (slug),
  constraint former_slugs_shape check (slug ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
  constraint former_slugs_holder_id_fkey foreign key (holder_id) references tenancy.tenants (id) on delete cascade
);
comment on table tenancy.former_slugs is
  'Slugs that a tenant has given up less than 30 days ago: their addresses lead to it, and no other tenant can take them (GG-03)';
comment on column tenancy.former_slugs.holder_id is
  'The tenant. Not called tenant_id: a slug is unique over all tenants, as tenants.slug is, and so are rows here';
create index former_slugs_holder_id_idx on tenancy.former_slugs (holder_id);
create index former_slugs_held_until_idx on tenancy.former_slugs (held_until);
alter table tenancy.former_slugs enable row level security;
alter table tenancy.former_slugs force row level security;
create policy former_slugs_of_holder on tenancy.former_slugs
  for select
  using (holder_id = (select platform.current_tenant_id()));
create policy former_slugs_system on tenancy.former_slugs
  using ((select platform.is_system()))
  with check ((select platform.is_system()));
grant select, delete on tenancy.former_slugs to commonhold_app;
grant select on tenancy.former_slugs to commonhold_readonly;

create function tenancy.hold_slug()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  was_system constant text := coalesce(current_setting('app.system', true), '');
begin
  perform set_config('app.system', 'on', true);
  -- After the row is in the unique index: of a tenant that gives this slug up at the same moment we have waited for the
  -- end of its transaction, and see here what it left.
  if tg_op = 'UPDATE' then
    insert into tenancy.former_slugs (slug, holder_id)
    values (old.slug, new.id)
    on conflict (slug) do update
    set holder_id = excluded.holder_id, released_at = excluded.released_at, held_until = excluded.held_until;
  end if;
  delete from tenancy.former_slugs
  where slug = new.slug
    and (holder_id = new.id or held_until <= now());
  if exists (select from tenancy.former_slugs where slug = new.slug) then
    raise exception 'The slug % is held for the tenant that had it', new.slug
      using errcode = 'unique_violation', constraint = 'tenants_slug_held', schema = 'tenancy', table = 'tenants';
  end if;
  perform set_config('app.system', was_system, true);
  return null;
end
$$;
comment on function tenancy.hold_slug() is 'Keeps a slug that was given up for 30 days, and refuses it to other tenants meanwhile';
revoke execute on function tenancy.hold_slug() from public;
create trigger hold_slug_insert after insert on tenancy.tenants
  for each row execute function tenancy.hold_slug();
create trigger hold_slug after update of slug on tenancy.tenants
  for each row
  when (old.slug <> new.slug)
  execute function tenancy.hold_slug();
