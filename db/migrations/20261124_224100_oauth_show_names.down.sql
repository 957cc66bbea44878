alter table oauth.oauth_clients
  drop constraint oauth_clients_name_shown;
