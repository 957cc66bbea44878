create function oauth.keep_issuer()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  was_system constant text := coalesce(current_setting('app.system', true), '');
  is_known boolean;
begin
  perform set_config('app.system', 'on', true);
  is_known :=
    exists (select from oauth.oauth_clients where tenant_id = new.id)
    or exists (select from oauth.grants where tenant_id = new.id);
  perform set_config('app.system', was_system, true);
  if is_known then
    perform tenancy.hold_slug_for_good(old.slug, new.id);
  end if;
  return null;
end
$$;
comment on function oauth.keep_issuer() is
  'The slug of a tenant that applications know as an issuer stays its own when it takes another: who trusts https://host/t/slug would trust the next one';
revoke execute on function oauth.keep_issuer() from public;
-- Named to run after hold_slug, which writes the row.
create trigger keep_issuer after update of slug on tenancy.tenants
  for each row
  when (old.slug <> new.slug)
  execute function oauth.keep_issuer();
