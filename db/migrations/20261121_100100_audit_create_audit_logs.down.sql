drop function audit.record_event(text, text, text, jsonb);
drop table audit.audit_logs;
drop function audit.refuse_change();
drop schema audit;
