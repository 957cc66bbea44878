drop table identity.signing_keys;
drop table identity.refresh_tokens;
drop table identity.user_sessions;
