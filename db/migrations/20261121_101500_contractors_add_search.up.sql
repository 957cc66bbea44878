-- The catalogue is empty when this runs: nothing is rewritten, nobody is held up.
-- squawk-ignore-file adding-field-with-default, require-concurrent-index-creation
create function contractors.plain_words(given text)
returns text
language sql
immutable
parallel safe
as $$
  select btrim(
    regexp_replace(
      case
        when octet_length(given) = length(given) then lower(translate(given, '.''', ''))
        -- Decomposed, a character may become several: a word is cut to what an index takes.
        else regexp_replace(
          lower(regexp_replace(normalize(given, nfkd), '[\u0300-\u036f\u2018\u2019.'']', '', 'g')),
          '(\S{100})\S+', '\1', 'g'
        )
      end,
      '[\u0001-\u002f\u003a-\u0060\u007b-\u00bf\u2000-\u206f\u3000-\u303f]+', ' ', 'g'
    )
  )
$$;
comment on function contractors.plain_words(text) is
  'The words of a name as search sees them: lower case, no accents, points and apostrophes dropped (L.L.C. is llc), other punctuation is a gap; one space between words';

create function contractors.words_without_legal_form(words text)
returns text
language sql
immutable
parallel safe
as $$
  select regexp_replace(
    words,
    '( (inc|incorporated|corp|corporation|co|company|llc|llp|lp|ltd|limited|pllc|plc|pc|gmbh|ag|sa|nv|bv))+$', ''
  )
$$;
comment on function contractors.words_without_legal_form(text) is 'leidos of leidos inc: who looks for a firm leaves its legal form away';

create function contractors.words_and_beginnings(words text)
returns text
language sql
immutable
parallel safe
as $$ select btrim(words || ' ' || regexp_replace(words, '(\S)(\S?)(\S?)\S*', '^\1 ^\1\2 ^\1\2\3', 'g')) $$;
comment on function contractors.words_and_beginnings(text) is
  'Adds ^l ^le ^lei for leidos: what begins with one to three letters is one entry of the index instead of thousands';

create function contractors.search_vector(name text, dba_name text, legal_business_name text)
returns tsvector
language sql
immutable
parallel safe
as $$
  select array_to_tsvector(
    string_to_array(
      contractors.words_and_beginnings(
        contractors.plain_words(
          name
          || case when dba_name is null then '' else ' ' || dba_name end
          || case when legal_business_name is null or legal_business_name = name then '' else ' ' || legal_business_name end
          || case when name ~ '[.&'']' then ' ' || replace(name, '&', '') || ' ' || translate(name, '.''', '  ') else '' end
        )
      ),
      ' '
    )
  )
$$;
comment on function contractors.search_vector(text, text, text) is
  'All words by which a contractor is found, with their beginnings: AT&T by at, t and att, AMAZON.COM by amazoncom, amazon and com';

alter table contractors.contractor_profiles
  add column search_name text not null
    generated always as (left(contractors.words_without_legal_form(contractors.plain_words(name)), 200)) stored,
  add column search_words tsvector not null
    generated always as (contractors.search_vector(name, dba_name, legal_business_name)) stored,
  add column value_rank bigint not null
    generated always as ((coalesce(total_contract_value, -10000000000000) * 100)::bigint) stored;
comment on column contractors.contractor_profiles.search_name is 'The plain words of the name without its legal form: exact and leading matches come first';
comment on column contractors.contractor_profiles.search_words is 'The words by which the search finds this contractor';
comment on column contractors.contractor_profiles.value_rank is
  'The total contract value in cents; without one, below every value: so that pages by value have one order with no nulls';

-- One index for words with filters: it intersects them itself, where two indexes hand 200,000 entries to a bitmap
-- (a common word in Virginia at 900,000 profiles: 39 instead of 97 ms).
create index contractor_profiles_search_idx on contractors.contractor_profiles
  using gin (search_words, state, business_types jsonb_path_ops);
