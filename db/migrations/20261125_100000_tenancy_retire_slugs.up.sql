-- squawk-ignore-file ban-drop-not-null
alter table tenancy.former_slugs alter column held_until drop not null;
comment on column tenancy.former_slugs.held_until is 'Null: for good, since applications know the tenant as the issuer of that name';
comment on table tenancy.former_slugs is
  'Slugs that a tenant has given up, for 30 days or for good: their addresses lead to it, and no other tenant can take them (GG-03)';

-- No tenant_id: the tenant is no more. No slug either: it may be somebody's name.
create table tenancy.retired_slugs (
  holder_id uuid not null,
  slug_hash text not null,
  retired_at timestamptz not null default now(),
  constraint retired_slugs_pkey primary key (holder_id, slug_hash)
);
comment on table tenancy.retired_slugs is
  'The slugs that deleted tenants had: nobody else gets one, for whoever trusts https://host/t/slug as an issuer would trust him (RFC 9700 4.4)';
comment on column tenancy.retired_slugs.holder_id is 'The id that the tenant had, as in its certificate; brought back, it may have the slug again';
comment on column tenancy.retired_slugs.slug_hash is 'As slugHash of deletion certificates: SHA-256 of id, newline and slug, base64url';
alter table tenancy.retired_slugs enable row level security;
alter table tenancy.retired_slugs force row level security;
create policy retired_slugs_system on tenancy.retired_slugs
  using ((select platform.is_system()))
  with check ((select platform.is_system()));

create function tenancy.slug_hash(holder_id uuid, slug text)
returns text
language sql
immutable
parallel safe
begin atomic
  select rtrim(translate(encode(sha256(convert_to(holder_id::text || e'\n' || slug, 'UTF8')), 'base64'), '+/', '-_'), '=');
end;
comment on function tenancy.slug_hash(uuid, text) is 'What is left of the slug of a deleted tenant';
revoke execute on function tenancy.slug_hash(uuid, text) from public;

select set_config('app.system', 'on', true);
insert into tenancy.retired_slugs (holder_id, slug_hash, retired_at)
select certificate.id, certificate.document ->> 'slugHash', certificate.created_at
from tenancy.deletion_certificates as certificate
where not exists (select from tenancy.tenants as tenant where tenant.id = certificate.id)
  and certificate.document ? 'slugHash';
select set_config('app.system', '', true);

create function tenancy.is_slug_free(of_slug text, for_tenant uuid)
returns boolean
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  was_system constant text := coalesce(current_setting('app.system', true), '');
  is_free boolean;
begin
  perform set_config('app.system', 'on', true);
  -- One hash for each deleted tenant: a microsecond each, and slugs are given rarely.
  is_free :=
    not exists (
      select
      from tenancy.former_slugs
      where slug = of_slug
        and holder_id <> for_tenant
        and (held_until is null or held_until > now())
    )
    and not exists (
      select
      from tenancy.retired_slugs
      where holder_id <> for_tenant
        and slug_hash = tenancy.slug_hash(holder_id, of_slug)
    );
  perform set_config('app.system', was_system, true);
  return is_free;
end
$$;
comment on function tenancy.is_slug_free(text, uuid) is
  'Whether no other tenant has given this slug up lately, or for good, or had it until it was deleted; whether somebody has it now says tenants_slug_unique';
revoke execute on function tenancy.is_slug_free(text, uuid) from public;
grant execute on function tenancy.is_slug_free(text, uuid) to commonhold_app;

create or replace function tenancy.hold_slug()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  was_system constant text := coalesce(current_setting('app.system', true), '');
begin
  perform set_config('app.system', 'on', true);
  -- After the row is in the unique index: of a tenant that gives this slug up, or is deleted, at the same moment we have
  -- waited for the end of its transaction, and see here what it left.
  if tg_op = 'UPDATE' then
    insert into tenancy.former_slugs (slug, holder_id)
    values (old.slug, new.id)
    on conflict (slug) do update
    set holder_id = excluded.holder_id, released_at = excluded.released_at, held_until = excluded.held_until;
  end if;
  delete from tenancy.former_slugs
  where slug = new.slug
    and (holder_id = new.id or held_until <= now());
  delete from tenancy.retired_slugs
  where holder_id = new.id
    and slug_hash = tenancy.slug_hash(new.id, new.slug);
  if not tenancy.is_slug_free(new.slug, new.id) then
    raise exception 'The slug % is held for the tenant that had it', new.slug
      using errcode = 'unique_violation', constraint = 'tenants_slug_held', schema = 'tenancy', table = 'tenants';
  end if;
  perform set_config('app.system', was_system, true);
  return null;
end
$$;
comment on function tenancy.hold_slug() is
  'Keeps a slug that was given up for 30 days, and refuses it to other tenants meanwhile, as those of deleted tenants for good';

create function tenancy.hold_slug_for_good(of_slug text, of_tenant uuid)
returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  was_system constant text := coalesce(current_setting('app.system', true), '');
begin
  perform set_config('app.system', 'on', true);
  update tenancy.former_slugs
  set held_until = null
  where slug = of_slug
    and holder_id = of_tenant;
  perform set_config('app.system', was_system, true);
end
$$;
comment on function tenancy.hold_slug_for_good(text, uuid) is 'Nobody else ever gets a slug that this tenant has given up; for modules that made it known as a name';
revoke execute on function tenancy.hold_slug_for_good(text, uuid) from public;

create function tenancy.retire_slugs()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  was_system constant text := coalesce(current_setting('app.system', true), '');
begin
  perform set_config('app.system', 'on', true);
  insert into tenancy.retired_slugs (holder_id, slug_hash)
  select old.id, tenancy.slug_hash(old.id, held.slug)
  from (
    select old.slug
    union
    select former.slug
    from tenancy.former_slugs as former
    where former.holder_id = old.id
      and (former.held_until is null or former.held_until > now())
  ) as held (slug)
  on conflict on constraint retired_slugs_pkey do nothing;
  perform set_config('app.system', was_system, true);
  return old;
end
$$;
comment on function tenancy.retire_slugs() is 'Keeps the slugs of a tenant that is deleted from all others';
revoke execute on function tenancy.retire_slugs() from public;
create trigger retire_slugs before delete on tenancy.tenants
  for each row execute function tenancy.retire_slugs();
