drop index contractors.contractor_profiles_created_at_idx;
drop trigger note_search_changes_of_changed on contractors.contractor_profiles;
drop trigger note_search_changes_of_new on contractors.contractor_profiles;
drop function contractors.note_search_changes();
drop function contractors.begin_revision();
drop table contractors.search_changes;
drop table contractors.catalogue_state;
drop table contractors.catalogue_revisions;
