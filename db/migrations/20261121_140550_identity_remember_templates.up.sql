alter table identity.sign_ups
  add column tenant_template text;
comment on column identity.sign_ups.tenant_template is 'What the tenant that is asked for along with the account starts with; the standard where nothing is said';
