-- The catalogue is filled by imports, which take turns with this; its new columns are empty or cheap to fill, and the
-- checks read a table that is read once anyway.
-- squawk-ignore-file constraint-missing-not-valid, adding-foreign-key-constraint, require-concurrent-index-creation, ban-drop-not-null
alter table contractors.contractor_profiles
  alter column uei drop not null,
  add column merged_into uuid,
  add column parent_uei text,
  add column family_uei text,
  add constraint contractor_profiles_merged_into_fkey foreign key (merged_into)
    references contractors.contractor_profiles (id) on delete restrict,
  add constraint contractor_profiles_merged_into_another check (merged_into <> id),
  add constraint contractor_profiles_parent_is_another check (parent_uei <> uei);
comment on table contractors.contractor_profiles is
  'One contractor as the raw records of all sources together describe it (GG-06, GG-08): that of a Unique Entity Identifier, or a vendor without one. Written by imports and by decisions about matches';
comment on column contractors.contractor_profiles.id is 'Made once and kept by every later import, merge and split';
comment on column contractors.contractor_profiles.uei is
  'Unique Entity Identifier: 12 characters without I and O; empty for a vendor of whom only texts without identifier are known';
comment on column contractors.contractor_profiles.merged_into is
  'The contractor that has absorbed this one: never one that is absorbed itself. The row stays as it was, and search leaves it out';
comment on column contractors.contractor_profiles.parent_uei is 'Its parent, as the newest record says that names one; never itself';
comment on column contractors.contractor_profiles.family_uei is
  'The top of its chain of parents (of a ring the first in alphabetical order); its own UEI without a parent; empty without a UEI';
comment on column contractors.contractor_profiles.total_contract_value is
  'US dollars obligated over all known awards of this contractor and those that it has absorbed; empty when none is known';
create index contractor_profiles_merged_into_idx on contractors.contractor_profiles (merged_into) where merged_into is not null;
create index contractor_profiles_parent_uei_idx on contractors.contractor_profiles (parent_uei) where parent_uei is not null;
-- Most contractors are their own family: they are found by their UEI, and the index holds the others only.
create index contractor_profiles_family_uei_idx on contractors.contractor_profiles (family_uei) where family_uei <> uei;

create table contractors.families (
  uei text not null,
  name text not null,
  profile_count integer not null,
  total_contract_value numeric(18, 2),
  active_contracts_count integer not null,
  completed_contracts_count integer not null,
  constraint families_pkey primary key (uei),
  constraint families_of_several check (profile_count >= 1)
);
comment on table contractors.families is
  'Contractors under one top parent, summed up; a contractor without parent and children is no family. Kept by contractors.refresh_families';
comment on column contractors.families.uei is 'Of the top parent, which need not be known as a contractor';
comment on column contractors.families.name is 'The top parent''s; of an unknown one as its children say it';
comment on column contractors.families.profile_count is 'Known members, the top parent included if it is known';
create index families_total_contract_value_idx on contractors.families (total_contract_value desc nulls last, uei);

create table contractors.mentions (
  id uuid not null,
  source text not null,
  name text not null,
  street text,
  city text,
  state text,
  zip_code text,
  country text,
  cage_code text,
  record_count integer not null default 0,
  listed_value numeric(18, 2),
  status text not null default 'new',
  profile_id uuid,
  score real,
  reason text,
  reasons jsonb not null default '[]',
  candidates jsonb not null default '[]',
  resolved_at timestamptz(3),
  decided_by uuid,
  decided_by_name text,
  decided_at timestamptz(3),
  created_at timestamptz(3) not null default now(),
  updated_at timestamptz(3) not null default now(),
  constraint mentions_pkey primary key (id),
  constraint mentions_name_length check (length(name) between 1 and 500),
  constraint mentions_status_known check (status in ('new', 'accepted', 'review', 'rejected')),
  constraint mentions_belong_once_resolved check ((profile_id is not null) = (status in ('accepted', 'rejected'))),
  constraint mentions_profile_id_fkey foreign key (profile_id)
    references contractors.contractor_profiles (id) on delete restrict,
  constraint mentions_decided_by_fkey foreign key (decided_by) references identity.users (id) on delete set null
);
comment on table contractors.mentions is
  'A vendor as a source without identifiers writes it, once however many records repeat it, and which contractor it is (GG-07, GG-08)';
comment on column contractors.mentions.id is 'First half of SHA-256 over source and text: unique by them';
comment on column contractors.mentions.record_count is 'Raw records that say it now';
comment on column contractors.mentions.listed_value is 'US dollars of the awards that its records list';
comment on column contractors.mentions.status is
  'new: not looked at yet; accepted: it is the contractor of profile_id; review: somebody has to decide; rejected: none of the known, a vendor of its own';
