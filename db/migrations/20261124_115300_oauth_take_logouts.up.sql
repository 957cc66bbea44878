create function oauth.take_logouts(at_most integer)
returns table (tenant_id uuid, oauth_client_id uuid, user_id uuid, sid text)
language sql
volatile
begin atomic
  with
    ended as (
      select allowed.tenant_id, allowed.id
      from oauth.grants as allowed
      left join identity.user_sessions as session
        on session.id = allowed.session_id
        and session.revoked_at is null
        and session.expires_at > pg_catalog.now()
        and session.ends_at > pg_catalog.now()
      where allowed.tells_logout
        and allowed.logout_told_at is null
        and session.id is null
      limit at_most
      for update of allowed skip locked
    ),
    taken as (
      update oauth.grants as allowed
      set logout_told_at = pg_catalog.now()
      from ended
      where allowed.tenant_id = ended.tenant_id
        and allowed.id = ended.id
      returning allowed.tenant_id, allowed.oauth_client_id, allowed.user_id, allowed.logout_sid
    )
  select distinct taken.tenant_id, taken.oauth_client_id, taken.user_id, taken.logout_sid
  from taken;
end;
comment on function oauth.take_logouts(integer) is
  'Whom to tell that a session has ended, each once (OpenID Connect Back-Channel Logout). Needs the system scope';
revoke execute on function oauth.take_logouts(integer) from public;
grant execute on function oauth.take_logouts(integer) to commonhold_app;
