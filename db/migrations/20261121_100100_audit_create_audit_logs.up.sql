create schema audit;
comment on schema audit is 'Who did what and when: append-only';
grant usage on schema audit to commonhold_app, commonhold_readonly;

create table audit.audit_logs (
  tenant_id uuid not null,
  id uuid not null default platform.uuid_v7(),
  created_at timestamptz not null default now(),
  user_id uuid,
  user_name text,
  action text not null,
  resource text,
  resource_id text,
  changes jsonb,
  details jsonb,
  ip_address inet,
  user_agent text,
  request_id text,
  constraint audit_logs_pkey primary key (tenant_id, created_at, id)
) partition by range (created_at);
comment on table audit.audit_logs is 'Audit entries: changes of tracked tables, written by their triggers, and events, written by the code. They outlive users and tenants: no foreign keys';
comment on column audit.audit_logs.tenant_id is 'The tenant of the changed row, else of the scope; the nil UUID for what belongs to no tenant';
comment on column audit.audit_logs.created_at is 'Start of the transaction; the id keeps the order within it';
comment on column audit.audit_logs.user_id is 'Null for system actions (PE-08)';
comment on column audit.audit_logs.user_name is 'The user''s name at that time';
comment on column audit.audit_logs.action is 'insert, update or delete of a tracked row, else an event such as sign_in';
comment on column audit.audit_logs.resource is 'The table, with its schema';
comment on column audit.audit_logs.resource_id is 'The row''s primary key without its tenant; parts joined by a slash';
comment on column audit.audit_logs.changes is 'Column name to {old, new}; an insert has new only, a delete old only, without nulls; secrets read [redacted]';
comment on column audit.audit_logs.details is 'What an event tells beyond that; of a change the context columns of its table';

-- One for each filter of the audit page (PE-08), the primary key for none. Of a logged update's cost half is indexes: no more of them.
create index audit_logs_user on audit.audit_logs (tenant_id, user_id, created_at, id);
create index audit_logs_action on audit.audit_logs (tenant_id, action, created_at, id);
create index audit_logs_resource on audit.audit_logs (tenant_id, resource, resource_id, created_at, id);

alter table audit.audit_logs enable row level security;
alter table audit.audit_logs force row level security;
create policy tenant_isolation on audit.audit_logs for select
  using (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));
-- The triggers and record_event run as the owner and may append for the tenant of any changed row; nobody else has insert.
create policy owner_appends on audit.audit_logs for insert to commonhold_owner
  with check (true);
grant select on audit.audit_logs to commonhold_app, commonhold_readonly;

create function audit.refuse_change()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  raise exception 'Audit entries are append-only: % of %.% is refused', lower(tg_op), tg_table_schema, tg_table_name
    using errcode = 'insufficient_privilege';
end
$$;
comment on function audit.refuse_change() is 'PE-07: refuses update, delete and truncate of audit entries';

-- A statement trigger refuses before any row is looked at; month partitions get a copy that even survives their detachment.
create trigger append_only before update or delete or truncate on audit.audit_logs
  for each statement execute function audit.refuse_change();
alter table audit.audit_logs enable always trigger append_only;

select platform.ensure_month_partitions('audit.audit_logs', 3);

create function audit.record_event(action text, resource text, resource_id text, details jsonb)
returns uuid
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  request constant jsonb := nullif(current_setting('app.request', true), '')::jsonb;
  event_id constant uuid := platform.uuid_v7();
begin
  insert into audit.audit_logs (
    tenant_id, id, user_id, user_name, action, resource, resource_id, details, ip_address, user_agent, request_id
  )
  values (
    coalesce(platform.current_tenant_id(), '00000000-0000-0000-0000-000000000000'),
    event_id,
    platform.current_user_id(),
    request ->> 'name',
    record_event.action,
    record_event.resource,
    record_event.resource_id,
    record_event.details,
    split_part(request ->> 'ip', '%', 1)::inet,
    request ->> 'agent',
    request ->> 'id'
  );
  return event_id;
end
$$;
comment on function audit.record_event(text, text, text, jsonb) is
  'GG-19: appends an event. Tenant, user and request are those of the scope, never arguments';
revoke execute on function audit.record_event(text, text, text, jsonb) from public;
grant execute on function audit.record_event(text, text, text, jsonb) to commonhold_app;
