-- Where an award is performed was read from its raw record, one of several kilobytes for each award that a page counts.
alter table contractors.awards
  add column place_country text,
  add column place_state text,
  add column place_city text;
comment on column contractors.awards.place_country is 'Where its latest action has it performed: ISO 3166 alpha-3; empty where its source does not say';
comment on column contractors.awards.place_state is 'The state or territory there, two letters in the United States, upper case';
comment on column contractors.awards.place_city is 'The city there, upper case';

update contractors.awards as award
set place_country = nullif(record.data ->> 'pop_country', ''),
  place_state = nullif(upper(record.data ->> 'pop_state'), ''),
  place_city = nullif(upper(record.data ->> 'pop_city'), '')
from contractors.contractors as record
where record.id = award.record_id
  and record.data ?| array['pop_country', 'pop_state', 'pop_city'];
