drop table http.idempotency_keys;
drop schema http;
