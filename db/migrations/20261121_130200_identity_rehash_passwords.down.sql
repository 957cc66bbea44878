comment on column identity.passwords.created_at is null;
comment on column identity.passwords.password_hash is null;
revoke update (password_hash) on identity.passwords from commonhold_app;
