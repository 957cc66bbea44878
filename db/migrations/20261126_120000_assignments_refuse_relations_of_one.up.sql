-- Nobody can be together with, or apart from, himself: the program refused it, and now the table does.
-- Row security binds the owner too: without it he sees the pairs of all tenants.
alter table assignments.participant_relations no force row level security;
delete from assignments.participant_relations
where participant_id = other_participant_id;
alter table assignments.participant_relations force row level security;
alter table assignments.participant_relations drop constraint participant_relations_order;
-- A domain has a handful of relations: they are checked in a moment.
alter table assignments.participant_relations
  -- squawk-ignore constraint-missing-not-valid
  add constraint participant_relations_order check (participant_id < other_participant_id);
