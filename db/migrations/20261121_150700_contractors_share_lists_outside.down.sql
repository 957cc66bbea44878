revoke all on contractors.contractor_profiles, contractors.contractor_list_items, contractors.contractor_lists from commonhold_guest;
revoke select (id, uei, name, state, naics_code, total_contract_value, is_hidden)
  on contractors.contractor_profiles from commonhold_guest;
revoke select (tenant_id, id, list_id, contractor_profile_id, added_at, position),
  insert (tenant_id, list_id, contractor_profile_id, notes, tags, rating, priority),
  update (notes, tags, rating, priority)
  on contractors.contractor_list_items from commonhold_guest;
revoke select (tenant_id, id, name, description, color, icon, created_at, updated_at)
  on contractors.contractor_lists from commonhold_guest;
revoke usage on schema platform, contractors from commonhold_guest;
alter policy contractor_list_items_added_by_editor on contractors.contractor_list_items to public;
alter policy contractor_list_items_changed_by_editor on contractors.contractor_list_items to public;
drop policy contractor_list_items_changed_by_guest on contractors.contractor_list_items;
drop policy contractor_list_items_shared_with_guest on contractors.contractor_list_items;
drop policy contractor_lists_shared_with_guest on contractors.contractor_lists;
drop function contractors.remove_shared_item(uuid);
drop function contractors.shared_remarks(uuid);
drop function contractors.may_guest(text[]);
drop function contractors.shared_list_id();
drop function contractors.current_share();
drop function contractors.end_share_session(bytea);
drop function contractors.find_share_session(bytea);
drop function contractors.try_share_password(bytea);
drop function contractors.open_share(bytea, text, bytea, integer);
drop function contractors.find_share(bytea);
revoke update (includes_remarks, is_single_use, used_at, issued_by, issued_at, password_hash, wrong_passwords, closed_until)
  on contractors.contractor_list_shares from commonhold_app;
drop table contractors.contractor_list_share_sessions;
drop index contractors.contractor_list_shares_issued_by_idx;
-- What is new in the earlier shape: comments were not known, and links neither.
update contractors.contractor_list_shares set permission = 'view' where permission = 'comment';
alter table contractors.contractor_list_shares
  drop constraint contractor_list_shares_permission_known,
  add constraint contractor_list_shares_permission_known check (permission in ('view', 'edit')),
  drop constraint contractor_list_shares_accesses_counted,
  drop constraint contractor_list_shares_edit_with_remarks,
  drop constraint contractor_list_shares_link_is_outside,
  drop constraint contractor_list_shares_issued_by_fkey,
  drop column includes_remarks,
  drop column is_single_use,
  drop column used_at,
  drop column issued_by,
  drop column issued_at,
  drop column access_count,
  drop column password_hash,
  drop column wrong_passwords,
  drop column closed_until;
select audit.track(
  'contractors.contractor_list_shares',
  redact => '{access_token_hash}',
  ignore => '{last_accessed_at}',
  context => '{list_id}'
);
