-- What was done and what was wrong is not to be unmade by whoever can act as the program: only what is old goes.
create policy alarms_kept on operations.alarms as restrictive for delete
  using (opened_at < now() - interval '400 days');
create policy archive_runs_kept on operations.archive_runs as restrictive for delete
  using (started_at < now() - interval '400 days');
create policy backup_runs_kept on operations.backup_runs as restrictive for delete
  using (started_at < now() - interval '400 days');
create policy doctor_runs_kept on operations.doctor_runs as restrictive for delete
  using (started_at < now() - interval '90 days');
create policy maintenance_runs_kept on operations.maintenance_runs as restrictive for delete
  using (
    started_at < now() - interval '30 days'
    and (status = 'done' or started_at < now() - interval '400 days')
  );
create policy relation_sizes_kept on operations.relation_sizes as restrictive for delete
  using (taken_on < current_date - 400);
create policy retention_runs_kept on operations.retention_runs as restrictive for delete
  using (started_at < now() - interval '400 days');
