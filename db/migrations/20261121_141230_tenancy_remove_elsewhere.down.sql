drop function tenancy.end_move_of_removed();
drop function tenancy.count_removed_elsewhere(jsonb);
alter table tenancy.tenant_deletions
  drop column last_error_at,
  drop column last_error,
  drop column counted_elsewhere_at;
select audit.track('tenancy.tenant_deletions', ignore => '{removed,told_half_at,told_last_at}');
