-- The table holds little yet: its lock is short.
-- squawk-ignore-file require-concurrent-index-creation
create unique index drop_outs_once on assignments.drop_outs (tenant_id, assignment_id, participant_id, target_id)
  nulls not distinct;
