-- Every row is written twice: when the token is made and when it is used. With room beside it the second time stays on its
-- page, and no index is touched. Nothing looks tokens up by their end: they go with their session.
-- squawk-ignore-file require-concurrent-index-deletion
alter table identity.refresh_tokens set (fillfactor = 50);
drop index identity.refresh_tokens_expires_at_idx;
