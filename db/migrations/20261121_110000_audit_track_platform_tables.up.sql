-- Counters of sign-ins are not changes that anybody made; sessions and one-time tokens have events instead.
select audit.track(
  'identity.users',
  ignore => '{updated_at,failed_login_attempts,last_failed_login_at,login_count,last_login_at,last_activity_at}'
);
-- The log outlives the user: where somebody lives does not belong into it.
select audit.track('identity.user_profiles', redact => '{phone,address}', context => '{user_id}');
select audit.track('identity.passwords', redact => '{password_hash}', context => '{user_id}');
select audit.track(
  'identity.two_factors',
  redact => '{secret_encrypted}',
  ignore => '{last_verified_at,last_time_step,verification_attempts,last_failed_attempt_at}'
);
select audit.track('identity.backup_codes', redact => '{code_hash}', context => '{user_id}');
select audit.track('identity.external_identities', ignore => '{last_login_at}', context => '{user_id}');
select audit.track('identity.signing_keys', redact => '{private_key_encrypted}');

select audit.track('tenancy.tenants', redact => '{database_url_encrypted}');
select audit.track('tenancy.user_tenants', context => '{user_id}');
select audit.track('tenancy.organizations', context => '{name}');
select audit.track('tenancy.user_organizations', context => '{organization_id,user_id}');

select audit.track('access.permissions');
select audit.track('access.built_in_role_permissions');
select audit.track('access.roles', context => '{name}');
select audit.track('access.role_permissions');
select audit.track('access.user_tenant_roles');
