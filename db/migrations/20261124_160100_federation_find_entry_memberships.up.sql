create function federation.list_entry_memberships(entry_ids uuid[])
returns table (entry_id uuid, membership_id uuid)
language sql stable
begin atomic
  select person.id as entry_id, membership.id as membership_id
  from federation.scim_users as person
  join tenancy.user_tenants as membership
    on membership.tenant_id = person.tenant_id and membership.user_id = person.user_id
  where person.tenant_id = platform.current_tenant_id()
    and person.id = any (entry_ids)
    and person.is_active
    and person.deleted_at is null
    and (membership.expires_at is null or membership.expires_at > now())
  order by person.id;
end;
revoke execute on function federation.list_entry_memberships(uuid[]) from public;
grant execute on function federation.list_entry_memberships(uuid[]) to commonhold_app;
comment on function federation.list_entry_memberships(uuid[]) is
  'Which of these entries of directories work in the current tenant now, and by which memberships. In the system scope';
