import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { parse } from 'csv-parse/sync'
import type pg from 'pg'
import type { BenchContext } from '../context.ts'

export type Size = {
  profiles: number
  /** Each award action is an award of its own, which is the heaviest case for whatever reads awards. */
  awards: number
}

/** What the benchmarks of issue 5 are measured on. */
export const fullSize: Size = { profiles: 900_000, awards: 5_000_000 }

/**
 * Fills an empty catalogue with contractors and awards recombined from the real ones (data/contractors):
 * - names are the head of one real name and the tail of another, a made-up word before every fourth; the address, the
 *   industry, the business types and the certifications are those of the firm that gave the head;
 * - two fifths have awards, a few of them very many (the greatest 0.6 % of all); agency, amount, industry, product code and dates
 *   are those of a real award, shifted by up to two years; values, counts, agencies and last award of a contractor are the sums over its
 *   awards, as an import leaves them;
 * - one in thirty has a parent, and 20,000 may be parents; one in seven registrations has expired.
 *
 * The same in every run; not made where there is a catalogue. Indexes are dropped first and made again at the end,
 * triggers rest meanwhile: three to four minutes on two cores for the full size. Raw records and observations are not made.
 */
export async function generateCatalogue(context: BenchContext, size: Size = fullSize): Promise<void> {
  const { admin, owner, log } = context
  if ((await countOf(admin, 'contractors.contractor_profiles')) > 0) {
    log('the catalogue of an earlier run')
    return
  }
  const started = performance.now()
  const seconds = () => `${((performance.now() - started) / 1000).toFixed(0)} s`
  const tables = ['contractors.contractor_profiles', 'contractors.awards']
  const indexes = await dropIndexes(owner, tables)
  for (const table of tables) await owner.query(`alter table ${table} disable trigger user`)
  await admin.query('set jit = off')
  await admin.query(`set work_mem = '256MB'`)
  await admin.query(`set maintenance_work_mem = '512MB'`)
  await admin.query('set max_parallel_maintenance_workers = 2')
  await owner.query(`set maintenance_work_mem = '512MB'`)
  await admin.query('set synchronous_commit = off')
  await stageSeeds(admin)
  if (size.awards > 0) await makeAwards(admin, size)
  log(`awards after ${seconds()}`)
  await makeProfiles(admin, size)
  log(`profiles after ${seconds()}`)
  for (const definition of indexes) await owner.query(definition)
  await countWords(owner)
  for (const table of tables) await owner.query(`alter table ${table} enable trigger user`)
  await admin.query('drop table generated_awards, seeds, award_seeds')
  await admin.query(
    `vacuum analyze ${tables.join(', ')}, contractors.search_words, contractors.families, contractors.agencies`,
  )
  await admin.query('checkpoint')
  log(`indexes and vocabulary after ${seconds()}`)
}

/** The name of each contractor, and of every twentieth a former one: what recognising vendors looks at besides. */
export async function generateNames({ admin, owner, log }: BenchContext): Promise<void> {
  if ((await countOf(admin, 'contractors.profile_names')) > 0) return
  const started = performance.now()
  const indexes = await dropIndexes(owner, ['contractors.profile_names'])
  await admin.query(`
    insert into contractors.profile_names (uei, name, normal_name, kind, source)
    select uei, name, search_name, 'legal', 'generated'
    from contractors.contractor_profiles
    where uei is not null
  `)
  await admin.query(`
    insert into contractors.profile_names (uei, name, normal_name, kind, source)
    select uei, 'FORMER ' || name, 'former ' || search_name, 'former', 'generated'
    from contractors.contractor_profiles tablesample bernoulli (5) repeatable (3)
    where uei is not null
    on conflict do nothing
  `)
  for (const definition of indexes) await owner.query(definition)
  await admin.query('vacuum analyze contractors.profile_names')
  log(`names after ${((performance.now() - started) / 1000).toFixed(0)} s`)
}

/** All but those of constraints. */
async function dropIndexes(owner: pg.Client, tables: readonly string[]): Promise<string[]> {
  const { rows } = await owner.query<{ name: string; definition: string }>(
    `select i.indexrelid::regclass::text as name, pg_get_indexdef(i.indexrelid) as definition
    from pg_index as i
    where i.indrelid = any($1::text[]::regclass[])
      and not exists (select from pg_constraint where conindid = i.indexrelid)`,
    [tables],
  )
  for (const { name } of rows) await owner.query(`drop index ${name}`)
  return rows.map(({ definition }) => definition)
}

