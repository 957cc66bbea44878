create schema oauth;
comment on schema oauth is 'The OAuth 2.0 and OpenID Connect server of each tenant: clients, what they were allowed, tokens (as hashes)';
grant usage on schema oauth to commonhold_app, commonhold_readonly;
