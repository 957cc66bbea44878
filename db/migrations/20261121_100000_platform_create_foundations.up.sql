create schema if not exists platform;
comment on schema platform is 'Mechanisms that every module uses: tenant scope, isolation, timestamps, migrations';
grant usage on schema platform to commonhold_app, commonhold_readonly;

create extension if not exists pg_trgm schema public;
create extension if not exists btree_gin schema public;

create function platform.current_tenant_id()
returns uuid
language sql
stable
parallel safe
as $$ select nullif(current_setting('app.tenant_id', true), '')::uuid $$;
comment on function platform.current_tenant_id() is
  'The tenant of this transaction; null when none is set. A local setting comes back as an empty string: hence nullif';

create function platform.current_user_id()
returns uuid
language sql
stable
parallel safe
as $$ select nullif(current_setting('app.user_id', true), '')::uuid $$;
comment on function platform.current_user_id() is 'The signed-in user of this transaction; null for system actions';

create function platform.is_system()
returns boolean
language sql
stable
parallel safe
as $$ select coalesce(current_setting('app.system', true) = 'on', false) $$;
comment on function platform.is_system() is
  'The platform itself acts: opens the platform''s own tables (sign-in must find a user before any tenant is known)';

create function platform.touch_updated_at()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  new.updated_at := pg_catalog.now();
  return new;
end
$$;
comment on function platform.touch_updated_at() is 'VS-16: updated_at is kept by the database';

create function platform.keep_updated_at(target regclass)
returns void
language plpgsql
set search_path = ''
as $$
begin
  execute pg_catalog.format(
    'create trigger keep_updated_at before update on %s for each row execute function platform.touch_updated_at()',
    target
  );
end
$$;
comment on function platform.keep_updated_at(regclass) is 'Keeps updated_at of a table with every update';
revoke execute on function platform.keep_updated_at(regclass) from public;

create function platform.isolate(target regclass)
returns void
language plpgsql
set search_path = ''
as $$
declare
  -- The select is evaluated once for a statement; the bare call in a policy costs a sequential scan six times as much.
  own_rows constant text := 'tenant_id = (select nullif(current_setting(''app.tenant_id'', true), '''')::uuid)';
begin
  execute pg_catalog.format('alter table %s alter column tenant_id set default platform.current_tenant_id()', target);
  execute pg_catalog.format('alter table %s enable row level security', target);
  execute pg_catalog.format('alter table %s force row level security', target);
  execute pg_catalog.format('create policy tenant_isolation on %s using (%s) with check (%s)', target, own_rows, own_rows);
end
$$;
comment on function platform.isolate(regclass) is
  'AG-01: a table''s rows are seen and written only in their own tenant''s scope, by its owner too';
revoke execute on function platform.isolate(regclass) from public;
