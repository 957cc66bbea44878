drop function oauth.tenant_name_of(uuid);
