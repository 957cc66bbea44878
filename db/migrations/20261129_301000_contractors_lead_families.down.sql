-- squawk-ignore-file ban-drop-column, require-concurrent-index-deletion
update contractors.families as family
set name = coalesce(
  (
    select max(metadata ->> 'parentName')
    from contractors.contractor_profiles
    where parent_uei = family.uei
      and family_uei = family.uei
      and merged_into is null
  ),
  family.uei
)
where is_named_only;
alter table contractors.families
  drop constraint families_head_id_fkey;
drop trigger keep_family_values_of_changed on contractors.families;
drop index contractors.families_head_id_idx, contractors.families_name_words_idx;
update contractors.contractor_profiles as profile
set family_value = null
from contractors.families as family
where family.head_id = profile.id
  and family.is_named_only;
alter table contractors.families
  drop column head_id,
  drop column is_named_only;
create or replace function contractors.keep_family_values()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  if tg_op = 'DELETE' then
    update contractors.contractor_profiles as profile
    set family_value = null
    from old_rows
    where profile.uei = old_rows.uei
      and profile.family_value is not null
      and not exists (select from contractors.families as family where family.uei = old_rows.uei);
  else
    update contractors.contractor_profiles as profile
    set family_value = new_rows.total_contract_value
    from new_rows
    where profile.uei = new_rows.uei
      and profile.family_value is distinct from new_rows.total_contract_value;
  end if;
  return null;
end
$$;
comment on function contractors.keep_family_values() is 'The top of a family has the family''s value, by which rolled-up results are sorted';
create trigger keep_family_values_of_changed after update on contractors.families
  referencing new table as new_rows
  for each statement execute function contractors.keep_family_values();

create or replace function contractors.refresh_families(changed text[])
returns void
language plpgsql
as $$
declare
  pending text[] := changed;
  done text[] := '{}';
  affected text[] := changed;
  moved text[];
begin
  while cardinality(pending) > 0 loop
    with head as materialized (
      select h.uei, h.head
      from contractors.family_heads(pending) as h
    ),
    placed as (
      update contractors.contractor_profiles as profile
      set family_uei = head.head
      from head
      where profile.uei = head.uei
        and profile.family_uei is distinct from head.head
      returning profile.uei
    )
    select
      array(select distinct family from (
        select old.family_uei as family
        from contractors.contractor_profiles as old
        join head on head.uei = old.uei
        where old.family_uei is not null
        union all
        select head.head from head
        union all
        select unnest(affected)
      ) as either),
      array(select placed.uei from placed)
    into affected, moved;
    done := done || pending;
    -- Who stands below a contractor that moved moves with it; below one that is absorbed, or absorbs, they all are looked at.
    select coalesce(array_agg(distinct child.uei), '{}') into pending
    from contractors.contractor_profiles as parent
    join contractors.contractor_profiles as child on child.parent_uei = parent.uei
    where parent.uei = any (case when done = changed then changed else moved end)
      and child.uei is not null
      and child.uei <> all (done);
  end loop;

  with counted as (
    select
      family.uei,
      max(profile.name) filter (where profile.uei = family.uei and not profile.is_hidden) as own_name,
      max(profile.metadata ->> 'parentName') filter (where profile.parent_uei = family.uei) as told_name,
      count(*) filter (where not profile.is_hidden) as profiles,
      bool_or(profile.uei <> family.uei) as is_family,
      sum(profile.total_contract_value) filter (where not profile.is_hidden) as total,
      sum(profile.active_contracts_count) filter (where not profile.is_hidden) as active,
      sum(profile.completed_contracts_count) filter (where not profile.is_hidden) as completed
    from unnest(affected) as family (uei)
    cross join lateral (
      select below.*
      from contractors.contractor_profiles as below
      where below.family_uei = family.uei
        and below.family_uei <> below.uei
        and below.merged_into is null
      union all
      select top.*
      from contractors.contractor_profiles as top
      where top.uei = family.uei
        and top.family_uei = family.uei
        and top.merged_into is null
    ) as profile
    group by family.uei
  ),
  gone as (
    delete from contractors.families as family
    where family.uei = any (affected)
      and not exists (
        select
        from counted
        where counted.uei = family.uei
          and counted.is_family
          and counted.profiles > 0
      )
  )
  insert into contractors.families as family
    (uei, name, profile_count, total_contract_value, active_contracts_count, completed_contracts_count)
  select uei, coalesce(own_name, told_name, uei), profiles, total, active, completed
  from counted
  where is_family
    and profiles > 0
  on conflict (uei) do update
  set name = excluded.name,
    profile_count = excluded.profile_count,
    total_contract_value = excluded.total_contract_value,
    active_contracts_count = excluded.active_contracts_count,
    completed_contracts_count = excluded.completed_contracts_count
  where (family.name, family.profile_count, family.total_contract_value, family.active_contracts_count, family.completed_contracts_count)
    is distinct from (excluded.name, excluded.profile_count, excluded.total_contract_value, excluded.active_contracts_count,
      excluded.completed_contracts_count);
end
$$;

drop function contractors.told_parent_name(text);
