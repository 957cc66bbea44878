drop function assignments.list_due_schedules(date);
drop policy schedules_due on assignments.schedules;
drop table assignments.schedule_rounds;
