drop function members.find_person(uuid);
drop function members.list_owners(uuid);
drop function members.list_due_expiries(integer);
drop function members.list_own_tenants(uuid);
drop function members.find_second_factors(uuid[]);
drop function members.has_role(uuid, uuid);
drop view members.member_details;
