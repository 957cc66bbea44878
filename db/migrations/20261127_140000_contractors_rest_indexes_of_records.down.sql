alter function contractors.measure_catalogue() reset default_statistics_target;
alter function contractors.measure_staging() reset default_statistics_target;

drop function contractors.rest_indexes(boolean);

create function contractors.rest_indexes()
returns boolean
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  resting record;
begin
  if exists (select from contractors.contractor_profiles) then
    return false;
  end if;
  create temporary table resting_indexes (definition text not null, comment text) on commit drop;
  for resting in
    select i.indexrelid::regclass as name, pg_get_indexdef(i.indexrelid) as definition,
      obj_description(i.indexrelid, 'pg_class') as comment
    from pg_index as i
    where i.indrelid in ('contractors.contractor_profiles'::regclass, 'contractors.profile_names'::regclass)
      and not exists (select from pg_constraint as c where c.conindid = i.indexrelid)
  loop
    insert into pg_temp.resting_indexes (definition, comment)
    values (
      resting.definition,
      case when resting.comment is not null then format('comment on index %s is %L', resting.name, resting.comment) end
    );
    execute format('drop index %s', resting.name);
  end loop;
  return true;
end
$$;
comment on function contractors.rest_indexes() is
  'Drops the indexes of an empty catalogue''s profiles until wake_indexes() of the same transaction; false, and nothing done, once there is a profile';
revoke execute on function contractors.rest_indexes() from public;
grant execute on function contractors.rest_indexes() to commonhold_app;
