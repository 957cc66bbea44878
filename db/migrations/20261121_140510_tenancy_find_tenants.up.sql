-- squawk-ignore-file require-concurrent-index-creation
create table tenancy.tenant_words (
  tenant_id uuid not null,
  word text collate "C" not null,
  constraint tenant_words_pkey primary key (tenant_id, word),
  constraint tenant_words_tenant_id_fkey foreign key (tenant_id) references tenancy.tenants (id) on delete cascade
);
comment on table tenancy.tenant_words is
  'The words by which operators find a tenant: of its name, slug and domain. Compared as ranges, for under row security an index does not serve LIKE';
create index tenant_words_word_idx on tenancy.tenant_words (word, tenant_id);
select platform.isolate('tenancy.tenant_words');
create policy tenant_words_system on tenancy.tenant_words
  using ((select platform.is_system()))
  with check ((select platform.is_system()));
grant select on tenancy.tenant_words to commonhold_app;
grant select on tenancy.tenant_words to commonhold_readonly;

create function tenancy.words_of(name text, slug text, domain text)
returns text[]
language sql
immutable
parallel safe
begin atomic
  select array_agg(distinct left(word, 100))
  from regexp_split_to_table(
    lower(normalize(concat_ws(' ', name, slug, domain, replace(slug, '-', ' '), replace(domain, '.', ' ')), nfkc)),
    '[[:space:]]+'
  ) as word
  where word <> '';
end;
comment on function tenancy.words_of(text, text, text) is 'Slug and domain as a whole and in their parts';
revoke execute on function tenancy.words_of(text, text, text) from public;

create function tenancy.keep_words()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  was_system constant text := coalesce(current_setting('app.system', true), '');
begin
  perform set_config('app.system', 'on', true);
  delete from tenancy.tenant_words
  where tenant_id = new.id
    and word <> all (tenancy.words_of(new.name, new.slug, new.domain));
  insert into tenancy.tenant_words (tenant_id, word)
  select new.id, word
  from unnest(tenancy.words_of(new.name, new.slug, new.domain)) as word
  on conflict do nothing;
  perform set_config('app.system', was_system, true);
  return null;
end
$$;
comment on function tenancy.keep_words() is 'Keeps the words of a tenant in step with its name, slug and domain';
revoke execute on function tenancy.keep_words() from public;
create trigger keep_words_insert after insert on tenancy.tenants
  for each row execute function tenancy.keep_words();
create trigger keep_words after update of name, slug, domain on tenancy.tenants
  for each row
  when ((old.name, old.slug, old.domain) is distinct from (new.name, new.slug, new.domain))
  execute function tenancy.keep_words();

create index tenants_created_at_idx on tenancy.tenants (created_at, id);
create index tenants_status_created_at_idx on tenancy.tenants (status, created_at, id);

create table tenancy.status_changes (
  tenant_id uuid not null,
  id uuid not null default gen_random_uuid(),
  from_status text,
  to_status text not null,
  reason text,
  changed_by uuid,
  changed_by_name text,
  created_at timestamptz not null default clock_timestamp(),
  constraint status_changes_pkey primary key (tenant_id, id),
  constraint status_changes_known check (
    to_status in ('active', 'suspended', 'pending_deletion')
    and (from_status is null or from_status in ('active', 'suspended', 'pending_deletion'))
  ),
  constraint status_changes_tenant_id_fkey foreign key (tenant_id) references tenancy.tenants (id) on delete cascade,
  constraint status_changes_changed_by_fkey foreign key (changed_by) references identity.users (id) on delete set null
);
comment on table tenancy.status_changes is 'How a tenant became what it is, written by a trigger: from what, to what, why, by whom (MT-10, MT-12)';
comment on column tenancy.status_changes.changed_by is 'Null at the command line and for jobs';
create index status_changes_created_at_idx on tenancy.status_changes (tenant_id, created_at);
create index status_changes_changed_by_idx on tenancy.status_changes (changed_by) where changed_by is not null;
select platform.isolate('tenancy.status_changes');
create policy status_changes_system on tenancy.status_changes
  using ((select platform.is_system()))
  with check ((select platform.is_system()));
grant select on tenancy.status_changes to commonhold_app;
grant select on tenancy.status_changes to commonhold_readonly;

create function tenancy.note_status()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  was_system constant text := coalesce(current_setting('app.system', true), '');
begin
  perform set_config('app.system', 'on', true);
  insert into tenancy.status_changes (tenant_id, from_status, to_status, reason, changed_by, changed_by_name)
  values (
    new.id,
    old.status,
    new.status,
    new.status_reason,
    (select account.id from identity.users as account where account.id = platform.current_user_id()),
    nullif(current_setting('app.request', true), '')::jsonb ->> 'name'
  );
  perform set_config('app.system', was_system, true);
  return null;
end
$$;
comment on function tenancy.note_status() is 'Writes each change of a tenant''s status down';
revoke execute on function tenancy.note_status() from public;
create trigger note_status after update of status on tenancy.tenants
  for each row
  when (old.status <> new.status)
  execute function tenancy.note_status();

select set_config('app.system', 'on', true);
insert into tenancy.tenant_words (tenant_id, word)
select tenant.id, word
from tenancy.tenants as tenant
cross join unnest(tenancy.words_of(tenant.name, tenant.slug, tenant.domain)) as word;
select set_config('app.system', '', true);
