-- The catalogue is written by imports alone: readers wait for a moment, nobody else.
-- squawk-ignore-file require-concurrent-index-creation, adding-field-with-default
alter table contractors.contractor_profiles add column family_value numeric(18, 2);
comment on column contractors.contractor_profiles.family_value is
  'Of the top of a family of several: what all its members together have been awarded (contractors.families), for the search';
update contractors.contractor_profiles as profile
set family_value = family.total_contract_value
from contractors.families as family
where family.uei = profile.uei;
alter table contractors.contractor_profiles
  add column family_rank bigint not null
    generated always as ((coalesce(family_value, total_contract_value, -10000000000000) * 100)::bigint) stored;
comment on column contractors.contractor_profiles.family_rank is 'As value_rank, the family''s value for the top of a family';
create index contractor_profiles_family_rank_idx on contractors.contractor_profiles (family_rank desc, id);

create function contractors.keep_family_values()
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
revoke execute on function contractors.keep_family_values() from public;
create trigger keep_family_values_of_new after insert on contractors.families
  referencing new table as new_rows
  for each statement execute function contractors.keep_family_values();
create trigger keep_family_values_of_changed after update on contractors.families
  referencing new table as new_rows
  for each statement execute function contractors.keep_family_values();
create trigger keep_family_values_of_gone after delete on contractors.families
  referencing old table as old_rows
  for each statement execute function contractors.keep_family_values();
