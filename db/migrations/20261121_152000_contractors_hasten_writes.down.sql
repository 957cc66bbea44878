drop function contractors.measure_catalogue();
drop function contractors.measure_fold();
drop function contractors.measure_staging();

create or replace function contractors.words_and_beginnings(words text)
returns text
language sql
immutable
parallel safe
as $$ select btrim(words || ' ' || regexp_replace(words, '(\S)(\S?)(\S?)\S*', '^\1 ^\1\2 ^\1\2\3', 'g')) $$;

create or replace function contractors.words_without_legal_form(words text)
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
