import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { parse } from 'csv-parse/sync'
import type pg from 'pg'
import { type Search, type SearchPart, searchContractors } from '#contractors'
import type { Database } from '#platform/database'
import type { Bench, BenchContext, BenchResult } from './context.ts'

const entities = fileURLToPath(new URL('../data/contractors/entities.csv.gz', import.meta.url))
const profiles = 900_000

/**
 * Searches among 900,000 contractors whose names are recombined from real ones: by UEI, by words with filters (frequent
 * words as often as names have them, first letters, pages further on, facets on each first page), and by mistyped words.
 */
const bench: Bench = async context => {
  await generateProfiles(context)
  const { db, admin, log } = context
  const random = randomFrom(20261121)
  const sample = await sampleProfiles(admin)

  const byUei = sample.slice(0, 400).map(({ uei }) => ({ q: uei }))
  const byWords = sample.slice(400, 800).map(profile => wordSearch(profile, random))
  const byLetters = sample.slice(800, 900).map(({ name }) => ({ q: name.slice(0, 1 + below(3, random)), facets: true }))
  const byTypo = sample.slice(900, 1200).flatMap(profile => typoSearch(profile, random))
  await Promise.all(sample.slice(1200).map(({ name }) => timeOf(db, { q: name })))

  const uei = await measure(db, byUei)
  log(`UEI: ${uei.length} searches`)
  const words = await measure(db, byWords)
  const letters = await measure(db, byLetters)
  const pages = await measurePages(db, byWords.slice(0, 100))
  log(`words: ${words.length} searches, ${letters.length} of first letters, ${pages.length} further pages`)
  const typos = await measure(db, byTypo)
  log(`typos: ${typos.length} searches`)
  return [
    reach('UEI among 900,000, p95', quantile(uei, 0.95), 5),
    reach('words with filters, p95', quantile([...words, ...letters, ...pages], 0.95), 50),
    { name: 'words with filters, median', value: quantile([...words, ...letters, ...pages], 0.5), unit: 'ms' },
    { name: 'of these one to three letters, p95', value: quantile(letters, 0.95), unit: 'ms' },
    { name: 'of these further pages, p95', value: quantile(pages, 0.95), unit: 'ms' },
    reach('one typo, p95', quantile(typos, 0.95), 300),
  ]
}

export default bench

type Asked = Search & Partial<SearchPart>
type Profile = { uei: string; name: string; state: string | null; naicsCode: string | null }

function wordSearch({ name, state, naicsCode }: Profile, random: () => number): Asked {
  const words = name.split(' ')
  // Nobody looks for INC alone, and it stands at the end.
  const from = below(Math.max(1, words.length - 1), random)
  const q = words.slice(from, from + 1 + below(2, random)).join(' ')
  return {
    q: random() < 0.3 ? q.slice(0, -1) : q,
    state: state && random() < 0.4 ? [state] : undefined,
    naics: naicsCode && random() < 0.3 ? [naicsCode.slice(0, 2 + below(3, random))] : undefined,
    minValue: random() < 0.15 ? '100000' : undefined,
    facets: true,
  }
}

function typoSearch({ name }: Profile, random: () => number): Asked[] {
  const word = name.split(/\W+/).find(part => part.length > 4)
  if (word === undefined) return []
  const at = 1 + below(word.length - 2, random)
  const letter = String.fromCharCode(65 + below(26, random))
  const middle = [letter, letter + (word[at] ?? ''), '', (word[at + 1] ?? '') + (word[at] ?? '')]
  const kind = below(4, random)
  return [{ q: word.slice(0, at) + middle[kind] + word.slice(at + (kind === 3 ? 2 : 1)), facets: true }]
}

async function measure(db: Database, searches: readonly Asked[]): Promise<number[]> {
  const times: number[] = []
  for (const search of searches) times.push((await timeOf(db, search)).time)
  return times
}

/** The second to fifth page of each search. */
async function measurePages(db: Database, searches: readonly Asked[]): Promise<number[]> {
  const times: number[] = []
  for (const search of searches) {
    let cursor = (await timeOf(db, search)).nextCursor
    for (let page = 2; page <= 5 && cursor; page++) {
      const next = await timeOf(db, { ...search, facets: false, cursor })
      times.push(next.time)
      cursor = next.nextCursor
    }
  }
  return times
}

async function timeOf(db: Database, search: Asked) {
  const started = performance.now()
  const { nextCursor } = await db.transaction({}, tx => searchContractors(tx, { limit: 25, ...search }))
  return { time: performance.now() - started, nextCursor }
}

