-- As many rows as there are people, devices or roles: checked and indexed within seconds, in the migration's own transaction.
-- squawk-ignore-file require-concurrent-index-creation
create index user_sessions_revoked_at_idx on identity.user_sessions (revoked_at) where revoked_at is not null;
