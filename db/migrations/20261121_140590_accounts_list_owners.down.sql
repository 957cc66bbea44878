drop function accounts.list_owners(uuid);
