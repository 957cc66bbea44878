create schema federation;
comment on schema federation is 'Identity providers of the tenants themselves: sign-in through them, who is whom there, which group gives which role, SCIM';
grant usage on schema federation to commonhold_app, commonhold_readonly;
