drop trigger log_profile_changes on contractors.contractor_profiles;
drop function contractors.log_profile_changes();
drop table contractors.profile_changes;
