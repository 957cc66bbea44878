drop function accounts.find_owned_alone(uuid);
