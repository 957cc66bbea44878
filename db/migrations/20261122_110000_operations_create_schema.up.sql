create schema operations;
comment on schema operations is 'What keeps the installation well: backups, retention, maintenance, health';
grant usage on schema operations to commonhold_app, commonhold_readonly;
