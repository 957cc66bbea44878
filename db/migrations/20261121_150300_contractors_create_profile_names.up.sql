create table contractors.profile_names (
  uei text not null,
  name text not null,
  normal_name text collate "C" not null,
  kind text not null,
  source text not null,
  first_seen date,
  last_seen date,
  constraint profile_names_pkey primary key (uei, name),
  constraint profile_names_kind_known check (kind in ('legal', 'former', 'dba', 'alternative'))
);
comment on table contractors.profile_names is
  'Every name that a source has given a contractor, over time (GG-06): by these a vendor without identifier is recognised. Written by imports';
comment on column contractors.profile_names.normal_name is
  'The plain words of the name without its legal form (contractors.normal_name)';
comment on column contractors.profile_names.kind is
  'legal: as it is called now; former: a legal name of before; dba: doing business as; alternative: whatever else a source calls it';
comment on column contractors.profile_names.source is 'The source that said it last';
comment on column contractors.profile_names.first_seen is 'The earliest day as of which a record says it';

create function contractors.normal_name(given text)
returns text
language sql
immutable
parallel safe
as $$ select left(contractors.words_without_legal_form(contractors.plain_words(given)), 200) $$;
comment on function contractors.normal_name(text) is 'acuity of ACUITY, LLC: what is the same however the legal form and the punctuation are written';

insert into contractors.profile_names as known (uei, name, normal_name, kind, source, first_seen, last_seen)
select distinct on (said.uei, said.name)
  said.uei,
  said.name,
  contractors.normal_name(said.name),
  case
    when said.kind = 'legal' and contractors.normal_name(said.name) <> contractors.normal_name(p.name) then 'former'
    else said.kind
  end,
  said.source,
  min(said.observed_on) over every_time,
  max(said.observed_on) over every_time
from (
  select o.uei, o.source, c.observed_on, given.name, given.kind, given.rank
  from contractors.observations as o
  join contractors.contractors as c on c.observation_id = o.id
  cross join lateral (
    values (o.fields ->> 'legalBusinessName', 'legal', 1), (o.fields ->> 'dbaName', 'dba', 2)
  ) as given (name, kind, rank)
  where given.name is not null
) as said
join contractors.contractor_profiles as p on p.uei = said.uei
window every_time as (partition by said.uei, said.name)
order by said.uei, said.name, said.rank, said.observed_on desc nulls last, said.source;

-- Made in a second or two at 900,000 profiles; imports wait for each other anyway.
-- squawk-ignore require-concurrent-index-creation
create index contractor_profiles_door_idx
  on contractors.contractor_profiles (left(zip_code, 5), substring(address_line_1 from '^[0-9]+'))
  where zip_code is not null and address_line_1 is not null;
comment on index contractors.contractor_profiles_door_idx is 'Who is behind the same door: a firm that has another name now';
-- The table is new: nobody is held up. Prefixes too: a name that was cut or shortened; without gaps, because 2ND WAVE is also written 2NDWAVE.
create index profile_names_compact_idx on contractors.profile_names (replace(normal_name, ' ', ''));
-- Legal names of today are in the index of contractor_profiles.search_words.
create index profile_names_words_idx on contractors.profile_names
  using gin (array_to_tsvector(string_to_array(normal_name, ' ')))
  where kind <> 'legal';

grant select, insert, update, delete on contractors.profile_names to commonhold_app;
grant select on contractors.profile_names to commonhold_readonly;
