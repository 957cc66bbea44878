create table operations.imported_logs (
  tenant_id uuid not null,
  id uuid not null,
  created_at timestamptz not null,
  entry jsonb not null,
  imported_at timestamptz not null default now(),
  constraint imported_logs_pkey primary key (tenant_id, id),
  constraint imported_logs_entry_object check (jsonb_typeof(entry) = 'object'),
  constraint imported_logs_tenant_id_fkey foreign key (tenant_id) references tenancy.tenants (id) on delete cascade
);
comment on table operations.imported_logs is
  'The audit log that an imported tenant had elsewhere, word for word. This installation has not seen what it tells: nothing here seals it';
comment on column operations.imported_logs.id is 'The entry''s there';
comment on column operations.imported_logs.created_at is 'When it was written there';
comment on column operations.imported_logs.entry is 'As it stood in the archive: its ids are those of there';
create index imported_logs_time_idx on operations.imported_logs (tenant_id, created_at, id);
select platform.isolate('operations.imported_logs');
grant select on operations.imported_logs to commonhold_app, commonhold_readonly;
