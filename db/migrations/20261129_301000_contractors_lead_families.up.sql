-- A family whose top has no profile, or a hidden one, is shown once too: by one of its members, under the name that the sources give the
-- parent: what most of its children say, where the last by the alphabet was taken. The catalogue is written by imports alone: readers wait for a moment, nobody else.
-- squawk-ignore-file require-concurrent-index-creation, adding-foreign-key-constraint, adding-not-nullable-field, constraint-missing-not-valid
alter table contractors.families
  add column head_id uuid,
  add column is_named_only boolean;
comment on column contractors.families.head_id is
  'Who stands for the family where it is shown once: its top, or where that has no profile that is shown the member with the greatest value';
comment on column contractors.families.is_named_only is
  'The top parent has no profile that is shown: the name is what sources of its children say, and another one stands for the family';

create or replace function contractors.keep_family_values()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  -- First who stands for no family any more, then who does.
  if tg_op <> 'INSERT' then
    update contractors.contractor_profiles as profile
    set family_value = null
    from old_rows
    where profile.id = old_rows.head_id
      and profile.family_value is not null
      and not exists (select from contractors.families as family where family.head_id = old_rows.head_id);
  end if;
  if tg_op <> 'DELETE' then
    update contractors.contractor_profiles as profile
    set family_value = new_rows.total_contract_value
    from new_rows
    where profile.id = new_rows.head_id
      and profile.family_value is distinct from new_rows.total_contract_value;
  end if;
  return null;
end
$$;
comment on function contractors.keep_family_values() is 'Who stands for a family has the family''s value, by which rolled-up results are sorted';
drop trigger keep_family_values_of_changed on contractors.families;

update contractors.families as family
set
  head_id = head.id,
  is_named_only = head.uei is distinct from family.uei
from (
  select distinct on (family_uei)
    family_uei, id, uei
  from contractors.contractor_profiles
  where merged_into is null
    and not is_hidden
    and family_uei is not null
  order by family_uei, uei <> family_uei, is_placeholder, value_rank desc, uei
) as head
where head.family_uei = family.uei;
-- Of whom nobody is shown is no family.
delete from contractors.families where head_id is null;
alter table contractors.families
  alter column head_id set not null,
  alter column is_named_only set not null,
  add constraint families_head_id_fkey foreign key (head_id)
    references contractors.contractor_profiles (id) on delete cascade;
create index families_head_id_idx on contractors.families (head_id);
create index families_name_words_idx
  on contractors.families using gin (array_to_tsvector(string_to_array(contractors.plain_words(name), ' ')))
  where is_named_only;
comment on index contractors.families_name_words_idx is 'A family whose top has no profile is found by the name of that one';
update contractors.contractor_profiles as profile
set family_value = family.total_contract_value
from contractors.families as family
where family.head_id = profile.id
  and profile.family_value is distinct from family.total_contract_value;
create trigger keep_family_values_of_changed after update on contractors.families
  referencing old table as old_rows new table as new_rows
  for each statement execute function contractors.keep_family_values();

create function contractors.told_parent_name(of_uei text)
returns text
language sql
stable
as $$
  with told as (
    select
      child.uei,
      regexp_replace(btrim(observation.fields ->> 'parentName'), '\s+', ' ', 'g') as name,
      contractors.words_without_legal_form(contractors.plain_words(observation.fields ->> 'parentName')) as words,
      contractors.words_without_legal_form(contractors.plain_words(observation.fields ->> 'legalBusinessName')) as own_words,
      contractors.words_without_legal_form(contractors.plain_words(child.name)) as words_now
    from contractors.contractor_profiles as child
    join contractors.observations as observation on observation.uei = child.uei
    where child.family_uei = of_uei
      and child.family_uei <> child.uei
      and observation.fields ->> 'parentUei' = of_uei
      and btrim(observation.fields ->> 'parentName') <> ''
  )
  select mode() within group (order by name)
  from told
  group by words
  order by
    -- Actions often repeat the vendor's own name as that of its parent.
    count(distinct uei) filter (where words is distinct from own_words and words <> words_now) desc,
    count(distinct uei) desc,
    count(*) desc,
    words
  limit 1
$$;
comment on function contractors.told_parent_name(text) is
  'What the records of most of its children call a parent, who is not called so himself; null where none says it';
revoke execute on function contractors.told_parent_name(text) from public;
grant execute on function contractors.told_parent_name(text) to commonhold_app;

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
      sum(profile.completed_contracts_count) filter (where not profile.is_hidden) as completed,
      (
        array_agg(
          profile.id
          order by profile.uei <> family.uei, profile.is_placeholder, profile.value_rank desc, profile.uei
        ) filter (where not profile.is_hidden)
      )[1] as head_id,
      bool_or(profile.uei = family.uei and not profile.is_hidden) is not true as is_named_only
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
    (uei, name, profile_count, total_contract_value, active_contracts_count, completed_contracts_count, head_id,
      is_named_only)
  select uei, coalesce(own_name, contractors.told_parent_name(uei), told_name, uei), profiles, total, active, completed, head_id, is_named_only
  from counted
  where is_family
    and profiles > 0
  on conflict (uei) do update
  set name = excluded.name,
    profile_count = excluded.profile_count,
    total_contract_value = excluded.total_contract_value,
    active_contracts_count = excluded.active_contracts_count,
    completed_contracts_count = excluded.completed_contracts_count,
    head_id = excluded.head_id,
    is_named_only = excluded.is_named_only
  where (family.name, family.profile_count, family.total_contract_value, family.active_contracts_count, family.completed_contracts_count,
      family.head_id, family.is_named_only)
    is distinct from (excluded.name, excluded.profile_count, excluded.total_contract_value, excluded.active_contracts_count,
      excluded.completed_contracts_count, excluded.head_id, excluded.is_named_only);
end
$$;

update contractors.families
set name = contractors.told_parent_name(uei)
where is_named_only
  and name is distinct from coalesce(contractors.told_parent_name(uei), name);
