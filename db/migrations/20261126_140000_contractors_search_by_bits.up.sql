-- What filters without words let through, as bit strings: a bit for each contractor, in the order of pages by value. Conditions are
-- joined by & and counted by bit_count, so that nothing is read but 2 kB for each 16,384 contractors and value; walking an
-- index to the end or fetching 10,000 contractors took 50 to 150 ms. They are made anew by a job; who has changed since is
-- known from search_changes and looked at in the table itself.
create table contractors.search_snapshot (
  is_only boolean not null default true,
  revision bigint not null,
  profile_count integer not null,
  made_at timestamptz(3) not null default clock_timestamp(),
  constraint search_snapshot_pkey primary key (is_only),
  constraint search_snapshot_one check (is_only)
);
comment on table contractors.search_snapshot is
  'Of which revision search_places and search_bits are, in one row; without it they are not to be used';
comment on column contractors.search_snapshot.revision is 'Whoever has been changed by a later one is looked at in contractor_profiles';

create table contractors.search_places (
  ordinal integer not null,
  id uuid not null,
  value_rank bigint not null,
  constraint search_places_pkey primary key (ordinal),
  constraint search_places_one_per_profile unique (id)
);
comment on table contractors.search_places is 'Contractors that are shown, numbered from 0 in the order by value as it was at the revision of search_snapshot';
create index search_places_value_idx on contractors.search_places (value_rank desc, ordinal);
comment on index contractors.search_places_value_idx is 'Where a bound of the value stands among the ordinals';

create table contractors.search_bits (
  kind text not null,
  value text collate "C" not null,
  chunk integer not null,
  bits bit(16384) not null,
  constraint search_bits_pkey primary key (kind, chunk, value),
  constraint search_bits_kind_known check (
    kind in ('shown', 'named', 'active', 'state', 'district', 'naics', 'status', 'agency', 'type', 'registered')
  )
)
-- Three rows to a page: decompressing them, or fetching them from elsewhere, costs more than counting them.
with (toast_tuple_target = 4080);
alter table contractors.search_bits alter column bits set storage plain;
comment on table contractors.search_bits is
  'Who has a value: bit i of chunk c stands for the ordinal c * 16384 + i of search_places. A chunk in which nobody has it is missing';
comment on column contractors.search_bits.kind is
  'The filter. shown: all; named: no placeholder; active: has active contracts; registered: the value is the number of a binary digit of the day of registration, counted from 1900-01-01';

create function contractors.refresh_search_bits()
returns boolean
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  -- Before anything else: whoever is changed while the rest is read is in a later one.
  present bigint;
  places integer;
begin
  if not pg_try_advisory_xact_lock(hashtextextended('contractors.search_snapshot', 0)) then
    return false;
  end if;
  present := coalesce((select revision from contractors.catalogue_state), 0);
  delete from contractors.search_bits;
  delete from contractors.search_places;
  insert into contractors.search_places (ordinal, id, value_rank)
  select row_number() over (order by value_rank desc, id) - 1, id, value_rank
  from contractors.contractor_profiles
  where not is_hidden
    and merged_into is null;
  get diagnostics places = row_count;
  analyze contractors.search_places;
  for number in 0 .. (places - 1) / 16384 loop
    -- Bits of 512 are cheap to set one by one, those of 16,384 are not.
    insert into contractors.search_bits (kind, value, chunk, bits)
    select kind, value, number, bit_or(part::bit(16384) >> (block * 512))
    from (
      select
        trait.kind,
        trait.value,
        place.ordinal % 16384 / 512 as block,
        bit_or(set_bit(b'0'::bit(512), place.ordinal % 512, 1)) as part
      from contractors.search_places as place
      join contractors.contractor_profiles as profile using (id)
      cross join lateral (
        select 'shown' as kind, '' as value
        union all
        select 'named', ''
        where not profile.is_placeholder
        union all
        select 'active', ''
        where profile.active_contracts_count > 0
        union all
        select 'state', profile.state
        where profile.state is not null
        union all
        select 'district', profile.state || '-' || profile.congressional_district
        where profile.state || '-' || profile.congressional_district is not null
        union all
        select 'naics', profile.naics_code
        where profile.naics_code is not null
        union all
        select 'status', profile.registration_status
        where profile.registration_status is not null
        union all
        select 'agency', agency
        from unnest(profile.award_agencies) as agency
        where agency is not null
        union all
        select 'type', type
        from jsonb_array_elements_text(profile.business_types) as type
        where type is not null
        union all
        select 'registered', digit::text
        from generate_series(0, 15) as digit
        where case
          when profile.registration_date >= date '2079-06-06' then true
          when profile.registration_date > date '1900-01-01' then (profile.registration_date - date '1900-01-01') >> digit & 1 = 1
        end
      ) as trait
      where place.ordinal >= number * 16384
        and place.ordinal < (number + 1) * 16384
      group by trait.kind, trait.value, block
    ) as parts
    group by kind, value
    order by kind, value;
  end loop;
  analyze contractors.search_bits;
  insert into contractors.search_snapshot (revision, profile_count)
  values (present, places)
  on conflict (is_only) do update
  set revision = excluded.revision, profile_count = excluded.profile_count, made_at = excluded.made_at;
  return true;
end
$$;
comment on function contractors.refresh_search_bits() is
  'Makes search_places and search_bits anew; false if it is being done, or somebody who is no longer to be shown is just forgotten';
revoke execute on function contractors.refresh_search_bits() from public;
grant execute on function contractors.refresh_search_bits() to commonhold_app;

create function contractors.drop_search_bits()
returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  -- A refresh that has begun has read who is to be forgotten: it ends first, and is dropped with the rest.
  perform pg_advisory_xact_lock_shared(hashtextextended('contractors.search_snapshot', 0));
  delete from contractors.search_snapshot;
  delete from contractors.search_bits;
  delete from contractors.search_places;
end
$$;
comment on function contractors.drop_search_bits() is 'For changes that search_changes does not tell: searches do without the bits until they are made anew';
revoke execute on function contractors.drop_search_bits() from public;

create function contractors.note_removed_profiles()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  if exists (select from old_rows) then
    perform contractors.drop_search_bits();
  end if;
  return null;
end
$$;
comment on function contractors.note_removed_profiles() is 'Drops the bits of the search when contractors are deleted, of which search_changes knows nothing';
revoke execute on function contractors.note_removed_profiles() from public;
create trigger note_removed_profiles after delete on contractors.contractor_profiles
  referencing old table as old_rows
  for each statement execute function contractors.note_removed_profiles();

create or replace function contractors.forget_hidden(ueis text[])
returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  hidden constant uuid[] := array(
    select id
    from contractors.contractor_profiles
    where uei = any (ueis)
      and is_hidden
  );
begin
  if hidden = '{}' then
    return;
  end if;
  delete from contractors.profile_names
  where uei in (
    select uei
    from contractors.contractor_profiles
    where id = any (hidden)
  );
  delete from contractors.profile_changes
  where profile_id = any (hidden)
    and changes - 'isHidden' <> '{}';
  -- The bits know what he was, and that he has changed is forgotten.
  perform pg_advisory_xact_lock_shared(hashtextextended('contractors.search_snapshot', 0));
  if exists (select from contractors.search_places where id = any (hidden)) then
    perform contractors.drop_search_bits();
  end if;
  delete from contractors.search_changes
  where id = any (hidden);
end
$$;

grant select on contractors.search_snapshot, contractors.search_places, contractors.search_bits
  to commonhold_app, commonhold_readonly;
