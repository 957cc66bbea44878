-- Runs under way lose what they have found.
-- squawk-ignore-file ban-drop-column
alter table assignments.solver_runs drop column best_pairs;
