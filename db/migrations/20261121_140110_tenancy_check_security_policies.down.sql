-- What members have used of their grace is lost.
drop table tenancy.second_factor_graces;
drop trigger note_second_factor_requirement on tenancy.tenants;
drop function tenancy.note_second_factor_requirement();
alter table tenancy.tenants
  drop column second_factor_required_since,
  drop constraint tenants_security_policy_shape,
  add constraint tenants_security_policy_object check (jsonb_typeof(security_policy) = 'object');
select audit.track('tenancy.tenants', redact => '{database_url_encrypted}');
