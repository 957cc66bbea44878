-- How much one person may have was counted by the statement that adds to it: of many at once each counted before the others
-- had written. Now the membership is locked first, so that they take turns, and what is counted then is what there is.

create function contractors.limit_saved_searches()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  most constant integer := 100;
begin
  perform
  from tenancy.user_tenants as membership
  where membership.tenant_id = new.tenant_id
    and membership.user_id = new.user_id
  for no key update;
  if (
    select count(*)
    from contractors.saved_searches as saved
    where saved.tenant_id = new.tenant_id
      and saved.user_id = new.user_id
  ) >= most then
    raise exception 'no more saved searches' using
      errcode = 'CH001', constraint = 'contractors.saved_searches_full', detail = json_build_object('most', most)::text;
  end if;
  return new;
end
$$;
comment on function contractors.limit_saved_searches() is 'GG-06: each member has at most 100 saved searches, however many he saves at once';
revoke execute on function contractors.limit_saved_searches() from public;
create trigger limit_saved_searches before insert on contractors.saved_searches
  for each row execute function contractors.limit_saved_searches();

create function contractors.limit_exports()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  most_kept constant integer := 50;
  most_under_way constant integer := 3;
  kept bigint;
  under_way bigint;
begin
  perform
  from tenancy.user_tenants as membership
  where membership.tenant_id = new.tenant_id
    and membership.user_id = new.user_id
  for no key update;
  select count(*), count(*) filter (where export.status in ('waiting', 'running'))
  into kept, under_way
  from contractors.exports as export
  where export.tenant_id = new.tenant_id
    and export.user_id = new.user_id
    and (export.expires_at is null or export.expires_at > now());
  if kept >= most_kept then
    raise exception 'no more exports' using
      errcode = 'CH001', constraint = 'contractors.exports_too_many', detail = json_build_object('most', most_kept)::text;
  end if;
  if under_way >= most_under_way then
    raise exception 'no more exports at once' using
      errcode = 'CH001', constraint = 'contractors.exports_under_way',
      detail = json_build_object('most', most_under_way)::text;
  end if;
  return new;
end
$$;
comment on function contractors.limit_exports() is 'GG-06: each member has at most 50 exports, of which 3 are being made, however many he asks for at once';
revoke execute on function contractors.limit_exports() from public;
create trigger limit_exports before insert on contractors.exports
  for each row execute function contractors.limit_exports();
