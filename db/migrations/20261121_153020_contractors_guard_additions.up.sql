-- Reading and changing were narrowed to who asked; removing was open to the whole tenant.
create policy contractor_list_additions_removed_for_requester on contractors.contractor_list_additions
  as restrictive
  for delete to commonhold_app, commonhold_readonly
  using (requested_by = (select platform.current_user_id()) or (select platform.is_system()));
