drop function identity.erase_user_at_once(uuid);
drop function identity.begin_log_erasure(uuid);
