alter table assignments.solver_runs add column best_pairs bytea;
comment on column assignments.solver_runs.best_pairs is
  'While it runs: the best plan so far, by places in problem, JSON compressed with gzip. Whoever takes the run up answers with nothing worse';
grant update (best_pairs) on assignments.solver_runs to commonhold_app;
