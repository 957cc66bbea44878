-- The history of a contractor is a log that the program cannot change, but for this.
create function contractors.forget_hidden(ueis text[])
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
comment on function contractors.forget_hidden(text[]) is
  'GG-06: of those of these contractors who do not want to be shown, nothing of what was known before is kept but that they are there';
revoke execute on function contractors.forget_hidden(text[]) from public;
grant execute on function contractors.forget_hidden(text[]) to commonhold_app;