comment on column contractors.mentions.profile_id is 'The contractor chosen; if that was absorbed later, the one that absorbed it has the records';
comment on column contractors.mentions.score is 'Of the contractor chosen, else of the best candidate: 0 to 1';
comment on column contractors.mentions.reason is 'Why it was decided so, in words';
comment on column contractors.mentions.reasons is 'What spoke for and against it: kind, weight, text';
comment on column contractors.mentions.candidates is 'The best candidates: profileId, score, reasons';
comment on column contractors.mentions.resolved_at is 'When the machine last looked; empty: it has to look again';
comment on column contractors.mentions.decided_at is 'When a person decided: after that no import and no job changes it';
create index mentions_profile_id_idx on contractors.mentions (profile_id) where profile_id is not null;
create index mentions_waiting_idx on contractors.mentions (id) where resolved_at is null and decided_at is null;
create index mentions_review_idx on contractors.mentions (listed_value desc nulls last, id) where status = 'review';
create index mentions_decided_by_idx on contractors.mentions (decided_by);

-- No foreign key: it would cost every row of every import a check, and mentions are never deleted.
alter table contractors.contractors add column mention_id uuid;
comment on column contractors.contractors.uei is
  'As the record says; of a record that names none that of the contractor its mention was found to be';
comment on column contractors.contractors.mention_id is 'The vendor''s text, of a record without identifier';
create index contractors_mention_id_idx on contractors.contractors (mention_id) where mention_id is not null;

alter table contractors.observations alter column uei drop not null;
comment on column contractors.observations.uei is 'Empty if the record names no identifier';

alter table contractors.awards
  alter column uei drop not null,
  add column mention_id uuid,
  add constraint awards_mention_id_fkey foreign key (mention_id) references contractors.mentions (id) on delete restrict;
comment on column contractors.awards.uei is 'Empty if it belongs to a vendor without one: see mention_id';
comment on column contractors.awards.mention_id is 'Known only from a list without identifiers: goes when a source that names the contractor brings it';
create index awards_mention_id_idx on contractors.awards (mention_id) where mention_id is not null;
create index awards_piid_idx on contractors.awards (piid);

create table contractors.listed_awards (
  record_id uuid not null,
  mention_id uuid not null,
  award_id uuid not null,
  kind text not null,
  agency_id text not null,
  agency_name text,
  piid text not null,
  referenced_agency_id text,
  referenced_piid text,
  mod_number text,
  description text,
  naics_code text,
  psc_code text,
  signed_date date,
  completion_date date,
  obligated_amount numeric(15, 2),
  total_obligated numeric(15, 2),
  potential_value numeric(18, 2),
  reported_status text,
  constraint listed_awards_pkey primary key (record_id),
  constraint listed_awards_record_id_fkey foreign key (record_id) references contractors.contractors (id) on delete cascade,
  constraint listed_awards_mention_id_fkey foreign key (mention_id) references contractors.mentions (id) on delete restrict
);
comment on table contractors.listed_awards is
  'What a record without identifier says of an award: it counts as one once the vendor is known, if no other source has that award';
create index listed_awards_mention_id_idx on contractors.listed_awards (mention_id);
create index listed_awards_piid_idx on contractors.listed_awards (piid);

create table contractors.match_decisions (
  id uuid not null default platform.uuid_v7(),
  kind text not null,
  batch_id uuid,
  mention_ids uuid[] not null default '{}',
  profile_id uuid not null,
  other_profile_id uuid,
  score real,
  reason text not null,
  before jsonb not null default '[]',
  decided_by uuid,
  decided_by_name text not null,
  decided_at timestamptz(3) not null default now(),
  undone_by uuid,
  undone_by_name text,
  undone_at timestamptz(3),
  undo_reason text,
  constraint match_decisions_pkey primary key (id),
  constraint match_decisions_kind_known check (kind in ('accept', 'reject', 'split', 'merge')),
  constraint match_decisions_reason_length check (length(reason) between 3 and 1000 and length(undo_reason) between 3 and 1000),
  constraint match_decisions_undone_whole check (
    (undone_at is null) = (undone_by_name is null) and (undone_at is null) = (undo_reason is null)
  ),
  constraint match_decisions_profile_id_fkey foreign key (profile_id)
    references contractors.contractor_profiles (id) on delete restrict,
  constraint match_decisions_other_profile_id_fkey foreign key (other_profile_id)
    references contractors.contractor_profiles (id) on delete restrict,
  constraint match_decisions_decided_by_fkey foreign key (decided_by) references identity.users (id) on delete set null,
  constraint match_decisions_undone_by_fkey foreign key (undone_by) references identity.users (id) on delete set null
);
comment on table contractors.match_decisions is
  'What people decided about who is who: each can be undone. Which contractor has absorbed which follows from the merges that hold';
