select set_config('app.system', 'on', true);
delete from operations.backup_runs where kind = 'restore';
alter table operations.backup_runs
  drop constraint backup_runs_kind_known,
  -- squawk-ignore constraint-missing-not-valid
  add constraint backup_runs_kind_known check (kind in ('full', 'incremental', 'verify', 'drill', 'expire'));
comment on column operations.backup_runs.kind is
  'full, incremental: a backup was made; verify: one was read again; drill: the copy was recovered and looked at; expire: old ones were removed';
