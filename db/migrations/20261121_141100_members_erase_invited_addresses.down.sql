drop trigger erase_invited_addresses on identity.users;
drop function members.erase_invited_addresses();
