drop function operations.erase_imported_subject(uuid, text[]);
drop function operations.find_imported_subject(uuid, text[], uuid);
drop function operations.imported_addresses(uuid, text[]);
drop function operations.without_subject(jsonb, text[], text);
drop function operations.tells_of(jsonb, text[], text[]);
drop policy imported_logs_erased on operations.imported_logs;
drop table operations.imported_people;
