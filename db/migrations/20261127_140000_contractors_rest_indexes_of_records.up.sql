drop function contractors.rest_indexes();

create function contractors.rest_indexes(of_records boolean default false)
returns boolean
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  resting record;
  tables regclass[] := case
    when of_records then '{contractors.contractors, contractors.observations}'
    else '{contractors.contractor_profiles, contractors.profile_names}'
  end;
begin
  if of_records and (
    exists (select from contractors.contractors) or exists (select from contractors.observations)
  ) or not of_records and exists (select from contractors.contractor_profiles) then
    return false;
  end if;
  create temporary table resting_indexes (definition text not null, comment text) on commit drop;
  for resting in
    select i.indexrelid::regclass as name, pg_get_indexdef(i.indexrelid) as definition,
      obj_description(i.indexrelid, 'pg_class') as comment
    from pg_index as i
    where i.indrelid = any (tables)
      and not exists (select from pg_constraint as c where c.conindid = i.indexrelid)
      -- Families are counted before the end, and few are in these.
      and i.indexrelid <> all (
        '{contractors.contractor_profiles_family_uei_idx, contractors.contractor_profiles_parent_uei_idx,
          contractors.contractor_profiles_merged_into_idx}'::regclass[]
      )
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
comment on function contractors.rest_indexes(boolean) is 'Drops the indexes of an empty catalogue''s profiles, or of its records, until wake_indexes() of the same transaction; false, and nothing done, once there is one. Those by which families are found stay';
grant execute on function contractors.rest_indexes(boolean) to commonhold_app;
revoke execute on function contractors.rest_indexes(boolean) from public;

-- Ten thousand rows tell a plan as much as thirty thousand, and are read in a third of the time.
alter function contractors.measure_staging() set default_statistics_target = 30;
alter function contractors.measure_catalogue() set default_statistics_target = 30;
