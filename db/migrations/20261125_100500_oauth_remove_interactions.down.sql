drop policy interactions_system_removes on oauth.interactions;