async function sampleProfiles(admin: pg.Client): Promise<Profile[]> {
  const { rows } = await admin.query<Profile>(`
    select uei, name, state, naics_code as "naicsCode"
    from contractors.contractor_profiles tablesample bernoulli (1) repeatable (7)
    order by md5(uei)
    limit 1250
  `)
  return rows
}

/** Heads and tails of real names, a made-up word before every fourth; two fifths have a total contract value. */
async function generateProfiles({ admin, owner, log }: BenchContext): Promise<void> {
  const started = performance.now()
  const rows: Record<string, string>[] = parse(gunzipSync(readFileSync(entities)), { columns: true })
  const seeds = rows.filter(row => row.legal_business_name && row.country === 'USA')
  const { rows: indexes } = await owner.query<{ name: string; definition: string }>(`
    select i.indexrelid::regclass::text as name, pg_get_indexdef(i.indexrelid) as definition
    from pg_index as i
    where i.indrelid = 'contractors.contractor_profiles'::regclass
      and not exists (select from pg_constraint where conindid = i.indexrelid)
  `)
  for (const { name } of indexes) await owner.query(`drop index ${name}`)
  await owner.query('alter table contractors.contractor_profiles disable trigger user')
  await admin.query(`select setseed(0.4)`)
  await admin.query(
    `create temporary table seeds as
    select
      row_number() over (order by uei) - 1 as number,
      string_to_array(legal_business_name, ' ') as words,
      nullif(street, '') as street,
      nullif(city, '') as city,
      nullif(state, '') as state,
      nullif(left(zip, 5), '') as zip,
      nullif(primary_naics, '') as naics,
      to_jsonb(array_remove(string_to_array(business_types, '|'), '')) as types
    from jsonb_to_recordset($1::jsonb) as seed (
      uei text, legal_business_name text, street text, city text, state text, zip text, primary_naics text,
      business_types text
    )`,
    [JSON.stringify(seeds)],
  )
  await admin.query('create unique index on seeds (number)')
  await admin.query('analyze seeds')
  await admin.query(
    `insert into contractors.contractor_profiles
      (uei, cage_code, name, legal_business_name, address_line_1, city, state, zip_code, naics_code, business_types,
      total_contract_value, active_contracts_count, registration_status, field_sources)
    select
      'Z' || upper(substr(md5(n::text), 1, 11)),
      upper(substr(md5('cage' || n), 1, 5)),
      made.name, made.name, a.street, a.city, a.state, a.zip, a.naics, coalesce(a.types, '[]'),
      case when dice.valued < 0.4 then round(exp(11 + 3.2 * sqrt(-2 * ln(dice.x + 1e-9)) * cos(6.283 * dice.y))::numeric, 2) end,
      (10 * dice.x)::integer, 'Active',
      jsonb_build_object(gen_random_uuid(), '["legalBusinessName", "addressLine1", "city", "state", "zipCode", "cageCode"]'::jsonb)
    from (
      select
        n,
        floor(random() * $2)::bigint as head,
        floor(random() * $2)::bigint as tail,
        floor(random() * $2)::bigint as third,
        random() as valued,
        random() as x,
        random() as y,
        random() as coined
      from generate_series(1, $1) as n
    ) as dice
    join seeds as a on a.number = dice.head
    join seeds as b on b.number = dice.tail
    join seeds as c on c.number = dice.third
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
    [profiles, seeds.length],
  )
  log(`profiles after ${seconds(started)}`)
  for (const { definition } of indexes) await owner.query(definition)
  await owner.query(`
    insert into contractors.search_words (word, profiles)
    select word, count(*)
    from contractors.contractor_profiles, unnest(tsvector_to_array(search_words)) as word
    where contractors.is_vocabulary(word)
    group by word
  `)
  await owner.query('alter table contractors.contractor_profiles enable trigger user')
  await admin.query('vacuum analyze contractors.contractor_profiles, contractors.search_words')
  await admin.query('checkpoint')
  log(`indexes and vocabulary after ${seconds(started)}`)
}

function reach(name: string, value: number, target: number): BenchResult {
  return { name, value, unit: 'ms', target: `≤ ${target}`, ok: value <= target }
}

function quantile(times: readonly number[], share: number): number {
  const sorted = times.toSorted((a, b) => a - b)
  const value = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
  return Math.round(value * 100) / 100
}

function below(limit: number, random: () => number): number {
  return Math.floor(random() * limit)
}

const seconds = (since: number) => `${((performance.now() - since) / 1000).toFixed(0)} s`

/** Mulberry32: the same searches in every run. */
function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}
