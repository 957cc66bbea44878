drop function federation.list_entry_memberships(uuid[]);
