drop function accounts.take_ending_keys(integer);
drop function accounts.find_api_key(text, bytea);
