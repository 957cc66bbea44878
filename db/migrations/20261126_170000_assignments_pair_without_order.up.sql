-- A workspace that comes in beside others gets new ids: who had the smaller one of a pair may have the greater one then, so
-- that pairs are told apart whatever the order.
alter table assignments.participant_relations drop constraint participant_relations_order;
-- A domain has a handful of relations: they are checked, and the index is made, in a moment.
alter table assignments.participant_relations
  -- squawk-ignore constraint-missing-not-valid
  add constraint participant_relations_two check (participant_id <> other_participant_id);
-- squawk-ignore require-concurrent-index-creation
create unique index participant_relations_pair on assignments.participant_relations (
  tenant_id, least(participant_id, other_participant_id), greatest(participant_id, other_participant_id)
);
comment on column assignments.participant_relations.participant_id is 'One of the two; a pair is there once, in whichever order';
