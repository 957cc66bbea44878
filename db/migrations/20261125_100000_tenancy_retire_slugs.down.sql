-- squawk-ignore-file adding-not-nullable-field
-- Which slugs deleted tenants had is lost, but for what stands in their certificates.
drop trigger retire_slugs on tenancy.tenants;
drop function tenancy.retire_slugs();
drop function tenancy.hold_slug_for_good(text, uuid);
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
drop function tenancy.is_slug_free(text, uuid);
drop function tenancy.slug_hash(uuid, text);
drop table tenancy.retired_slugs;
select set_config('app.system', 'on', true);
update tenancy.former_slugs
set held_until = now() + interval '30 days'
where held_until is null;
select set_config('app.system', '', true);
alter table tenancy.former_slugs alter column held_until set not null;
comment on column tenancy.former_slugs.held_until is null;
comment on table tenancy.former_slugs is
  'Slugs that a tenant has given up less than 30 days ago: their addresses lead to it, and no other tenant can take them (GG-03)';
