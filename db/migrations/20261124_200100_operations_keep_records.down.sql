drop policy retention_runs_kept on operations.retention_runs;
drop policy relation_sizes_kept on operations.relation_sizes;
drop policy maintenance_runs_kept on operations.maintenance_runs;
drop policy doctor_runs_kept on operations.doctor_runs;
drop policy backup_runs_kept on operations.backup_runs;
drop policy archive_runs_kept on operations.archive_runs;
drop policy alarms_kept on operations.alarms;
