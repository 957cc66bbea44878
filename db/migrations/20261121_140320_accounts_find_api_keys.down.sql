drop function accounts.find_api_key(text, bytea);
