create schema assignments;
comment on schema assignments is 'Who does what: people and programs that fill places fairly, round after round (VS-04 to VS-12)';
grant usage on schema assignments to commonhold_app, commonhold_readonly;

create table assignments.domains (
  tenant_id uuid not null,
  id uuid not null default gen_random_uuid(),
  name text not null,
  display_name text not null,
  description text,
  version text not null default '1.0',
  is_active boolean not null default true,
  configuration jsonb not null default '{}',
  business_rules jsonb not null default '[]',
  created_by uuid default platform.current_user_id(),
  created_at timestamptz(3) not null default now(),
  updated_at timestamptz(3) not null default now(),
  constraint domains_pkey primary key (tenant_id, id),
  constraint domains_name_unique unique (tenant_id, name),
  constraint domains_name_shape check (name ~ '^[a-z0-9]+([_-][a-z0-9]+)*$' and length(name) <= 100),
  constraint domains_display_name_length check (length(display_name) between 1 and 200),
  constraint domains_version_length check (length(version) between 1 and 20),
  constraint domains_configuration_object check (jsonb_typeof(configuration) = 'object'),
  constraint domains_business_rules_array check (jsonb_typeof(business_rules) = 'array'),
  constraint domains_tenant_id_fkey foreign key (tenant_id) references tenancy.tenants (id) on delete cascade,
  constraint domains_created_by_fkey foreign key (created_by) references identity.users (id) on delete set null
);
comment on table assignments.domains is
  'What is assigned in one place, in its own words: chores of a hostel, shifts of a ward, papers of a conference (VS-04)';
comment on column assignments.domains.name is 'Its name in addresses and commands';
comment on column assignments.domains.version is 'Of its configuration and rules, as its people count it';
comment on column assignments.domains.configuration is
  'Words (participant, target, assignment, each singular and plural), strategy, strategy_parameters, constraints, validation_rules, fairness';
comment on column assignments.domains.business_rules is 'Rules of validation, each an object with its name and parameters';
create index domains_active_idx on assignments.domains (tenant_id, is_active, name);
create index domains_json_idx on assignments.domains using gin (tenant_id, configuration, business_rules);
create index domains_created_by_idx on assignments.domains (created_by);

