create index user_sessions_revoked_at_idx on identity.user_sessions (revoked_at) where revoked_at is not null;
