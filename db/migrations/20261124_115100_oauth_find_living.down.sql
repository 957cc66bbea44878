drop function accounts.find_oauth_token(bytea);
drop function oauth.find_browser_session(uuid, bytea, text, uuid);
drop function oauth.find_member(uuid, uuid);
drop function oauth.find_code(uuid, bytea);
drop function oauth.find_token(uuid, bytea);
drop view oauth.living_services;
drop view oauth.living_grants;
