-- Refused where a tenant has two of them: none of both may go.
-- A row for each tenant that was ever deleted: the index is made in a moment.
-- squawk-ignore-file constraint-missing-not-valid, adding-serial-primary-key-field
alter table tenancy.deletion_certificates
  drop constraint deletion_certificates_pkey,
  add constraint deletion_certificates_pkey primary key (id);
comment on column tenancy.deletion_certificates.id is 'The id that the tenant had';
