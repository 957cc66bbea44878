create function http.forget_tenant(of_tenant_id uuid, most integer)
returns jsonb
language sql
set search_path = pg_catalog, pg_temp
as $$
  with removed as (
    delete from http.idempotency_keys
    where id in (
      select kept.id
      from http.idempotency_keys as kept
      where strpos(kept.body, of_tenant_id::text) > 0
        or strpos(kept.headers::text, of_tenant_id::text) > 0
      limit most
    )
    returning 1
  )
  select jsonb_build_object('http.idempotency_keys', count(*)) from removed
$$;
comment on function http.forget_tenant(uuid, integer) is 'Removes kept answers that name a tenant, which is being removed';
revoke execute on function http.forget_tenant(uuid, integer) from public;
