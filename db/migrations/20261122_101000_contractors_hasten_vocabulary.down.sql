create or replace function contractors.is_vocabulary(word text)
returns boolean
language sql
immutable
parallel safe
as $$ select length(word) between 3 and 32 and word !~ '^(\^|[0-9]+$)' $$;
