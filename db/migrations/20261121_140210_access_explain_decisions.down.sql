drop function access.find_grants_of(uuid, uuid);
drop function access.list_role_members(uuid, text, uuid, integer);
drop function access.explain(uuid, uuid, text);
