drop view contractors.contractor_list_summaries;
drop table contractors.contractor_list_activity;
drop table contractors.contractor_list_items;
drop function contractors.log_item_activity();
drop policy contractor_lists_seen_by on contractors.contractor_lists;
drop table contractors.contractor_list_shares;
drop table contractors.contractor_lists;
drop function contractors.log_list_activity();
drop function contractors.can_edit_list(uuid);
