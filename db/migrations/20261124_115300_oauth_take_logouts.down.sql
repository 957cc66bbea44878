drop function oauth.take_logouts(integer);
