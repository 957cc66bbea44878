drop index identity.user_sessions_living_idx;
alter table identity.user_sessions drop column longest_pause;
