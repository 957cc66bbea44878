select audit.untrack('contractors.contractor_list_items');
select audit.untrack('contractors.contractor_list_shares');
select audit.untrack('contractors.contractor_lists');
