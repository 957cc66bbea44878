-- The job that forgets what lists have left behind acts for no tenant, and no policy let it see a row: it never removed any.
create policy contractor_list_removed_items_system on contractors.contractor_list_removed_items
  for select
  using ((select platform.is_system()));
create policy contractor_list_removed_items_system_removes on contractors.contractor_list_removed_items
  for delete
  using ((select platform.is_system()));
create policy contractor_list_additions_system on contractors.contractor_list_additions
  for select
  using ((select platform.is_system()));
create policy contractor_list_additions_system_removes on contractors.contractor_list_additions
  for delete
  using ((select platform.is_system()));
