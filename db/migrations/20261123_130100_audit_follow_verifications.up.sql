alter table audit.verifications
  add column database text,
  add column kind text,
  add column requested_by text,
  add column done bigint,
  add column total bigint,
  add column seen_at timestamptz,
  add column failure text;
-- A row for each verification there ever was.
-- squawk-ignore constraint-missing-not-valid
alter table audit.verifications add constraint verifications_kind_known check (kind in ('full', 'since_checkpoint'));
comment on column audit.verifications.database is 'Host, port and name of a database that tenants have of their own; null for the main one';
comment on column audit.verifications.kind is 'Whether all was computed again, or what came after the newest checkpoint that was found sound; null of runs from before this was noted';
comment on column audit.verifications.requested_by is 'The name of the operator who asked for it; null for the clock and the command line';
comment on column audit.verifications.done is 'Entries that are computed again, of `total`, while it runs';
comment on column audit.verifications.seen_at is 'When it last said so: one that is silent for minutes was killed';
comment on column audit.verifications.failure is 'Why it came to no result';
grant insert (database, kind, requested_by, seen_at), update (done, total, seen_at, failure) on audit.verifications to commonhold_app;
