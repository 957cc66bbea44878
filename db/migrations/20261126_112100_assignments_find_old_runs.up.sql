-- By this the runs that are kept no longer are found, of all tenants at once. The table holds little yet.
-- squawk-ignore require-concurrent-index-creation
create index solver_runs_finished_at_idx on assignments.solver_runs (finished_at);
