drop function contractors.list_alerts(text);
select usage.uncount_rows('contractors.saved_searches');
delete from usage.gauges where metric_name = 'contractors.saved_searches';
select audit.untrack('contractors.saved_searches');
drop table contractors.saved_search_matches;
drop table contractors.saved_search_states;
drop table contractors.saved_searches;
