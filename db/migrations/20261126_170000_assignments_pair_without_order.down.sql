drop index assignments.participant_relations_pair;
alter table assignments.participant_relations drop constraint participant_relations_two;
-- Row security binds the owner too: without it he sees the pairs of all tenants.
alter table assignments.participant_relations no force row level security;
update assignments.participant_relations
set
  participant_id = other_participant_id,
  other_participant_id = participant_id
where participant_id > other_participant_id;
alter table assignments.participant_relations force row level security;
-- squawk-ignore constraint-missing-not-valid
alter table assignments.participant_relations add constraint participant_relations_order check (participant_id < other_participant_id);
comment on column assignments.participant_relations.participant_id is 'The one of the smaller id, so that a pair is there once';
