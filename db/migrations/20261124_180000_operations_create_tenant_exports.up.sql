create table operations.tenant_exports (
  tenant_id uuid not null default platform.current_tenant_id(),
  id uuid not null default gen_random_uuid(),
  requested_by uuid,
  is_by_operator boolean not null,
  is_sealed boolean not null,
  passphrase_encrypted text,
  status text not null default 'waiting',
  tables_done integer not null default 0,
  tables_total integer,
  rows_done bigint not null default 0,
  file_name text,
  byte_count bigint not null default 0,
  file_hash bytea,
  failure text,
  created_at timestamptz not null default now(),
  seen_at timestamptz not null default now(),
  finished_at timestamptz,
  expires_at timestamptz,
  open_until timestamptz,
  downloaded_at timestamptz,
  constraint tenant_exports_pkey primary key (tenant_id, id),
  constraint tenant_exports_status_known check (status in ('waiting', 'running', 'done', 'failed')),
  constraint tenant_exports_passphrase_forgotten check (passphrase_encrypted is null or status in ('waiting', 'running')),
  constraint tenant_exports_done_complete check (
    status <> 'done' or (file_name is not null and file_hash is not null and finished_at is not null and expires_at is not null)
  ),
  constraint tenant_exports_tenant_id_fkey foreign key (tenant_id) references tenancy.tenants (id) on delete cascade,
  constraint tenant_exports_requested_by_fkey foreign key (requested_by) references identity.users (id) on delete set null
);
comment on table operations.tenant_exports is
  'A workspace as a file, as its owner or an operator has asked for it: how far it is, and until when it can be fetched';
comment on column operations.tenant_exports.is_by_operator is 'Asked for by an operator of the installation, and not by an owner';
comment on column operations.tenant_exports.is_sealed is 'Encrypted with a passphrase of who asked for it, which is not kept';
comment on column operations.tenant_exports.passphrase_encrypted is 'Until the file is made';
comment on column operations.tenant_exports.seen_at is 'When the program that makes it was last heard of';
comment on column operations.tenant_exports.open_until is
  'Until when the file is handed out: for ten minutes after somebody with the right to it has shown anew who he is';
comment on column operations.tenant_exports.file_hash is 'Of the file';
create unique index tenant_exports_one_under_way on operations.tenant_exports (tenant_id)
  where status in ('waiting', 'running');
create index tenant_exports_requested_by_idx on operations.tenant_exports (requested_by);
create index tenant_exports_expires_at_idx on operations.tenant_exports (expires_at);
select platform.isolate('operations.tenant_exports');
-- The hourly job removes what has expired, of whatever tenant.
create policy tenant_exports_system on operations.tenant_exports for select using ((select platform.is_system()));
create policy tenant_exports_system_removes on operations.tenant_exports for delete using ((select platform.is_system()));
grant select, insert, delete on operations.tenant_exports to commonhold_app;
grant update (
  status, passphrase_encrypted, tables_done, tables_total, rows_done, file_name, byte_count, file_hash, failure, seen_at, finished_at,
  expires_at, open_until, downloaded_at
) on operations.tenant_exports to commonhold_app;
grant select on operations.tenant_exports to commonhold_readonly;

create table operations.tenant_export_parts (
  tenant_id uuid not null default platform.current_tenant_id(),
  export_id uuid not null,
  number integer not null,
  content bytea not null,
  constraint tenant_export_parts_pkey primary key (tenant_id, export_id, number),
  constraint tenant_export_parts_export_fkey foreign key (tenant_id, export_id)
    references operations.tenant_exports (tenant_id, id) on delete cascade
);
comment on table operations.tenant_export_parts is
  'The bytes of such a file, a megabyte each: every server has them. They go when it has expired';
-- Compressed already.
alter table operations.tenant_export_parts alter column content set storage external;
select platform.isolate('operations.tenant_export_parts');
create policy tenant_export_parts_system on operations.tenant_export_parts for select
  using ((select platform.is_system()));
create policy tenant_export_parts_system_removes on operations.tenant_export_parts for delete
  using ((select platform.is_system()));
grant select, insert, delete on operations.tenant_export_parts to commonhold_app;
grant select (tenant_id, export_id, number) on operations.tenant_export_parts to commonhold_readonly;
