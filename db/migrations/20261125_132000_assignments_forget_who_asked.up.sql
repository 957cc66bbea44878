create or replace function assignments.log_assignment()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  -- changed_by says who, and is taken out when his account goes; values in changes stay.
  omitted constant text[] := '{tenant_id,updated_at,created_by,published_by,locked_by}';
  before constant jsonb := case when tg_op = 'INSERT' then '{}' else to_jsonb(old) - omitted end;
  after constant jsonb := case when tg_op = 'DELETE' then '{}' else to_jsonb(new) - omitted end;
  changes jsonb;
begin
  select jsonb_object_agg(
    key,
    case when before ? key then jsonb_build_object('old', before -> key) else '{}' end
      || case when after ? key then jsonb_build_object('new', after -> key) else '{}' end
  )
  into changes
  from (select jsonb_object_keys(before || after) as key) as columns
  where before -> key is distinct from after -> key
    and (tg_op = 'UPDATE' or 'null' <> coalesce(after -> key, before -> key));
  if changes is not null then
    perform assignments.write_history(
      coalesce(new.tenant_id, old.tenant_id), coalesce(new.id, old.id), lower(tg_op), changes
    );
  end if;
  return null;
end
$$;

-- A run holds a whole round: as a row that names somebody it would stand in his export of personal data. Who asked is in
-- the revision that came of it.
-- squawk-ignore ban-drop-column
alter table assignments.solver_runs drop column requested_by;