async function stageSeeds(admin: pg.Client): Promise<void> {
  const firms = readRows('entities.csv.gz').filter(row => row.legal_business_name && row.country === 'USA')
  await admin.query('select setseed(0.4)')
  await admin.query(
    `create temporary table seeds as
    select
      row_number() over (order by uei) - 1 as number,
      string_to_array(legal_business_name, ' ') as words,
      nullif(street, '') as street,
      nullif(city, '') as city,
      nullif(state, '') as state,
      nullif(left(zip, 5), '') as zip,
      lpad(substring(congressional_district from '[0-9]{1,2}$'), 2, '0') as district,
      nullif(primary_naics, '') as naics,
      to_jsonb(array_remove(string_to_array(business_types, '|'), '')) as types
    from jsonb_to_recordset($1::jsonb) as seed (
      uei text, legal_business_name text, street text, city text, state text, zip text, congressional_district text,
      primary_naics text, business_types text
    )`,
    [JSON.stringify(firms)],
  )
  await admin.query('create unique index on seeds (number)')
  const awards = readRows('fpds_awards.csv.gz').filter(
    row => /^[A-Z0-9]{4}$/.test(row.agency_id ?? '') && row.signed_date,
  )
  await admin.query(
    `create temporary table award_seeds as
    select
      row_number() over (order by agency_id, piid) - 1 as number,
      agency_id,
      listed_agency as agency,
      nullif(naics_code, '') as naics,
      nullif(psc_code, '') as psc,
      left(listed_description, 200) as description,
      signed_date::date as signed,
      nullif(completion_date, '')::date as completed,
      coalesce(nullif(total_obligated_amount, '')::numeric, 0) as obligated
    from jsonb_to_recordset($1::jsonb) as seed (
      agency_id text, piid text, listed_agency text, naics_code text, psc_code text, listed_description text,
      signed_date text, completion_date text, total_obligated_amount text
    )`,
    [JSON.stringify(awards)],
  )
  await admin.query('create unique index on award_seeds (number)')
  await admin.query('analyze seeds')
  await admin.query('analyze award_seeds')
  await admin.query(`
    insert into contractors.agencies (code, name)
    select agency_id, max(agency)
    from award_seeds
    group by agency_id
    on conflict do nothing
  `)
}

/** The contractor of a number: awards are made before profiles, whose sums they are. */
const ueiOf = (number: string) => `'Z' || upper(substr(md5((${number})::text), 1, 11))`

async function makeAwards(admin: pg.Client, { profiles, awards }: Size): Promise<void> {
  await admin.query(
    `insert into contractors.awards
      (id, uei, kind, agency_id, agency_name, piid, description, naics_code, psc_code, signed_date, last_action_date,
      completion_date, obligated_amount, total_obligated, record_id)
    select
      md5('award' || n)::uuid, ${ueiOf('dice.firm')}, 'award', seed.agency_id, seed.agency,
      seed.agency_id || lpad(n::text, 9, '0'), seed.description, seed.naics, seed.psc, seed.signed + dice.days,
      seed.signed + dice.days, seed.completed + dice.days, amount.obligated, amount.obligated, md5('record' || n)::uuid
    from (
      select
        n,
        1 + floor(power(random(), 2.5) * $2 * 0.4)::bigint as firm,
        floor(random() * $3)::bigint as seed,
        floor(random() * 1460 - 730)::integer as days,
        random() as x
      from generate_series(1, $1) as n
    ) as dice
    join award_seeds as seed on seed.number = dice.seed
    cross join lateral (select round(least(seed.obligated, 50000000) * exp(3 * dice.x - 2)::numeric, 2) as obligated) as amount`,
    [awards, profiles, await countOf(admin, 'award_seeds')],
  )
}

