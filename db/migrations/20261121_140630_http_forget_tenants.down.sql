drop function http.forget_tenant(uuid, integer);
