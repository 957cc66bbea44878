create or replace function contractors.open_import_staging()
returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  create temporary table import_rows (
    line integer not null,
    is_known boolean not null,
    is_stored boolean not null,
    id uuid not null,
    source text not null,
    source_id text collate "C" not null,
    uei text,
    old_uei text,
    observation_id uuid,
    old_observation_id uuid,
    observed_on date,
    content_hash uuid,
    data jsonb,
    fields jsonb,
    mention_id uuid,
    old_mention_id uuid,
    mention jsonb,
    award_id uuid,
    kind text,
    agency_id text,
    agency_name text,
    piid text,
    referenced_agency_id text,
    referenced_piid text,
    mod_number text,
    description text,
    naics_code text,
    psc_code text,
    signed_date date,
    completion_date date,
    obligated_amount numeric,
    total_obligated numeric,
    potential_value numeric,
    reported_status text
  );
  create temporary table import_ueis (uei text primary key);
  grant select, insert, update, delete on pg_temp.import_rows, pg_temp.import_ueis to commonhold_app;
end
$$;

create or replace function contractors.search_vector(name text, dba_name text, legal_business_name text)
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
