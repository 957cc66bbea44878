drop function accounts.count_password_ages(uuid, integer);
drop function accounts.find_password_rules(uuid);
