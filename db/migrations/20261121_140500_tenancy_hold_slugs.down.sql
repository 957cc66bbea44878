-- Slugs that were reserved and have been changed stay as they are.
drop trigger hold_slug on tenancy.tenants;
drop trigger hold_slug_insert on tenancy.tenants;
drop function tenancy.hold_slug();
drop table tenancy.former_slugs;
alter table tenancy.tenants drop constraint tenants_slug_not_reserved;
drop function tenancy.is_reserved_slug(text);
