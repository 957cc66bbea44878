create or replace function contractors.forget_hidden(ueis text[])
returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  hidden constant uuid[] := array(
    select id
    from contractors.contractor_profiles
    where uei = any (ueis)
      and is_hidden
  );
begin
  if hidden = '{}' then
    return;
  end if;
  delete from contractors.profile_names
  where uei in (
    select uei
    from contractors.contractor_profiles
    where id = any (hidden)
  );
  delete from contractors.profile_changes
  where profile_id = any (hidden)
    and changes - 'isHidden' <> '{}';
  delete from contractors.search_changes
  where id = any (hidden);
end
$$;
drop trigger note_removed_profiles on contractors.contractor_profiles;
drop function contractors.note_removed_profiles();
drop function contractors.drop_search_bits();
drop function contractors.refresh_search_bits();
drop table contractors.search_bits;
drop table contractors.search_places;
drop table contractors.search_snapshot;