async function makeProfiles(admin: pg.Client, { profiles }: Size): Promise<void> {
  await admin.query(`
    create temporary table generated_awards as
    select
      uei,
      sum(total_obligated) as total,
      round(avg(total_obligated), 2) as average,
      count(*) filter (where completion_date >= current_date) as active,
      count(*) filter (where completion_date < current_date) as completed,
      array_agg(distinct agency_id order by agency_id) as agencies,
      max(last_action_date) as last_award_date
    from contractors.awards
    group by uei
  `)
  await admin.query('create unique index on generated_awards (uei)')
  await admin.query('analyze generated_awards')
  await admin.query(
    `insert into contractors.contractor_profiles
      (id, uei, cage_code, name, legal_business_name, address_line_1, city, state, zip_code, congressional_district,
      naics_code, business_types, certifications, total_contract_value, average_contract_value, active_contracts_count,
      completed_contracts_count, award_agencies, last_award_date, registration_status, registration_date,
      last_updated_date, parent_uei, family_uei, field_sources)
    select
      md5('profile' || n)::uuid, ${ueiOf('n')}, upper(substr(md5('cage' || n), 1, 5)), made.name, made.name, a.street,
      a.city, a.state, a.zip, a.district, a.naics, coalesce(a.types, '[]'),
      case when dice.x < 0.03 then jsonb_build_object('A6', (date '2026-01-01' + dice.days / 4)::text) else '{}' end,
      awarded.total, awarded.average, coalesce(awarded.active, 0), coalesce(awarded.completed, 0),
      coalesce(awarded.agencies, '{}'), awarded.last_award_date,
      case when dice.y < 0.86 then 'Active' else 'Expired' end,
      date '2002-01-01' + dice.days, timestamptz '2025-01-01 UTC' + (dice.days / 13) * interval '1 day',
      family.parent, coalesce(family.parent, ${ueiOf('n')}),
      jsonb_build_object(gen_random_uuid(), '["legalBusinessName", "addressLine1", "city", "state", "zipCode", "cageCode"]'::jsonb)
    from (
      select
        n,
        floor(random() * $2)::bigint as head,
        floor(random() * $2)::bigint as tail,
        floor(random() * $2)::bigint as third,
        floor(random() * 8700)::integer as days,
        random() as x,
        random() as y,
        random() as coined,
        case when random() < 0.033 and n > 20000 then 1 + floor(random() * 20000)::bigint end as parent
      from generate_series(1, $1) as n
    ) as dice
    join seeds as a on a.number = dice.head
    join seeds as b on b.number = dice.tail
    join seeds as c on c.number = dice.third
    left join generated_awards as awarded on awarded.uei = ${ueiOf('n')}
    cross join lateral (select case when dice.parent is not null then ${ueiOf('dice.parent')} end as parent) as family
    cross join lateral (
      select left(
        case when dice.coined < 0.25 then left(a.words[1], 4) || right(c.words[1], 3) || ' ' else '' end
        || array_to_string(
          a.words[1:greatest(1, cardinality(a.words) / 2)] || b.words[greatest(1, cardinality(b.words) / 2) + 1:], ' '
        ),
        500
      ) as name
    ) as made
    on conflict do nothing`,
    [profiles, await countOf(admin, 'seeds')],
  )
  await admin.query(`
    insert into contractors.families
      (uei, name, profile_count, total_contract_value, active_contracts_count, completed_contracts_count, head_id,
        is_named_only)
    select
      family_uei,
      coalesce(max(name) filter (where uei = family_uei), family_uei),
      count(*),
      sum(total_contract_value),
      sum(active_contracts_count),
      sum(completed_contracts_count),
      (array_agg(id order by uei <> family_uei, value_rank desc, uei))[1],
      bool_or(uei = family_uei) is not true
    from contractors.contractor_profiles
    group by family_uei
    having count(*) > 1
  `)
}

async function countWords(owner: pg.Client): Promise<void> {
  await owner.query(`
    insert into contractors.search_words (word, profiles)
    select word, count(*)
    from contractors.contractor_profiles, unnest(tsvector_to_array(search_words)) as word
    where contractors.is_vocabulary(word)
    group by word
  `)
}

async function countOf(admin: pg.Client, table: string): Promise<number> {
  const { rows } = await admin.query(`select count(*)::integer as count from ${table}`)
  return rows[0].count
}

function readRows(name: string): Record<string, string>[] {
  const path = fileURLToPath(new URL(`../../data/contractors/${name}`, import.meta.url))
  return parse(gunzipSync(readFileSync(path)), { columns: true })
}
