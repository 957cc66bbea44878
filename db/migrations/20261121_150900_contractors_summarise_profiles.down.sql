drop function contractors.refresh_profile_summary(uuid);
drop table contractors.summary_turn;
drop table contractors.summary_refreshes;
drop materialized view contractors.contractor_profile_summary;
