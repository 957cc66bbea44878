-- squawk-ignore-file require-concurrent-index-creation
create index refresh_tokens_expires_at_idx on identity.refresh_tokens (expires_at);
alter table identity.refresh_tokens reset (fillfactor);
