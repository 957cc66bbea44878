-- Three words in four are beginnings: to see that needs no regular expression.
create or replace function contractors.is_vocabulary(word text)
returns boolean
language sql
immutable
parallel safe
as $$ select word not like '^%' and length(word) between 3 and 32 and ltrim(word, '0123456789') <> '' $$;