-- What the two hold is asked by checks, so it stays as it is: a new rule is a new function.
create function assignments.is_skill_list(skills jsonb)
returns boolean
language sql
immutable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
  select jsonb_typeof(skills) = 'array'
    and jsonb_array_length(skills) <= 200
    and not exists (
      select
      from jsonb_array_elements(skills) as each (skill)
      where jsonb_typeof(skill) <> 'string'
        or length(skill #>> '{}') not between 1 and 100
    )
$$;
comment on function assignments.is_skill_list(jsonb) is 'At most 200 names of skills of 1 to 100 characters';

create function assignments.are_skill_levels(levels jsonb)
returns boolean
language sql
immutable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
  select jsonb_typeof(levels) = 'object'
    and not exists (
      select
      from jsonb_each(levels) as each (skill, level)
      where length(skill) not between 1 and 100
        or level not in ('1', '2', '3', '4', '5', '6', '7', '8', '9', '10')
    )
$$;
comment on function assignments.are_skill_levels(jsonb) is 'Levels from 1 to 10 by the name of the skill';

create function assignments.is_availability(availability jsonb)
returns boolean
language sql
immutable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
  select jsonb_typeof(availability) = 'object'
    and not exists (
      select
      from jsonb_each(availability) as each (day, times)
      where day not in ('monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday', 'preferences')
        or jsonb_typeof(times) <> 'object'
        or day <> 'preferences'
          and exists (
            select
            from jsonb_each(case when jsonb_typeof(times) = 'object' then times else '{}' end) as at (time, state)
            where time !~ '^(\d|1\d|2[0-3]):[0-5]\d$'
              or state not in ('"available"', '"unavailable"')
          )
    )
$$;
comment on function assignments.is_availability(jsonb) is
  'By weekday what holds from a time of the day on: {"monday": {"9:00": "available", "17:00": "unavailable"}}';

create table assignments.participants (
  tenant_id uuid not null,
  id uuid not null default gen_random_uuid(),
  domain_id uuid not null,
  user_id uuid,
  reference text,
  name text not null,
  email text,
  phone text,
  skills jsonb not null default '[]',
  skill_levels jsonb not null default '{}',
  availability jsonb not null default '{}',
  preferences jsonb not null default '{}',
  metadata jsonb not null default '{}',
  min_assignments integer not null default 0,
  max_assignments integer,
  max_minutes_per_week integer,
  min_rest_minutes integer,
  joined_on date not null default current_date,
  is_active boolean not null default true,
  created_by uuid default platform.current_user_id(),
  created_at timestamptz(3) not null default now(),
  updated_at timestamptz(3) not null default now(),
  constraint participants_pkey primary key (tenant_id, id),
  constraint participants_reference_unique unique (tenant_id, domain_id, reference),
  constraint participants_one_per_user unique (tenant_id, user_id, domain_id),
  constraint participants_reference_length check (length(reference) between 1 and 100),
  constraint participants_name_length check (length(name) between 1 and 200),
  constraint participants_email_length check (length(email) between 3 and 255),
  constraint participants_phone_length check (length(phone) between 1 and 20),
  constraint participants_skills_names check (assignments.is_skill_list(skills)),
  constraint participants_skill_levels_range check (assignments.are_skill_levels(skill_levels)),
  constraint participants_availability_shape check (assignments.is_availability(availability)),
  constraint participants_preferences_object check (jsonb_typeof(preferences) = 'object'),
  constraint participants_metadata_object check (jsonb_typeof(metadata) = 'object'),
  constraint participants_limits check (min_assignments >= 0 and max_assignments >= min_assignments),
  constraint participants_max_minutes_per_week_range check (max_minutes_per_week between 0 and 10080),
  constraint participants_min_rest_minutes_range check (min_rest_minutes between 0 and 10080),
  constraint participants_tenant_id_fkey foreign key (tenant_id) references tenancy.tenants (id) on delete cascade,
  constraint participants_domain_id_fkey foreign key (tenant_id, domain_id)
    references assignments.domains (tenant_id, id) on delete restrict,
  constraint participants_user_id_fkey foreign key (user_id) references identity.users (id) on delete set null,
  constraint participants_created_by_fkey foreign key (created_by) references identity.users (id) on delete set null
);
comment on table assignments.participants is 'Who can be assigned in a domain, with an account or without (VS-06)';
comment on column assignments.participants.user_id is 'The member that he is: so he is told of his assignments, and what names him goes with his account';
comment on column assignments.participants.reference is 'What another system calls him: by it an import knows him again';
comment on column assignments.participants.skills is 'Names in lower case';
comment on column assignments.participants.skill_levels is 'How well, from 1 to 10, for skills of which that is known';
comment on column assignments.participants.availability is
  'In an ordinary week, in the tenant''s time zone. Nothing about any weekday: always; a weekday that is not there: not on it; before its first time: not';
comment on column assignments.participants.preferences is 'Remarks as the document has them, {"morning_shift": true}; what is weighed is in participant_preferences';
comment on column assignments.participants.min_assignments is 'In each round';
comment on column assignments.participants.max_assignments is 'In each round; null where only the domain limits it';
comment on column assignments.participants.min_rest_minutes is 'Free between two targets that have times';
comment on column assignments.participants.joined_on is 'Rounds before it are not counted when load is compared';
create index participants_name_idx on assignments.participants (tenant_id, name, id);
create index participants_domain_idx on assignments.participants (tenant_id, domain_id, is_active, name, id);
create index participants_email_idx on assignments.participants (tenant_id, email);
create index participants_active_idx on assignments.participants (tenant_id, is_active, name, id);
create index participants_json_idx on assignments.participants
  using gin (tenant_id, skills, availability, preferences, metadata);
create index participants_user_id_idx on assignments.participants (user_id);
create index participants_created_by_idx on assignments.participants (created_by);

-- Under row security the planner uses an index only for operators that are leakproof: "=" and "<" are, "?" and "@>" are not
-- (5,000 participants of a tenant: all of them are read and looked into). So skills and hours have rows of their own.
create table assignments.participant_skills (
  tenant_id uuid not null,
  participant_id uuid not null,
  skill text not null,
  level smallint,
  constraint participant_skills_pkey primary key (tenant_id, participant_id, skill),
  constraint participant_skills_level_range check (level between 1 and 10),
  constraint participant_skills_participant_id_fkey foreign key (tenant_id, participant_id)
    references assignments.participants (tenant_id, id) on delete cascade
);
comment on table assignments.participant_skills is
  'participants.skills with their levels, a row each, kept by the database: what is looked for by index';
create index participant_skills_skill_idx on assignments.participant_skills (tenant_id, skill, participant_id);

create table assignments.participant_hours (
  tenant_id uuid not null,
  participant_id uuid not null,
  weekday smallint not null,
  starts_at smallint not null,
  ends_at smallint not null,
  constraint participant_hours_pkey primary key (tenant_id, participant_id, weekday, starts_at),
  constraint participant_hours_weekday_range check (weekday between 1 and 7),
  constraint participant_hours_order check (starts_at >= 0 and starts_at < ends_at and ends_at <= 1440),
  constraint participant_hours_participant_id_fkey foreign key (tenant_id, participant_id)
    references assignments.participants (tenant_id, id) on delete cascade
);
comment on table assignments.participant_hours is
  'participants.availability as stretches of an ordinary week, kept by the database: what is looked for by index';
comment on column assignments.participant_hours.weekday is '1 is Monday';
comment on column assignments.participant_hours.starts_at is 'Minutes since midnight';
comment on column assignments.participant_hours.ends_at is 'Not included';
create index participant_hours_time_idx on assignments.participant_hours (tenant_id, weekday, starts_at, ends_at, participant_id);

create function assignments.hours_of(availability jsonb)
returns table (weekday smallint, starts_at smallint, ends_at smallint)
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
  with
    days as (
      select number::smallint as weekday, availability -> name as times
      from unnest(array['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'])
        with ordinality as day (name, number)
    ),
    changes as (
      select
        days.weekday,
        split_part(at.time, ':', 1)::integer * 60 + split_part(at.time, ':', 2)::integer as minute,
        at.state = 'available' as is_available
      from days
      cross join lateral jsonb_each_text(days.times) as at (time, state)
    ),
    -- Only where something changes: 9:00 and 10:00 available are one stretch.
    edges as (
      select *
      from (
        select
          weekday, minute, is_available,
          lag(is_available, 1, false) over (partition by weekday order by minute) as was_available
        from changes
      ) as each_change
      where is_available <> was_available
    ),
    stretches as (
      select weekday, minute as starts_at, is_available, lead(minute, 1, 1440) over (partition by weekday order by minute) as ends_at
      from edges
    )
  select weekday, starts_at::smallint, ends_at::smallint
  from stretches
  where is_available
  union all
  select number::smallint, 0::smallint, 1440::smallint
  from generate_series(1, 7) as number
  where not exists (select from days where times is not null)
$$;
comment on function assignments.hours_of(jsonb) is 'When somebody with this availability is free in an ordinary week';

create function assignments.keep_participant_rows()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  was_tenant constant text := coalesce(current_setting('app.tenant_id', true), '');
begin
  -- Who is bound by no row security writes without a scope.
  perform set_config('app.tenant_id', new.tenant_id::text, true);
  if tg_op = 'INSERT' or new.skills <> old.skills or new.skill_levels <> old.skill_levels then
    delete from assignments.participant_skills
    where tenant_id = new.tenant_id
      and participant_id = new.id;
    insert into assignments.participant_skills (tenant_id, participant_id, skill, level)
    select distinct on (skill) new.tenant_id, new.id, skill, (new.skill_levels ->> skill)::smallint
    from jsonb_array_elements_text(new.skills) as each (skill);
  end if;
  if tg_op = 'INSERT' or new.availability <> old.availability then
    delete from assignments.participant_hours
    where tenant_id = new.tenant_id
      and participant_id = new.id;
    insert into assignments.participant_hours (tenant_id, participant_id, weekday, starts_at, ends_at)
    select new.tenant_id, new.id, hours.weekday, hours.starts_at, hours.ends_at
    from assignments.hours_of(new.availability) as hours;
  end if;
  perform set_config('app.tenant_id', was_tenant, true);
  return null;
end
$$;
comment on function assignments.keep_participant_rows() is 'Keeps participant_skills and participant_hours what the participant says';
create trigger keep_rows after insert or update of skills, skill_levels, availability on assignments.participants
  for each row execute function assignments.keep_participant_rows();

create table assignments.availability_exceptions (
  tenant_id uuid not null,
  id uuid not null default gen_random_uuid(),
  participant_id uuid not null,
  starts_on date not null,
  ends_on date not null,
  starts_at time,
  ends_at time,
  is_available boolean not null default false,
  note text,
  created_by uuid default platform.current_user_id(),
  created_at timestamptz(3) not null default now(),
  constraint availability_exceptions_pkey primary key (tenant_id, id),
  constraint availability_exceptions_order check (starts_on <= ends_on and ends_on <= starts_on + 1830),
  constraint availability_exceptions_times check (num_nonnulls(starts_at, ends_at) in (0, 2) and starts_at < ends_at),
  constraint availability_exceptions_note_length check (length(note) <= 500),
  constraint availability_exceptions_participant_id_fkey foreign key (tenant_id, participant_id)
    references assignments.participants (tenant_id, id) on delete cascade,
  constraint availability_exceptions_created_by_fkey foreign key (created_by) references identity.users (id) on delete set null
);
comment on table assignments.availability_exceptions is
  'Days on which somebody is there or away otherwise than in an ordinary week: leave, a night more. Of two, the one that says away holds';
comment on column assignments.availability_exceptions.starts_at is 'On each of the days, in the tenant''s time zone; null for the whole day';
create index availability_exceptions_participant_idx
  on assignments.availability_exceptions (tenant_id, participant_id, starts_on, id);
create index availability_exceptions_days_idx on assignments.availability_exceptions (tenant_id, ends_on, starts_on);
create index availability_exceptions_created_by_idx on assignments.availability_exceptions (created_by);

create table assignments.assignment_targets (
  tenant_id uuid not null,
  id uuid not null default gen_random_uuid(),
  domain_id uuid not null,
  reference text,
  name text not null,
  description text,
  required_count integer not null default 1,
  maximum_count integer,
  may_be_short boolean not null default false,
  required_skills jsonb not null default '[]',
  any_skills jsonb not null default '[]',
  skill_levels jsonb not null default '{}',
  skill_mix jsonb not null default '[]',
  weekday smallint,
  on_date date,
  starts_at time,
  ends_at time,
  priority smallint not null default 3,
  constraints jsonb not null default '{}',
  metadata jsonb not null default '{}',
  is_active boolean not null default true,
  created_by uuid default platform.current_user_id(),
  created_at timestamptz(3) not null default now(),
  updated_at timestamptz(3) not null default now(),
  constraint assignment_targets_pkey primary key (tenant_id, id),
  constraint assignment_targets_reference_unique unique (tenant_id, domain_id, reference),
  constraint assignment_targets_reference_length check (length(reference) between 1 and 100),
  constraint assignment_targets_name_length check (length(name) between 1 and 200),
  constraint assignment_targets_required_count_positive check (required_count > 0 and required_count <= 10000),
  constraint assignment_targets_counts_order check (maximum_count >= required_count and maximum_count <= 10000),
  constraint assignment_targets_required_skills_names check (assignments.is_skill_list(required_skills)),
  constraint assignment_targets_any_skills_names check (assignments.is_skill_list(any_skills)),
  constraint assignment_targets_skill_levels_range check (assignments.are_skill_levels(skill_levels)),
  constraint assignment_targets_skill_mix_array check (jsonb_typeof(skill_mix) = 'array'),
  constraint assignment_targets_weekday_range check (weekday between 1 and 7),
  constraint assignment_targets_weekday_or_date check (num_nonnulls(weekday, on_date) <= 1),
  constraint assignment_targets_times check (num_nonnulls(starts_at, ends_at) in (0, 2)),
  constraint assignment_targets_priority_range check (priority between 1 and 5),
  constraint assignment_targets_constraints_object check (jsonb_typeof(constraints) = 'object'),
  constraint assignment_targets_metadata_object check (jsonb_typeof(metadata) = 'object'),
  constraint assignment_targets_tenant_id_fkey foreign key (tenant_id) references tenancy.tenants (id) on delete cascade,
  constraint assignment_targets_domain_id_fkey foreign key (tenant_id, domain_id)
    references assignments.domains (tenant_id, id) on delete restrict,
  constraint assignment_targets_created_by_fkey foreign key (created_by) references identity.users (id) on delete set null
);
comment on table assignments.assignment_targets is 'What people are assigned to: a chore, a shift, a paper; with the places that it has (VS-07)';
comment on column assignments.assignment_targets.required_count is 'People that it needs';
comment on column assignments.assignment_targets.maximum_count is 'People that it has room for; null where that is as many as it needs';
comment on column assignments.assignment_targets.may_be_short is 'A round may leave places empty, at a price by its priority; else nothing is planned unless all are filled';
comment on column assignments.assignment_targets.required_skills is 'Each of its people has all of these';
comment on column assignments.assignment_targets.any_skills is 'Each of its people has one of these; empty where none is asked for';
comment on column assignments.assignment_targets.skill_levels is 'At least so well, by skill';
comment on column assignments.assignment_targets.skill_mix is
  'So many of its people have a skill, others need not: [{"skill": "first aid", "minimum": 1, "level": 3}]';
comment on column assignments.assignment_targets.weekday is '1 is Monday; on each of them in a round';
comment on column assignments.assignment_targets.on_date is 'On this day alone. Neither it nor a weekday: once in a round, on its first day if there are times';
comment on column assignments.assignment_targets.starts_at is 'In the tenant''s time zone';
comment on column assignments.assignment_targets.ends_at is 'Not later than it starts: on the next day';
comment on column assignments.assignment_targets.priority is '5 is filled before 1';
comment on column assignments.assignment_targets.constraints is 'What rules of validation ask of it';
create index assignment_targets_name_idx on assignments.assignment_targets (tenant_id, name, id);
create index assignment_targets_domain_idx on assignments.assignment_targets (tenant_id, domain_id, is_active, name, id);
create index assignment_targets_required_count_idx on assignments.assignment_targets (tenant_id, required_count);
create index assignment_targets_active_idx on assignments.assignment_targets (tenant_id, is_active, name, id);
create index assignment_targets_json_idx on assignments.assignment_targets
  using gin (tenant_id, required_skills, constraints, metadata);
create index assignment_targets_created_by_idx on assignments.assignment_targets (created_by);

create table assignments.participant_preferences (
  tenant_id uuid not null,
  participant_id uuid not null,
  target_id uuid not null,
  weight smallint not null default 0,
  is_excluded boolean not null default false,
  constraint participant_preferences_pkey primary key (tenant_id, participant_id, target_id),
  constraint participant_preferences_weight_range check (weight between -2 and 2),
  constraint participant_preferences_participant_id_fkey foreign key (tenant_id, participant_id)
    references assignments.participants (tenant_id, id) on delete cascade,
  constraint participant_preferences_target_id_fkey foreign key (tenant_id, target_id)
    references assignments.assignment_targets (tenant_id, id) on delete cascade
);
comment on table assignments.participant_preferences is 'How much somebody likes a target, or that he must never be on it (VS-06)';
comment on column assignments.participant_preferences.weight is 'From -2, would rather not, to 2, with pleasure';
comment on column assignments.participant_preferences.is_excluded is 'Never: a conflict of interest, a doctor''s word';
create index participant_preferences_target_idx on assignments.participant_preferences (tenant_id, target_id, participant_id);

create table assignments.participant_relations (
  tenant_id uuid not null,
  id uuid not null default gen_random_uuid(),
  participant_id uuid not null,
  other_participant_id uuid not null,
  kind text not null,
  constraint participant_relations_pkey primary key (tenant_id, id),
  constraint participant_relations_once unique (tenant_id, participant_id, other_participant_id),
  constraint participant_relations_order check (participant_id <= other_participant_id),
  constraint participant_relations_kind_known check (kind in ('together', 'apart')),
  constraint participant_relations_participant_id_fkey foreign key (tenant_id, participant_id)
    references assignments.participants (tenant_id, id) on delete cascade,
  constraint participant_relations_other_fkey foreign key (tenant_id, other_participant_id)
    references assignments.participants (tenant_id, id) on delete cascade
);
comment on table assignments.participant_relations is 'Two people who are on the same targets, or never on the same';
comment on column assignments.participant_relations.participant_id is 'The one of the smaller id, so that a pair is there once';
create index participant_relations_other_idx on assignments.participant_relations (tenant_id, other_participant_id);

select platform.isolate('assignments.domains');
select platform.isolate('assignments.participants');
select platform.isolate('assignments.participant_skills');
select platform.isolate('assignments.participant_hours');
select platform.isolate('assignments.availability_exceptions');
select platform.isolate('assignments.assignment_targets');
select platform.isolate('assignments.participant_preferences');
select platform.isolate('assignments.participant_relations');
select platform.keep_updated_at('assignments.domains');
select platform.keep_updated_at('assignments.participants');
select platform.keep_updated_at('assignments.assignment_targets');
select audit.track('assignments.domains', context => '{name}');
-- Most of them have no account, so nobody could have them erased from the log: it says that these changed, and not to what.
select audit.track(
  'assignments.participants',
  redact => '{name,email,phone,availability,preferences,metadata}',
  context => '{domain_id}'
);
select audit.track('assignments.availability_exceptions', redact => '{note}', context => '{participant_id}');
select audit.track('assignments.assignment_targets', context => '{domain_id,name}');
select audit.track('assignments.participant_preferences');
select audit.track('assignments.participant_relations');

-- The account goes from all its tenants at once: the owner of the schema takes its name out of each.
create policy participants_forgotten on assignments.participants to commonhold_owner
  using ((select platform.is_system()))
  with check ((select platform.is_system()));
create policy availability_exceptions_forgotten on assignments.availability_exceptions to commonhold_owner
  using ((select platform.is_system()))
  with check ((select platform.is_system()));

create function assignments.forget_account()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  was_system constant text := coalesce(current_setting('app.system', true), '');
begin
  perform set_config('app.system', 'on', true);
  delete from assignments.availability_exceptions as exception
  using assignments.participants as person
  where person.user_id = old.id
    and exception.tenant_id = person.tenant_id
    and exception.participant_id = person.id;
  update assignments.participants
  set
    user_id = null, reference = null, name = 'Erased person', email = null, phone = null, availability = '{}',
    preferences = '{}', metadata = '{}', is_active = false
  where user_id = old.id;
  perform set_config('app.system', was_system, true);
  return old;
end
$$;
comment on function assignments.forget_account() is
  'Before an account goes: what names its participants goes with it; that somebody did the work stays, so that the others'' load is right';
create trigger forget_participants before delete on identity.users
  for each row execute function assignments.forget_account();

revoke execute
  on function assignments.is_skill_list(jsonb), assignments.are_skill_levels(jsonb), assignments.is_availability(jsonb),
    assignments.hours_of(jsonb), assignments.keep_participant_rows(), assignments.forget_account()
  from public;
grant execute
  on function assignments.is_skill_list(jsonb), assignments.are_skill_levels(jsonb), assignments.is_availability(jsonb)
  to commonhold_app;
grant select, insert, delete on assignments.domains to commonhold_app;
grant update (name, display_name, description, version, is_active, configuration, business_rules)
  on assignments.domains to commonhold_app;
grant select, insert, delete on assignments.participants to commonhold_app;
grant update (
  user_id, reference, name, email, phone, skills, skill_levels, availability, preferences, metadata, min_assignments,
  max_assignments, max_minutes_per_week, min_rest_minutes, joined_on, is_active
) on assignments.participants to commonhold_app;
grant select on assignments.participant_skills, assignments.participant_hours to commonhold_app;
grant select, insert, delete on assignments.availability_exceptions to commonhold_app;
grant update (starts_on, ends_on, starts_at, ends_at, is_available, note) on assignments.availability_exceptions to commonhold_app;
grant select, insert, delete on assignments.assignment_targets to commonhold_app;
grant update (
  reference, name, description, required_count, maximum_count, may_be_short, required_skills, any_skills, skill_levels,
  skill_mix, weekday, on_date, starts_at, ends_at, priority, constraints, metadata, is_active
) on assignments.assignment_targets to commonhold_app;
grant select, insert, delete on assignments.participant_preferences, assignments.participant_relations to commonhold_app;
grant update (weight, is_excluded) on assignments.participant_preferences to commonhold_app;
grant update (kind) on assignments.participant_relations to commonhold_app;
grant select
  on assignments.domains, assignments.participants, assignments.participant_skills, assignments.participant_hours,
    assignments.availability_exceptions, assignments.assignment_targets, assignments.participant_preferences,
    assignments.participant_relations
  to commonhold_readonly;
