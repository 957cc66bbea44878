drop trigger keep_updated_at on oauth.oauth_clients;
select platform.keep_updated_at('oauth.oauth_clients');
alter table oauth.oauth_clients
  drop column require_pushed_authorization_requests,
  drop column tried_until;
select audit.track(
  'oauth.oauth_clients',
  ignore => '{updated_at,last_used_at,takes_secrets}',
  context => '{name}'
);
