-- The tables hold little yet: their locks are short.
-- squawk-ignore-file require-concurrent-index-creation, constraint-missing-not-valid
alter table assignments.solver_runs add column kind text not null default 'plan';
alter table assignments.solver_runs add column accepts boolean not null default true;
alter table assignments.solver_runs add column base_revision integer not null default 0;
alter table assignments.solver_runs add column seconds real;
alter table assignments.solver_runs add column attempt integer not null default 0;
alter table assignments.solver_runs add column plan_status text;
alter table assignments.solver_runs add column conflict jsonb;
alter table assignments.solver_runs add column notes jsonb not null default '[]';
alter table assignments.solver_runs add column accepted_revision integer;
alter table assignments.solver_runs add constraint solver_runs_kind_known check (kind in ('plan', 'replan'));
alter table assignments.solver_runs add constraint solver_runs_plan_status_known
  check (plan_status in ('optimal', 'feasible', 'infeasible'));
alter table assignments.solver_runs add constraint solver_runs_base_revision_counted check (base_revision >= 0);
alter table assignments.solver_runs add constraint solver_runs_accepted_revision_counted check (accepted_revision > 0);
alter table assignments.solver_runs add constraint solver_runs_seconds_range check (seconds > 0 and seconds <= 14400);
alter table assignments.solver_runs add constraint solver_runs_conflict_object check (jsonb_typeof(conflict) = 'object');
alter table assignments.solver_runs add constraint solver_runs_notes_array check (jsonb_typeof(notes) = 'array');
comment on column assignments.solver_runs.kind is 'plan: the cheapest; replan: the fewest changes of the plan as it is';
comment on column assignments.solver_runs.accepts is 'Its plan becomes the round''s by itself, if the round is as it was';
comment on column assignments.solver_runs.base_revision is 'What the round had when the run read it; of another one it is not accepted';
comment on column assignments.solver_runs.seconds is 'How long it may look; null: until it is proved that no plan costs less';
comment on column assignments.solver_runs.attempt is 'How often a worker began it: one that was given up writes no more';
comment on column assignments.solver_runs.conflict is
  'Of an infeasible round: demands that cannot be met together and what would mend it, by ids: names are looked up when it is read';
comment on column assignments.solver_runs.notes is 'What somebody should know of its answer, a sentence each';
comment on column assignments.solver_runs.accepted_revision is 'The plan that came of it; null while it is a proposal';
-- Who asks while one is under way is told which one it is.
create unique index solver_runs_one_at_a_time on assignments.solver_runs (tenant_id, assignment_id)
  where status in ('queued', 'running');

grant update (plan_status, conflict, notes, accepted_revision, attempt, base_revision)
  on assignments.solver_runs to commonhold_app;
