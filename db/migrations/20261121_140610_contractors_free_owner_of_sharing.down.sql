do $$
declare
  part regclass;
begin
  for part in select relid from pg_partition_tree('contractors.contractor_list_activity') loop
    execute format('alter policy contractor_list_activity_seen_with_list on %s to public', part);
  end loop;
end
$$;
alter policy contractor_list_items_removed_by_editor on contractors.contractor_list_items to public;
alter policy contractor_list_items_seen_with_list on contractors.contractor_list_items to public;
alter policy contractor_lists_deleted_by_owner on contractors.contractor_lists to public;
