drop function audit.checkpoints_after(bigint, integer);
drop function audit.seal_lag();
drop function audit.checkpoint_leaves(bigint);
drop function audit.append_checkpoint(bigint, timestamptz, text);
drop function audit.list_trees();
drop function audit.begin_checkpoint();
drop function audit.grow_trees(uuid[], bigint[], bytea[], bytea[], uuid[], smallint[], bigint[], bytea[]);
drop function audit.seal_entries(integer);
drop table audit.verifications;
drop table audit.checkpoint_deliveries;
drop table audit.checkpoint_trees;
drop table audit.checkpoints;
drop table audit.nodes;
drop table audit.trees;
drop table audit.seals;
drop table audit.sealing;
drop function audit.entry_leaf(audit.audit_logs);
drop function audit.entry_person(audit.audit_logs);
drop function audit.entry_content(audit.audit_logs);
do $$
declare
  part regclass;
begin
  for part in select relid from pg_partition_tree('audit.audit_logs'::regclass) loop
    execute format('drop policy owner_reads on %s', part);
  end loop;
end
$$;
-- The positions of the entries are lost with their proofs; the checkpoints outside of the database stay.
alter table audit.audit_logs drop column written_in;
