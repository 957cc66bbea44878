drop function accounts.find_candidate(uuid);
