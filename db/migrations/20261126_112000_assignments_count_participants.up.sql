select usage.count_rows('assignments.participants', 'assignments.participants');
select usage.count_rows('assignments.assignments', 'assignments.rounds');