create index contractor_profiles_search_name_idx on contractors.contractor_profiles (search_name text_pattern_ops);
create index contractor_profiles_value_rank_idx on contractors.contractor_profiles (value_rank desc, id);
create index contractor_profiles_state_idx on contractors.contractor_profiles (state, value_rank desc, id);
create index contractor_profiles_city_idx on contractors.contractor_profiles (upper(city));
create index contractor_profiles_naics_code_idx on contractors.contractor_profiles (naics_code text_pattern_ops);

create table contractors.search_words (
  word text collate "C" not null,
  profiles integer not null,
  constraint search_words_pkey primary key (word),
  constraint search_words_profiles_positive check (profiles > 0)
);
comment on table contractors.search_words is
  'The vocabulary of all contractors'' names, kept by triggers: a mistyped word is corrected against it';
comment on column contractors.search_words.profiles is 'In how many profiles the word occurs: of two corrections the more frequent is meant';
create index search_words_trigram_idx on contractors.search_words using gin (word gin_trgm_ops);

create function contractors.is_vocabulary(word text)
returns boolean
language sql
immutable
parallel safe
as $$ select length(word) between 3 and 32 and word !~ '^(\^|[0-9]+$)' $$;
comment on function contractors.is_vocabulary(text) is 'A mistyped word may be meant to be this one: no beginning, no number, not so short that any other is near';

create function contractors.count_search_words()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  if tg_op = 'UPDATE' then
    if not exists (select from new_rows join old_rows using (id) where new_rows.search_words <> old_rows.search_words) then
      return null;
    end if;
  end if;
  -- One writer at a time: words come in any order, two imports would wait for each other's.
  lock table contractors.search_words in share row exclusive mode;
  if tg_op = 'INSERT' then
    insert into contractors.search_words as known (word, profiles)
    select word, count(*)
    from new_rows, unnest(tsvector_to_array(search_words)) as word
    where contractors.is_vocabulary(word)
    group by word
    on conflict (word) do update
    set profiles = known.profiles + excluded.profiles;
  elsif tg_op = 'UPDATE' then
    merge into contractors.search_words as known
    using (
      select word, sum(step) as step
      from (
        select n.search_words, 1 as step
        from new_rows as n
        join old_rows as o using (id)
        where n.search_words <> o.search_words
        union all
        select o.search_words, -1
        from new_rows as n
        join old_rows as o using (id)
        where n.search_words <> o.search_words
      ) as side, unnest(tsvector_to_array(side.search_words)) as word
      where contractors.is_vocabulary(word)
      group by word
      having sum(step) <> 0
    ) as change
    on known.word = change.word
    when matched and known.profiles + change.step = 0 then delete
    when matched then update set profiles = known.profiles + change.step
    when not matched then insert (word, profiles) values (change.word, change.step);
  else
    merge into contractors.search_words as known
    using (
      select word, count(*) as profiles
      from old_rows, unnest(tsvector_to_array(search_words)) as word
      group by word
    ) as gone
    on known.word = gone.word
    when matched and known.profiles = gone.profiles then delete
    when matched then update set profiles = known.profiles - gone.profiles;
  end if;
  return null;
end
$$;
comment on function contractors.count_search_words() is 'Keeps the vocabulary: one statement for each statement that writes profiles, however many';
revoke execute on function contractors.count_search_words() from public;

create trigger count_search_words_of_new after insert on contractors.contractor_profiles
  referencing new table as new_rows
  for each statement execute function contractors.count_search_words();
create trigger count_search_words_of_changed after update on contractors.contractor_profiles
  referencing old table as old_rows new table as new_rows
  for each statement execute function contractors.count_search_words();
create trigger count_search_words_of_gone after delete on contractors.contractor_profiles
  referencing old table as old_rows
  for each statement execute function contractors.count_search_words();

grant select on contractors.search_words to commonhold_app, commonhold_readonly;
