create table assignments.told_participants (
  tenant_id uuid not null,
  assignment_id uuid not null,
  participant_id uuid not null,
  starts_on date not null,
  ends_on date not null,
  places jsonb not null,
  told_at timestamptz(3) not null default now(),
  constraint told_participants_pkey primary key (tenant_id, assignment_id, participant_id),
  constraint told_participants_places_object check (jsonb_typeof(places) = 'object'),
  constraint told_participants_assignment_id_fkey foreign key (tenant_id, assignment_id)
    references assignments.assignments (tenant_id, id) on delete cascade,
  constraint told_participants_participant_id_fkey foreign key (tenant_id, participant_id)
    references assignments.participants (tenant_id, id) on delete cascade
);
comment on table assignments.told_participants is
  'What each was told last of a round: he is told again when that is not so any more, and once, however often it is looked at';
comment on column assignments.told_participants.places is
  'By target when it begins, as UTC text, or null where no time was planned; empty when he is on nothing any more';
create index told_participants_participant_idx on assignments.told_participants (tenant_id, participant_id);

select platform.isolate('assignments.told_participants');
grant select, insert, delete on assignments.told_participants to commonhold_app;
grant update (starts_on, ends_on, places, told_at) on assignments.told_participants to commonhold_app;
grant select on assignments.told_participants to commonhold_readonly;
