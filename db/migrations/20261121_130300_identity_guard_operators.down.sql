drop trigger keep_one_operator on identity.users;
drop trigger require_active_operator on identity.operators;
drop trigger keep_one_operator on identity.operators;
drop function identity.require_active_operator();
drop function identity.keep_one_operator();
