alter table assignments.participant_relations drop constraint participant_relations_order;
-- As in the way up.
alter table assignments.participant_relations
  -- squawk-ignore constraint-missing-not-valid
  add constraint participant_relations_order check (participant_id <= other_participant_id);
