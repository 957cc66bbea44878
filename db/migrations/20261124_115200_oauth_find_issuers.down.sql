drop function oauth.find_issuer(uuid, text);
