drop table assignments.told_participants;
