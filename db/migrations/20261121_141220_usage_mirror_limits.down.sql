drop function usage.note_placed_gauge(uuid, uuid, text, bigint);
drop function usage.recount_rows(uuid, text, regclass);
drop function usage.correct_gauge(uuid, text, bigint, bigint);
drop function usage.lock_gauge(uuid, text);
drop function usage.take_over_limits(uuid, jsonb);
drop function usage.list_unmirrored_limits();
drop table usage.placed_limits;
