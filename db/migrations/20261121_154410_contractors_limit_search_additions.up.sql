-- An addition takes up to 100,000 contractors and a worker for minutes. How many of them one person has asked for, nobody counted.
-- The table is small, and the column has a constant default: nothing is rewritten.
alter table contractors.contractor_list_additions
  add column attempt integer not null default 0;
comment on column contractors.contractor_list_additions.attempt is
  'How often a worker has begun it; after the fourth time it has failed, and counts no more as unfinished';
grant update (attempt) on contractors.contractor_list_additions to commonhold_app;

create function contractors.limit_search_additions()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  most constant integer := 5;
begin
  -- As with exports: the membership is locked, so that many at once take turns.
  perform
  from tenancy.user_tenants as membership
  where membership.tenant_id = new.tenant_id
    and membership.user_id = new.requested_by
  for no key update;
  if (
    select count(*)
    from contractors.contractor_list_additions as addition
    where addition.tenant_id = new.tenant_id
      and addition.requested_by = new.requested_by
      and addition.status in ('queued', 'running')
      -- Whatever has become of its job, nobody is kept out for longer than a day.
      and addition.created_at > now() - interval '1 day'
  ) >= most then
    raise exception 'no more search additions at once' using
      errcode = 'CH001', constraint = 'contractors.additions_under_way', detail = json_build_object('most', most)::text;
  end if;
  return new;
end
$$;
comment on function contractors.limit_search_additions() is
  'GG-10: of each member at most 5 search results are on their way into lists, however many he asks for at once';
revoke execute on function contractors.limit_search_additions() from public;
create trigger limit_search_additions before insert on contractors.contractor_list_additions
  for each row execute function contractors.limit_search_additions();
