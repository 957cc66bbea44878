drop function accounts.find_principal(uuid, bytea, uuid);
drop function accounts.find_permissions(uuid, uuid);
drop function accounts.find_memberships(uuid);
drop schema accounts;
