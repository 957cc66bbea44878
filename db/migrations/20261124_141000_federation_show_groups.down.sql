drop function federation.list_owners();
drop function federation.note_sync_error(uuid, uuid, text, text);
drop function federation.mark_person(uuid, uuid, boolean);
drop function federation.list_people_to_sync(uuid, uuid, uuid, integer);
drop view federation.sync_run_error_details;
drop view federation.role_proposal_details;
drop view federation.group_mapping_details;
