-- Which revision an undo brought back is lost.
-- squawk-ignore-file ban-drop-column
drop trigger refuse_closed_insert on assignments.assignment_revisions;
drop trigger refuse_closed_insert on assignments.assignment_pins;
drop trigger refuse_closed_delete on assignments.assignment_details;
drop trigger refuse_closed_update on assignments.assignment_details;
drop trigger refuse_closed_insert on assignments.assignment_details;
drop function assignments.refuse_closed();
comment on column assignments.assignment_revisions.action is 'What made it: planned, swapped, replanned, undone';
alter table assignments.assignment_revisions drop column shows_number;
alter table assignments.solver_runs drop column unit;