comment on column contractors.match_decisions.profile_id is
  'accept: the contractor that the mentions are; reject, split: the vendor that they became; merge: the one that absorbs';
comment on column contractors.match_decisions.other_profile_id is 'merge: the absorbed one; split: the contractor that the mentions were';
comment on column contractors.match_decisions.before is 'The mentions as they were, for undoing it';
comment on column contractors.match_decisions.batch_id is 'Of decisions made together';
comment on column contractors.match_decisions.decided_by_name is 'As the name was then, or the account at the command line';
create unique index match_decisions_absorbed_once on contractors.match_decisions (other_profile_id)
  where kind = 'merge' and undone_at is null;
create index match_decisions_profile_id_idx on contractors.match_decisions (profile_id);
create index match_decisions_other_profile_id_idx on contractors.match_decisions (other_profile_id);
create index match_decisions_mention_ids_idx on contractors.match_decisions using gin (mention_ids);
create index match_decisions_decided_by_idx on contractors.match_decisions (decided_by);
create index match_decisions_undone_by_idx on contractors.match_decisions (undone_by);
select audit.track('contractors.match_decisions');

create function contractors.profile_ueis(profile_id uuid)
returns text[]
language sql
stable
parallel safe
as $$
  select coalesce(array_agg(profile.uei order by profile.merged_into is not null, profile.uei), '{}')
  from contractors.contractor_profiles as profile
  where (profile.id = profile_ueis.profile_id or profile.merged_into = profile_ueis.profile_id)
    and profile.uei is not null
$$;
comment on function contractors.profile_ueis(uuid) is
  'The identifiers whose records and awards are this contractor''s: its own first, then those of the ones that it has absorbed';

create function contractors.profile_mentions(profile_id uuid)
returns uuid[]
language sql
stable
parallel safe
as $$
  select coalesce(array_agg(mention.id order by mention.id), '{}')
  from contractors.contractor_profiles as profile
  join contractors.mentions as mention on mention.profile_id = profile.id
  where profile.id = profile_mentions.profile_id
    or profile.merged_into = profile_mentions.profile_id
$$;
comment on function contractors.profile_mentions(uuid) is
  'The mentions of this contractor and of those that it has absorbed: records and awards of a vendor without UEI are found by them';

create function contractors.family_heads(ueis text[])
returns table (uei text, head text)
language sql
stable
as $$
  with recursive climb (uei, path) as (
    select start.uei, array[coalesce(survivor.uei, start.uei)]
    from unnest(ueis) as start (uei)
    join contractors.contractor_profiles as profile on profile.uei = start.uei
    left join contractors.contractor_profiles as survivor on survivor.id = profile.merged_into
    union all
    select climb.uei, climb.path || up.parent
    from climb
    cross join lateral (
      select coalesce(survivor.uei, place.parent_uei) as parent
      from contractors.contractor_profiles as place
      left join contractors.contractor_profiles as parent on parent.uei = place.parent_uei
      left join contractors.contractor_profiles as survivor on survivor.id = parent.merged_into
      where place.uei = climb.path[cardinality(climb.path)]
        and place.parent_uei is not null
        and not coalesce(parent.is_placeholder, false)
    ) as up
    -- The step that closes a ring is taken too, so that one sees it; from there none is.
    where array_position(climb.path, climb.path[cardinality(climb.path)]) = cardinality(climb.path)
  )
  select distinct on (climb.uei)
    climb.uei,
    case
      when array_position(path, path[cardinality(path)]) = cardinality(path) then path[cardinality(path)]
      else (
        select min(member collate "C")
        from unnest(path[array_position(path, path[cardinality(path)]):]) as member
      )
    end
  from climb
  order by climb.uei, cardinality(path) desc
$$;
comment on function contractors.family_heads(text[]) is
  'The top of each contractor''s chain of parents. A parent without a profile is a top; of a ring of parents the first in alphabetical order is';

create function contractors.refresh_families(changed text[])
returns void
language plpgsql
as $$
declare
  pending text[] := changed;
  done text[] := '{}';
  affected text[] := changed;
  moved text[];
