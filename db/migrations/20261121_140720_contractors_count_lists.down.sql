select usage.uncount_rows('contractors.contractor_list_items');
select usage.uncount_rows('contractors.contractor_lists');
delete from usage.gauges where metric_name in ('contractors.lists', 'contractors.list_items');
