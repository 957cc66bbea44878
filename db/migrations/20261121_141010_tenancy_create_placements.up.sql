create table tenancy.databases (
  id uuid not null default gen_random_uuid(),
  name text not null,
  url_encrypted text not null,
  address_hash bytea not null,
  migrated_at timestamptz,
  last_error text,
  last_error_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint databases_pkey primary key (id),
  constraint databases_address_unique unique (address_hash),
  constraint databases_name_length check (length(name) between 1 and 255)
);
comment on table tenancy.databases is 'MT-17: databases beside the main one, in which tenants have their application data; several tenants may share one';
comment on column tenancy.databases.name is 'Host, port and database, for people; never the login';
comment on column tenancy.databases.url_encrypted is 'The administrator''s connection URL, AES-256-GCM: it migrates there and makes the program''s own login';
comment on column tenancy.databases.address_hash is 'SHA-256 of host, port and database, so that one database is not registered twice';
comment on column tenancy.databases.migrated_at is 'When it was last brought to the version of a program; null before the first time';
comment on column tenancy.databases.last_error is 'Why that failed the last time; null once it has succeeded';
select platform.keep_updated_at('tenancy.databases');
alter table tenancy.databases enable row level security;
alter table tenancy.databases force row level security;
create policy databases_system on tenancy.databases
  using ((select platform.is_system()))
  with check ((select platform.is_system()));
grant select, insert on tenancy.databases to commonhold_app;
grant update (name, url_encrypted, migrated_at, last_error, last_error_at) on tenancy.databases to commonhold_app;
grant select (id, name, migrated_at, last_error, last_error_at, created_at, updated_at) on tenancy.databases to commonhold_readonly;

create table tenancy.placements (
  tenant_id uuid not null,
  database_id uuid,
  is_moving boolean not null default false,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint placements_pkey primary key (tenant_id),
  constraint placements_tenant_id_fkey foreign key (tenant_id) references tenancy.tenants (id) on delete cascade,
  constraint placements_database_id_fkey foreign key (database_id) references tenancy.databases (id) on delete restrict
);
comment on table tenancy.placements is 'MT-17: where a tenant has its application data, if not in the main database all along';
comment on column tenancy.placements.database_id is 'Null for the main database';
comment on column tenancy.placements.is_moving is 'A move is under way: every program asks before each use where the tenant is, and remembers nothing';
create index placements_database_id_idx on tenancy.placements (database_id);
select platform.keep_updated_at('tenancy.placements');
select platform.isolate('tenancy.placements');
create policy placements_system on tenancy.placements
  using ((select platform.is_system()))
  with check ((select platform.is_system()));
create policy placements_written_by_platform on tenancy.placements
  as restrictive
  for insert
  with check ((select platform.is_system()));
create policy placements_changed_by_platform on tenancy.placements
  as restrictive
  for update
  using ((select platform.is_system()));
grant select, insert on tenancy.placements to commonhold_app;
grant update (database_id, is_moving) on tenancy.placements to commonhold_app;
grant select on tenancy.placements to commonhold_readonly;

create table tenancy.placement_version (
  is_only boolean not null default true,
  version bigint not null default 1,
  constraint placement_version_pkey primary key (is_only),
  constraint placement_version_one_row check (is_only)
);
comment on table tenancy.placement_version is 'Counts the changes of placements: programs ask for it each second, and for the placements when it has changed';
insert into tenancy.placement_version default values;
grant select on tenancy.placement_version to commonhold_app, commonhold_readonly;

create function tenancy.count_placement_change()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  update tenancy.placement_version set version = version + 1;
  return null;
end
$$;
comment on function tenancy.count_placement_change() is 'Its row lock makes the counted changes visible in their order';
revoke execute on function tenancy.count_placement_change() from public;
create trigger count_change after insert or update or delete on tenancy.placements
  for each statement execute function tenancy.count_placement_change();

create table tenancy.moves (
  tenant_id uuid not null,
  id uuid not null default gen_random_uuid(),
  source_id uuid,
  target_id uuid,
  state text not null default 'copying',
  tables jsonb not null default '{}',
  pause_milliseconds integer,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  switched_at timestamptz,
  ended_at timestamptz,
  constraint moves_pkey primary key (tenant_id, id),
  constraint moves_state_known check (
    state in ('copying', 'catching_up', 'verified', 'paused', 'switched', 'finished', 'undoing', 'undone')
  ),
  constraint moves_tables_object check (jsonb_typeof(tables) = 'object'),
  constraint moves_tenant_id_fkey foreign key (tenant_id) references tenancy.tenants (id) on delete cascade,
  constraint moves_source_id_fkey foreign key (source_id) references tenancy.databases (id) on delete restrict,
  constraint moves_target_id_fkey foreign key (target_id) references tenancy.databases (id) on delete restrict
);
comment on table tenancy.moves is 'MT-17: moves of tenants from database to database, one at a time each, with what is needed to go on after an interruption';
comment on column tenancy.moves.source_id is 'The database it comes from; null for the main one';
comment on column tenancy.moves.target_id is 'The database it goes to; null for the main one';
comment on column tenancy.moves.state is 'copying, catching_up, verified, paused: still at the source; switched: at the target, the old copy kept; finished: the old copy removed; undone: as if it had not been begun';
comment on column tenancy.moves.tables is 'Table name to {rows, hash}: what is copied, and once verified its count and hash';
create unique index moves_one_at_a_time on tenancy.moves (tenant_id) where state not in ('finished', 'undone');
create index moves_source_id_idx on tenancy.moves (source_id);
create index moves_target_id_idx on tenancy.moves (target_id);
select platform.keep_updated_at('tenancy.moves');
select platform.isolate('tenancy.moves');
create policy moves_system on tenancy.moves
  using ((select platform.is_system()))
  with check ((select platform.is_system()));
grant select on tenancy.moves to commonhold_app, commonhold_readonly;

select audit.track('tenancy.databases', redact => '{url_encrypted}', ignore => '{updated_at,migrated_at,last_error,last_error_at}');
