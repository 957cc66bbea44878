create table contractors.exports (
  tenant_id uuid not null,
  id uuid not null default gen_random_uuid(),
  user_id uuid not null,
  format text not null,
  title text not null,
  selection jsonb not null default '{}',
  options jsonb not null default '{}',
  status text not null default 'waiting',
  attempt integer not null default 0,
  rows_total bigint,
  rows_done bigint not null default 0,
  byte_count bigint not null default 0,
  failure text,
  created_at timestamptz(3) not null default now(),
  started_at timestamptz(3),
  finished_at timestamptz(3),
  expires_at timestamptz(3),
  downloaded_at timestamptz(3),
  constraint exports_pkey primary key (tenant_id, id),
  constraint exports_format_known check (format in ('csv', 'xlsx', 'json', 'pdf')),
  constraint exports_status_known check (status in ('waiting', 'running', 'done', 'failed')),
  constraint exports_title_length check (length(title) between 1 and 300),
  constraint exports_selection_object check (jsonb_typeof(selection) = 'object'),
  constraint exports_options_object check (jsonb_typeof(options) = 'object'),
  constraint exports_user_id_fkey foreign key (tenant_id, user_id)
    references tenancy.user_tenants (tenant_id, user_id) on delete cascade
);
comment on table contractors.exports is 'A file of contractors that somebody asked for; its bytes are in contractors.export_chunks until it expires';
comment on column contractors.exports.user_id is 'Who asked: nobody else sees it or can fetch it';
comment on column contractors.exports.selection is 'Which contractors: {ids}, {search} or {listId, ids?}';
comment on column contractors.exports.options is 'Columns and how the file is written';
comment on column contractors.exports.attempt is 'Counts who works on it: what an earlier one still writes is refused';
comment on column contractors.exports.expires_at is 'When the file is removed; set when it is done';
create index exports_user_idx on contractors.exports (tenant_id, user_id, created_at desc, id);

create table contractors.export_chunks (
  tenant_id uuid not null,
  export_id uuid not null,
  attempt integer not null,
  position integer not null,
  content bytea not null,
  constraint export_chunks_pkey primary key (tenant_id, export_id, attempt, position),
  constraint export_chunks_content_size check (octet_length(content) between 1 and 524288),
  constraint export_chunks_export_id_fkey foreign key (tenant_id, export_id)
    references contractors.exports (tenant_id, id) on delete cascade
);
comment on table contractors.export_chunks is 'The bytes of an export, 512 KiB each but the last; read only once it is done';
-- Kept as it is: compressing what is read once and removed within a day costs more than it saves.
alter table contractors.export_chunks alter column content set storage external;

select platform.isolate('contractors.exports');
select platform.isolate('contractors.export_chunks');

-- Inside a tenant a file is his who asked for it. Restrictive: it narrows the tenant's policy and never widens it. The
-- owner removes and moves tenants.
create policy exports_of_user on contractors.exports
  as restrictive
  to commonhold_app, commonhold_readonly
  using (user_id = (select platform.current_user_id()))
  with check (user_id = (select platform.current_user_id()));
create policy export_chunks_of_user on contractors.export_chunks
  as restrictive
  to commonhold_app, commonhold_readonly
  using (
    exists (
      select
      from contractors.exports as export
      where export.tenant_id = export_chunks.tenant_id
        and export.id = export_chunks.export_id
    )
  );

grant select, insert, delete on contractors.exports to commonhold_app;
grant update (
  status, attempt, rows_total, rows_done, byte_count, failure, started_at, finished_at, expires_at, downloaded_at
) on contractors.exports to commonhold_app;
grant select, insert, delete on contractors.export_chunks to commonhold_app;
grant select on contractors.exports, contractors.export_chunks to commonhold_readonly;
