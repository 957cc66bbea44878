create policy interactions_system_removes on oauth.interactions for delete using ((select platform.is_system()));
