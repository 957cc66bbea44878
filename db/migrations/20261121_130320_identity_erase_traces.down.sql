drop function identity.erase_user(uuid);
drop trigger erase_traces on identity.users;
drop function identity.erase_traces();
