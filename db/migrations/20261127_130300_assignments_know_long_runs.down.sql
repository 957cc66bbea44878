-- squawk-ignore-file ban-drop-column
alter table assignments.solver_runs drop column is_long;
