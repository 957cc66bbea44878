alter table tenancy.tenants drop column password_rules;
select audit.track('tenancy.tenants', redact => '{database_url_encrypted}');
