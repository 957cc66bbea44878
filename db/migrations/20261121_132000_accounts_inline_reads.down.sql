drop function accounts.list_declared_permissions();
drop function accounts.find_principal(uuid, bytea, uuid);

create function accounts.find_principal(of_session_id uuid, of_token_hash bytea, in_tenant_id uuid)
returns table (
  session_id uuid,
  user_id uuid,
  user_name text,
  authenticated_at timestamptz,
  last_seen_at timestamptz,
  is_operator boolean,
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
    session.authenticated_at,
    session.last_seen_at,
    operator.user_id is not null,
    membership.tenant_id,
    membership.status,
    membership.roles,
    case
      when membership.is_active then accounts.find_permissions(membership.tenant_id, membership.user_tenant_id)
      else '{}'
    end
    || case
      when operator.user_id is not null
        then array(select permission.name from access.permissions as permission where permission.for_operators order by 1)
      else '{}'
    end
  from identity.user_sessions as session
  join identity.users as account
    on account.id = session.user_id
  left join identity.operators as operator
    on operator.user_id = account.id
  left join lateral accounts.find_memberships(account.id) as membership
    on membership.tenant_id = coalesce(in_tenant_id, session.active_tenant_id)
  where (session.id = of_session_id or session.token_hash = of_token_hash)
    and session.revoked_at is null
    and session.expires_at > pg_catalog.now()
    and session.ends_at > pg_catalog.now()
    and account.is_active;
end;
comment on function accounts.find_principal(uuid, bytea, uuid) is
  'Who a living session is, and what he may do in the tenant asked for, else in the session''s own (PE-02, GG-04, MT-12); an operator''s permissions hold everywhere';
revoke execute on function accounts.find_principal(uuid, bytea, uuid) from public;
grant execute on function accounts.find_principal(uuid, bytea, uuid) to commonhold_app;

alter function accounts.find_candidate(uuid) set search_path = '';
alter function accounts.find_memberships(uuid) set search_path = '';
