select usage.count_rows('contractors.contractor_lists', 'contractors.lists');
select usage.count_rows('contractors.contractor_list_items', 'contractors.list_items');
