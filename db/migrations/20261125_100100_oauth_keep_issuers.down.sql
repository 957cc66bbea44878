drop trigger keep_issuer on tenancy.tenants;
drop function oauth.keep_issuer();
