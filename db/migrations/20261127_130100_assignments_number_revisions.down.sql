grant delete on assignments.assignment_revisions, assignments.revision_details to commonhold_app;
drop trigger match_revision on assignments.assignment_revisions;
drop trigger match_revision_update on assignments.assignments;
drop trigger match_revision_insert on assignments.assignments;
drop function assignments.match_revision();
drop trigger number_revision on assignments.assignment_revisions;
drop function assignments.number_revision();
