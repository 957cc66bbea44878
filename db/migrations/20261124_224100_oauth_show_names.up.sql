-- The table is young and small: a moment of a lock is no harm.
-- squawk-ignore-file constraint-missing-not-valid
-- The clearest of them; the program refuses all signs that do not show.
alter table oauth.oauth_clients
  add constraint oauth_clients_name_shown
    check (name !~ U&'[\00AD\061C\180E\200B-\200F\2028-\202E\2060-\206F\FEFF]') not valid;
alter table oauth.oauth_clients validate constraint oauth_clients_name_shown;
