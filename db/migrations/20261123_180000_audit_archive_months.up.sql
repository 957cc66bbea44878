create table audit.archived_months (
  archive text not null,
  since timestamptz not null,
  until timestamptz not null,
  rows bigint not null,
  archived_at timestamptz not null default now(),
  signed text not null,
  erasures text[] not null default '{}',
  constraint archived_months_pkey primary key (archive),
  constraint archived_months_order check (since < until)
);
comment on table audit.archived_months is
  'Months of this database''s log whose entries lie in an archive, and not in audit_logs any more. Their seals stay. Written by who drops the partition, in the same transaction';
comment on column audit.archived_months.archive is 'The archive''s id: archive list';
comment on column audit.archived_months.since is 'The first moment of the month';
comment on column audit.archived_months.signed is
  'JWS with the installation''s key: the archive''s hashes, and of each tenant the positions and a hash over their keys and leaves (docs/audit.md)';
comment on column audit.archived_months.erasures is
  'Signed records of erasures that stand in entries of this month: entries of other months are held against them';
grant select (archive, since, until, rows, archived_at) on audit.archived_months to commonhold_app, commonhold_readonly;
