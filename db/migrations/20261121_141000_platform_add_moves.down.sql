drop function platform.note_move_changes();
drop table platform.move_changes;
drop table platform.moving_tenants;
