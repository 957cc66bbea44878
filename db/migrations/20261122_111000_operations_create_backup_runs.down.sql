drop table operations.backup_runs;
