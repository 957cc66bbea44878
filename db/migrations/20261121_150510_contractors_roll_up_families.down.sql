drop trigger keep_family_values_of_gone on contractors.families;
drop trigger keep_family_values_of_changed on contractors.families;
drop trigger keep_family_values_of_new on contractors.families;
drop function contractors.keep_family_values();
drop index contractors.contractor_profiles_family_rank_idx;
alter table contractors.contractor_profiles
  drop column family_rank,
  drop column family_value;
