-- Nobody can be together with, or apart from, himself: the program refused it, and now the table does.
delete from assignments.participant_relations
where participant_id = other_participant_id;
alter table assignments.participant_relations drop constraint participant_relations_order;
-- A domain has a handful of relations: they are checked in a moment.
alter table assignments.participant_relations
  -- squawk-ignore constraint-missing-not-valid
  add constraint participant_relations_order check (participant_id < other_participant_id);
