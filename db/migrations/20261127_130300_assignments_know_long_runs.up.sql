alter table assignments.solver_runs add column is_long boolean not null default false;
comment on column assignments.solver_runs.is_long is
  'It has given up its place to others once, and waits for one that may be held for long';
grant update (is_long) on assignments.solver_runs to commonhold_app;
