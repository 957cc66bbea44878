-- A tenant that was brought back from a backup may be deleted again, and has two certificates then.
-- A row for each tenant that was ever deleted: the index is made in a moment.
-- squawk-ignore-file constraint-missing-not-valid, adding-serial-primary-key-field
alter table tenancy.deletion_certificates
  drop constraint deletion_certificates_pkey,
  add constraint deletion_certificates_pkey primary key (id, number);
comment on column tenancy.deletion_certificates.id is
  'The id that the tenant had; brought back from a backup and deleted again, it has a certificate of each time';
