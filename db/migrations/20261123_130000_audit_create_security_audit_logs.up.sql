create table audit.security_audit_logs (
  tenant_id uuid not null,
  id uuid not null,
  created_at timestamptz not null default now(),
  severity text not null,
  category text not null,
  event text not null,
  user_id uuid,
  session_id uuid,
  occurrences integer not null default 1,
  constraint security_audit_logs_pkey primary key (tenant_id, created_at, id),
  constraint security_audit_logs_severity_known check (severity in ('low', 'medium', 'high', 'critical')),
  constraint security_audit_logs_occurrences_positive check (occurrences > 0)
) partition by range (created_at);
comment on table audit.security_audit_logs is
  'MT-22: which entries of the audit log tell of security, and how grave that is. What happened, with address and details, stands in the entry alone, which is sealed';
comment on column audit.security_audit_logs.tenant_id is 'As in the entry; the nil UUID for what belongs to no tenant';
comment on column audit.security_audit_logs.id is 'The id of the entry in audit.audit_logs, of the same tenant and moment. No foreign key: entries are archived by the month';
comment on column audit.security_audit_logs.severity is 'As declared by the module when it happened';
comment on column audit.security_audit_logs.category is 'What it is about: authentication, account, access, workspace or installation';
comment on column audit.security_audit_logs.event is 'The action of the entry; of a refused request the code of the refusal';
comment on column audit.security_audit_logs.session_id is 'The session that it happened to, or in which the refused request was made. No foreign key: it outlives sessions';
comment on column audit.security_audit_logs.occurrences is 'More than one where the same was refused again and again within a minute';

create index security_audit_logs_user on audit.security_audit_logs (tenant_id, user_id, created_at, id);
create index security_audit_logs_event on audit.security_audit_logs (tenant_id, event, created_at, id);
-- Operators look at all tenants at once, and at what is grave first.
create index security_audit_logs_time on audit.security_audit_logs (created_at, id);
create index security_audit_logs_grave on audit.security_audit_logs (created_at, id) where severity in ('high', 'critical');

alter table audit.security_audit_logs enable row level security;
alter table audit.security_audit_logs force row level security;
create policy tenant_isolation on audit.security_audit_logs for select
  using (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));
create policy owner_appends on audit.security_audit_logs for insert to commonhold_owner
  with check (true);
create policy owner_reads on audit.security_audit_logs for select to commonhold_owner
  using (true);
grant select on audit.security_audit_logs to commonhold_app, commonhold_readonly;

create trigger append_only before update or delete or truncate on audit.security_audit_logs
  for each statement execute function audit.refuse_change();
alter table audit.security_audit_logs enable always trigger append_only;

select platform.ensure_month_partitions('audit.security_audit_logs', 3);

create function audit.record_security_event(
  action text, resource text, resource_id text, details jsonb,
  severity text, category text, session_id uuid, occurrences integer
)
returns uuid
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  event_id constant uuid := audit.record_event(action, resource, resource_id, details);
begin
  insert into audit.security_audit_logs (tenant_id, id, severity, category, event, user_id, session_id, occurrences)
  values (
    coalesce(platform.current_tenant_id(), '00000000-0000-0000-0000-000000000000'),
    event_id,
    record_security_event.severity,
    record_security_event.category,
    record_security_event.action,
    platform.current_user_id(),
    record_security_event.session_id,
    record_security_event.occurrences
  );
  return event_id;
end
$$;
comment on function audit.record_security_event(text, text, text, jsonb, text, text, uuid, integer) is
  'MT-22: appends an event of the current tenant, user and request to the audit log, and notes how grave it is';
revoke execute on function audit.record_security_event(text, text, text, jsonb, text, text, uuid, integer) from public;
grant execute on function audit.record_security_event(text, text, text, jsonb, text, text, uuid, integer) to commonhold_app;

create function audit.find_security_events(
  of_tenant uuid, severities text[], of_category text, of_event text, of_user uuid,
  since timestamptz, until timestamptz, pattern text, before_at timestamptz, before_id uuid, most integer
)
returns table (found audit.security_audit_logs, logged audit.audit_logs)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
-- What is not asked for drops out of the plan.
set plan_cache_mode = force_custom_plan
as $$
begin
  if of_tenant is distinct from platform.current_tenant_id() and not platform.is_system() then
    raise exception 'Security events of other tenants are for the system alone' using errcode = 'insufficient_privilege';
  end if;
  return query
  select noted, entry
  from audit.security_audit_logs as noted
  left join audit.audit_logs as entry
    on entry.tenant_id = noted.tenant_id
    and entry.created_at = noted.created_at
    and entry.id = noted.id
  where (of_tenant is null or noted.tenant_id = of_tenant)
    and (severities is null or noted.severity = any (severities))
    and (of_category is null or noted.category = of_category)
    and (of_event is null or noted.event = of_event)
    and (of_user is null or noted.user_id = of_user)
    and (since is null or noted.created_at >= since)
    and (until is null or noted.created_at < until)
    and (before_at is null or (noted.created_at <= before_at and (noted.created_at, noted.id) < (before_at, before_id)))
    and (
      pattern is null
      or noted.event ilike pattern
      or entry.user_name ilike pattern
      or entry.resource_id ilike pattern
      or host(entry.ip_address) ilike pattern
      or entry.user_agent ilike pattern
      or entry.details::text ilike pattern
    )
  order by noted.created_at desc, noted.id desc
  limit most;
end
$$;
comment on function audit.find_security_events(uuid, text[], text, text, uuid, timestamptz, timestamptz, text, timestamptz, uuid, integer) is
  'MT-22: security events with their entries, newest first; of all tenants for the system alone. An entry that is not there any more is null';
revoke execute on function audit.find_security_events(uuid, text[], text, text, uuid, timestamptz, timestamptz, text, timestamptz, uuid, integer) from public;
grant execute on function audit.find_security_events(uuid, text[], text, text, uuid, timestamptz, timestamptz, text, timestamptz, uuid, integer) to commonhold_app;
