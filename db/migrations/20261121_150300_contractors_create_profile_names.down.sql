drop index contractors.contractor_profiles_door_idx;
drop table contractors.profile_names;
drop function contractors.normal_name(text);
