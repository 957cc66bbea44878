alter table oauth.oauth_clients
  add column require_pushed_authorization_requests boolean not null default false,
  add column tried_until timestamptz;
comment on column oauth.oauth_clients.require_pushed_authorization_requests is
  'It has to say beforehand what it asks for, by itself and not through the browser (RFC 9126)';
comment on column oauth.oauth_clients.tried_until is
  'Somebody tries it from the console: until then codes may go to the console''s own page too';
grant update (require_pushed_authorization_requests, tried_until) on oauth.oauth_clients to commonhold_app;
select audit.track(
  'oauth.oauth_clients',
  ignore => '{updated_at,last_used_at,takes_secrets}',
  context => '{name}'
);

-- That it was used, or is tried, changes nothing that somebody has set.
drop trigger keep_updated_at on oauth.oauth_clients;
create trigger keep_updated_at before update of
  name, description, website, redirect_uris, post_logout_redirect_uris, grant_types, scopes, token_endpoint_auth_method,
  jwks, jwks_uri, service_account_id, backchannel_logout_uri, is_active, require_pushed_authorization_requests
on oauth.oauth_clients
  for each row execute function platform.touch_updated_at();
