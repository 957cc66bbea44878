drop function operations.email_of(uuid);
