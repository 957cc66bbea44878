drop function audit.tracking_faults();
drop function audit.track(regclass, text[], text[], text[]);
drop function audit.untrack(regclass);
drop function audit.tracking_name(regclass);
drop function audit.refuse_truncate();
drop function audit.tracking_source(regclass, text[], text[], text[]);
drop function audit.row_values(jsonb, text, text[], text[]);
drop table audit.tracked_tables;
