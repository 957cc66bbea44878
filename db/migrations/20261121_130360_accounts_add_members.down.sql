drop function accounts.add_members(uuid, text, uuid[]);
