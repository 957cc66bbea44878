drop function platform.isolate(regclass);
drop function platform.keep_updated_at(regclass);
drop function platform.touch_updated_at();
drop function platform.is_system();
drop function platform.current_user_id();
drop function platform.current_tenant_id();
drop extension if exists btree_gin;
drop extension if exists pg_trgm;
revoke usage on schema platform from commonhold_app, commonhold_readonly;
