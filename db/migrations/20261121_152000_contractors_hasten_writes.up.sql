-- What writing profiles in numbers needs: cheaper generated columns, and plans made from what the tables hold.

-- With groups that capture nothing the expression is matched in one pass: a fifth of the time.
create or replace function contractors.words_without_legal_form(words text)
returns text
language sql
immutable
parallel safe
as $$
  select regexp_replace(
    words,
    '(?: (?:inc|incorporated|corp|corporation|co|company|llc|llp|lp|ltd|limited|pllc|plc|pc|gmbh|ag|sa|nv|bv))+$', ''
  )
$$;

-- Plain words have one space between them, and asking for that is a third cheaper than asking for any white space.
create or replace function contractors.words_and_beginnings(words text)
returns text
language sql
immutable
parallel safe
as $$ select btrim(words || ' ' || regexp_replace(words, '([^ ])([^ ]?)([^ ]?)[^ ]*', '^\1 ^\1\2 ^\1\2\3', 'g')) $$;

-- Nobody counts what is in a session's own tables, and what a transaction has just written: without that the planner
-- takes a join of 900,000 rows with as many for one of a few, or of billions.
create function contractors.measure_staging()
returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  analyze pg_temp.import_rows (is_known, source_id, id, uei, observation_id, mention_id, award_id);
end
$$;
comment on function contractors.measure_staging() is 'Tells the planner what the import of this session has staged';

create function contractors.measure_fold()
returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  -- One decision makes a few profiles anew: that needs no measuring.
  if (select count(*) from (select from pg_temp.fold_members limit 500) as member) = 500 then
    analyze pg_temp.fold_members;
  end if;
end
$$;
comment on function contractors.measure_fold() is 'Tells the planner which profiles this transaction makes anew';

create function contractors.measure_catalogue()
returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  analyze contractors.contractors (source, source_id, uei, observation_id, mention_id);
  analyze contractors.observations (id, uei, source);
end
$$;
comment on function contractors.measure_catalogue() is
  'Tells the planner how large the raw records have become, in the transaction of a large import: the next thing that it does is to join them';

revoke execute
  on function contractors.measure_staging(), contractors.measure_fold(), contractors.measure_catalogue()
  from public;
grant execute
  on function contractors.measure_staging(), contractors.measure_fold(), contractors.measure_catalogue()
  to commonhold_app;
