drop table operations.programs;
drop table operations.archive_runs;
alter table operations.key_rotations drop column total;
alter table operations.backup_runs drop column progress;
