drop function accounts.find_principal(uuid, bytea, uuid);

create function accounts.find_principal(of_session_id uuid, of_token_hash bytea, in_tenant_id uuid)
returns table (
  session_id uuid,
  user_id uuid,
  user_name text,
  last_seen_at timestamptz,
  tenant_id uuid,
  tenant_status text,
  roles text[],
  permissions text[]
)
language sql
stable
set search_path = ''
begin atomic
  select
    session.id,
    account.id,
    coalesce(account.full_name, account.email),
    session.last_seen_at,
    membership.tenant_id,
    membership.status,
    membership.roles,
    case
      when membership.is_active then accounts.find_permissions(membership.tenant_id, membership.user_tenant_id)
      else '{}'
    end
  from identity.user_sessions as session
  join identity.users as account
    on account.id = session.user_id
  left join lateral accounts.find_memberships(account.id) as membership
    on membership.tenant_id = coalesce(in_tenant_id, session.active_tenant_id)
  where (session.id = of_session_id or session.token_hash = of_token_hash)
    and session.revoked_at is null
    and session.expires_at > pg_catalog.now()
    and account.is_active;
end;
comment on function accounts.find_principal(uuid, bytea, uuid) is
  'Who a living session is, and what he may do in the tenant asked for, else in the session''s own (PE-02, GG-04, MT-12)';

revoke execute on function accounts.find_principal(uuid, bytea, uuid) from public;
grant execute on function accounts.find_principal(uuid, bytea, uuid) to commonhold_app;
