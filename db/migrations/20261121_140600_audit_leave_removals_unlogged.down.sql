do $$
declare
  old_branch constant text := E'\n  else\n    insert into audit.audit_logs';
  new_branch constant text := E'\n  elsif not exists (select from audit.unlogged_transactions as unlogged where unlogged.id = pg_current_xact_id()) then\n    insert into audit.audit_logs';
  definition constant text := pg_get_functiondef('audit.tracking_source(regclass, text[], text[], text[])'::regprocedure);
  tracked record;
begin
  execute replace(definition, new_branch, old_branch);
  for tracked in select * from audit.tracked_tables loop
    execute format(
      'create or replace function audit.%I() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp set timezone = ''UTC'' as %L',
      audit.tracking_name(tracked.table_name::regclass),
      audit.tracking_source(tracked.table_name::regclass, tracked.redacted, tracked.ignored, tracked.context)
    );
  end loop;
end
$$;
drop function audit.end_unlogged_deletes();
drop function audit.begin_unlogged_deletes();
drop table audit.unlogged_transactions;
