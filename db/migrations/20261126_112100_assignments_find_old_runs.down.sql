-- squawk-ignore require-concurrent-index-deletion
drop index assignments.solver_runs_finished_at_idx;
