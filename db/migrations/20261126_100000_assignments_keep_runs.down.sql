-- What runs said beside their plans is lost.
-- squawk-ignore-file ban-drop-column, require-concurrent-index-deletion
drop index assignments.solver_runs_one_at_a_time;
alter table assignments.solver_runs drop column accepted_revision;
alter table assignments.solver_runs drop column notes;
alter table assignments.solver_runs drop column conflict;
alter table assignments.solver_runs drop column plan_status;
alter table assignments.solver_runs drop column attempt;
alter table assignments.solver_runs drop column seconds;
alter table assignments.solver_runs drop column base_revision;
alter table assignments.solver_runs drop column accepts;
alter table assignments.solver_runs drop column kind;
