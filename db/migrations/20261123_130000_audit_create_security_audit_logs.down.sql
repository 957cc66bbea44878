drop function audit.find_security_events(uuid, text[], text, text, uuid, timestamptz, timestamptz, text, timestamptz, uuid, integer);
drop function audit.record_security_event(text, text, text, jsonb, text, text, uuid, integer);
drop table audit.security_audit_logs;
