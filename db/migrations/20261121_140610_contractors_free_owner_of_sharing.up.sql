-- Whose a list is narrows what the program does in a tenant. The owner of the schema acts for the tenant as a whole, when
-- all of it goes; tenants it cannot mix up either. Copied to each partition, as policies are.
alter policy contractor_lists_deleted_by_owner on contractors.contractor_lists to commonhold_app, commonhold_readonly;
alter policy contractor_list_items_seen_with_list on contractors.contractor_list_items to commonhold_app, commonhold_readonly;
alter policy contractor_list_items_removed_by_editor on contractors.contractor_list_items to commonhold_app, commonhold_readonly;
do $$
declare
  part regclass;
begin
  for part in select relid from pg_partition_tree('contractors.contractor_list_activity') loop
    execute format('alter policy contractor_list_activity_seen_with_list on %s to commonhold_app, commonhold_readonly', part);
  end loop;
end
$$;
