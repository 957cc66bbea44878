create table audit.accepted_forks (
  number bigint not null,
  accepted_at timestamptz not null default now(),
  signed text not null,
  constraint accepted_forks_pkey primary key (number)
);
comment on table audit.accepted_forks is
  'Forks of this database''s log that an administrator knows to be restores: audit accept-fork';
comment on column audit.accepted_forks.number is 'The checkpoint that says of the fork';
comment on column audit.accepted_forks.signed is
  'JWS with the installation''s key: both checkpoints by their hashes, sizes and roots, who accepted it, when and why';
grant select on audit.accepted_forks to commonhold_app, commonhold_readonly;
