drop function audit.subject_months();
drop function audit.erase_entries(uuid, text[], uuid, timestamptz[], uuid[], uuid);
drop function audit.columns_in(audit.audit_logs, text[]);
drop function audit.erasure_item(uuid, text, bytea, bytea);
drop function audit.values_name(audit.audit_logs, text[], text);
drop function audit.without(jsonb, text[]);
drop function audit.find_subject(uuid, text[], timestamptz, timestamptz);
drop function audit.find_addresses(uuid);
drop function audit.is_about(audit.audit_logs, uuid, text[]);
drop function audit.address_pattern(text[]);

-- Entries that were sealed in format 2 fit their seals no more: what they were sealed with goes.
create or replace function audit.entry_content(entry audit.audit_logs)
returns text
language sql
stable
return pg_catalog.json_build_array(
  entry.tenant_id,
  entry.id,
  pg_catalog.to_char(entry.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
  entry.user_id,
  entry.action,
  entry.resource,
  entry.resource_id,
  entry.changes,
  entry.details,
  entry.request_id
)::text;
comment on function audit.entry_content(audit.audit_logs) is
  'The text of an entry that is sealed, save for what is personal: docs/audit.md. Never changed, else no seal fits';

create or replace function audit.entry_leaf(entry audit.audit_logs)
returns bytea
language sql
stable
return pg_catalog.sha256(
  '\x00'::bytea
  || pg_catalog.sha256(pg_catalog.convert_to(audit.entry_content(entry), 'UTF8'))
  || pg_catalog.sha256(pg_catalog.convert_to(audit.entry_person(entry), 'UTF8'))
);
comment on function audit.entry_leaf(audit.audit_logs) is 'The leaf of an entry in its tenant''s tree (RFC 6962): 0x00, hash of the content, hash of the personal part';
drop function audit.has_values(audit.audit_logs);
drop function audit.entry_values(audit.audit_logs);
drop function audit.key_of(audit.audit_logs, text);
drop function audit.hash_of(jsonb, text);
drop function audit.declare_personal(smallint, jsonb);
drop function audit.personal_keys(smallint, text);

create or replace function audit.refuse_change()
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

do $$
declare
  part regclass;
begin
  for part in select relid from pg_partition_tree('audit.audit_logs'::regclass) loop
    execute format('drop policy owner_erases on %s', part);
  end loop;
end
$$;
drop table audit.erasing_transactions;
drop table audit.erased_subjects;
drop table audit.personal_columns;
alter table audit.audit_logs
  drop column erased,
  drop column salt,
  drop column format;
