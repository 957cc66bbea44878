select usage.uncount_rows('assignments.assignments');
select usage.uncount_rows('assignments.participants');
delete from usage.gauges where metric_name in ('assignments.participants', 'assignments.rounds');