begin
  while cardinality(pending) > 0 loop
    with head as materialized (
      select h.uei, h.head
      from contractors.family_heads(pending) as h
    ),
    placed as (
      update contractors.contractor_profiles as profile
      set family_uei = head.head
      from head
      where profile.uei = head.uei
        and profile.family_uei is distinct from head.head
      returning profile.uei
    )
    select
      array(select distinct family from (
        select old.family_uei as family
        from contractors.contractor_profiles as old
        join head on head.uei = old.uei
        where old.family_uei is not null
        union all
        select head.head from head
        union all
        select unnest(affected)
      ) as either),
      array(select placed.uei from placed)
    into affected, moved;
    done := done || pending;
    -- Who stands below a contractor that moved moves with it; below one that is absorbed, or absorbs, they all are looked at.
    select coalesce(array_agg(distinct child.uei), '{}') into pending
    from contractors.contractor_profiles as parent
    join contractors.contractor_profiles as child on child.parent_uei = parent.uei
    where parent.uei = any (case when done = changed then changed else moved end)
      and child.uei is not null
      and child.uei <> all (done);
  end loop;

  with counted as (
    select
      family.uei,
      max(profile.name) filter (where profile.uei = family.uei and not profile.is_hidden) as own_name,
      max(profile.metadata ->> 'parentName') filter (where profile.parent_uei = family.uei) as told_name,
      count(*) filter (where not profile.is_hidden) as profiles,
      bool_or(profile.uei <> family.uei) as is_family,
      sum(profile.total_contract_value) filter (where not profile.is_hidden) as total,
      sum(profile.active_contracts_count) filter (where not profile.is_hidden) as active,
      sum(profile.completed_contracts_count) filter (where not profile.is_hidden) as completed
    from unnest(affected) as family (uei)
    cross join lateral (
      select below.*
      from contractors.contractor_profiles as below
      where below.family_uei = family.uei
        and below.family_uei <> below.uei
        and below.merged_into is null
      union all
      select top.*
      from contractors.contractor_profiles as top
      where top.uei = family.uei
        and top.family_uei = family.uei
        and top.merged_into is null
    ) as profile
    group by family.uei
  ),
  gone as (
    delete from contractors.families as family
    where family.uei = any (affected)
      and not exists (
        select
        from counted
        where counted.uei = family.uei
          and counted.is_family
          and counted.profiles > 0
      )
  )
  insert into contractors.families as family
    (uei, name, profile_count, total_contract_value, active_contracts_count, completed_contracts_count)
  select uei, coalesce(own_name, told_name, uei), profiles, total, active, completed
  from counted
  where is_family
    and profiles > 0
  on conflict (uei) do update
  set name = excluded.name,
    profile_count = excluded.profile_count,
    total_contract_value = excluded.total_contract_value,
    active_contracts_count = excluded.active_contracts_count,
    completed_contracts_count = excluded.completed_contracts_count
  where (family.name, family.profile_count, family.total_contract_value, family.active_contracts_count, family.completed_contracts_count)
    is distinct from (excluded.name, excluded.profile_count, excluded.total_contract_value, excluded.active_contracts_count,
      excluded.completed_contracts_count);
end
$$;
comment on function contractors.refresh_families(text[]) is
  'Finds the families of these contractors and of all below them anew, and counts the families that they leave and join';

-- As for imports: the program has no right to temporary tables.
create function contractors.open_fold()
returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  if to_regclass('pg_temp.fold_members') is null then
    create temporary table fold_members (key text not null, is_own boolean not null, uei text, mention_id uuid) on commit drop;
    create temporary table fold_changed (uei text not null) on commit drop;
    grant select, insert, delete on pg_temp.fold_members, pg_temp.fold_changed to commonhold_app;
  else
    delete from pg_temp.fold_members;
    delete from pg_temp.fold_changed;
  end if;
end
$$;
comment on function contractors.open_fold() is
  'Makes the tables by which a transaction makes profiles anew: fold_members (key: UEI, or id of a profile without one; uei or mention_id: whose records are its; is_own: not by a merge) and fold_changed';

update contractors.contractor_profiles
set parent_uei = case when metadata ->> 'parentUei' ~ '^[A-HJ-NP-Z0-9]{12}$' then nullif(metadata ->> 'parentUei', uei) end,
  family_uei = uei;
select contractors.refresh_families(array(select uei from contractors.contractor_profiles where parent_uei is not null));

revoke execute
  on function contractors.profile_ueis(uuid), contractors.profile_mentions(uuid), contractors.family_heads(text[]),
    contractors.refresh_families(text[]), contractors.open_fold()
  from public;
grant execute
  on function contractors.profile_ueis(uuid), contractors.profile_mentions(uuid), contractors.family_heads(text[]),
    contractors.refresh_families(text[]), contractors.open_fold()
  to commonhold_app;
grant execute on function contractors.profile_ueis(uuid), contractors.profile_mentions(uuid) to commonhold_readonly;
select platform.keep_updated_at('contractors.mentions');
grant select, insert, update, delete on contractors.families, contractors.mentions, contractors.listed_awards to commonhold_app;
grant select, insert on contractors.match_decisions to commonhold_app;
grant update (undone_by, undone_by_name, undone_at, undo_reason) on contractors.match_decisions to commonhold_app;
grant select on contractors.families, contractors.mentions, contractors.listed_awards, contractors.match_decisions to commonhold_readonly;
