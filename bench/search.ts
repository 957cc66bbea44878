import type pg from 'pg'
import { type Search, type SearchPart, searchContractors } from '#contractors'
import type { Database } from '#platform/database'
import { matchMentions } from '../src/contractors/matching/engine.ts'
import { listSimilar } from '../src/contractors/profiles/similar.ts'
import { findNewMatches } from '../src/contractors/search/new-matches.ts'
import { sorts } from '../src/contractors/search/orders.ts'
import type { Bench, BenchResult } from './context.ts'
import { fullSize, generateCatalogue, generateNames } from './contractors/generation.ts'

/**
 * Searches among 900,000 contractors with 5 million awards, recombined from real ones: by UEI and CAGE code; by words with
 * filters (frequent words as often as names have them, first letters, pages further on), with facets on each first page;
 * by two to five filters with and without a word; in each order; rolled up to families; by mistyped words; contractors
 * like one; who is meant by a mistyped mention; and what a day's changes of 10,000 contractors bring to 1,000 saved searches.
 */
const bench: Bench = async context => {
  const started = performance.now()
  await generateCatalogue(context, fullSize)
  await generateNames(context)
  const generating = (performance.now() - started) / 1000
  const began = performance.now()
  await context.admin.query('select contractors.refresh_search_bits()')
  const refreshing = (performance.now() - began) / 1000
  await context.admin.query('vacuum analyze contractors.search_places, contractors.search_bits')
  return [
    ...(await measureSearch(context)),
    { name: 'making the catalogue that is searched', value: Math.round(generating), unit: 's' },
    { name: 'making the bits in which filters are counted', value: Math.round(refreshing), unit: 's' },
  ]
}

export default bench

/** On a catalogue that is there. */
export async function measureSearch({
  db,
  admin,
  log,
}: {
  db: Database
  admin: pg.Client
  log: (line: string) => void
}): Promise<BenchResult[]> {
  const random = randomFrom(20261121)
  const sample = await sampleProfiles(admin)
  await Promise.all(sample.slice(1200).map(({ name }) => timeOf(db, { q: name })))

  const ueis = await measure(
    db,
    sample.slice(0, 200).map(({ uei }) => ({ q: uei })),
  )
  const cages = await measure(
    db,
    sample.slice(200, 400).map(({ cageCode }) => ({ q: cageCode })),
  )
  log(`codes: ${ueis.length + cages.length} searches`)
  const byWords = sample.slice(400, 800).map(profile => wordSearch(profile, random))
  const words = await measure(db, byWords)
  const letters = await measure(
    db,
    sample.slice(800, 900).map(({ name }) => ({ q: name.slice(0, 1 + below(3, random)) })),
  )
  const pages = await measurePages(db, byWords.slice(0, 100))
  log(`words: ${words.length} searches, ${letters.length} of first letters, ${pages.length} further pages`)
  const facetted = [...byWords.slice(0, 200), ...sample.slice(800, 850).map(({ name }) => ({ q: name.slice(0, 2) }))]
  const facets = await measure(
    db,
    facetted.map(search => ({ ...search, facets: true })),
  )
  log(`facets: ${facets.length} searches`)
  const filtered = sample.slice(0, 400).map((profile, at) => filterSearch(profile, at % 2 === 0, random))
  const [worded, wordless] = [filtered.filter(({ q }) => q !== undefined), filtered.filter(({ q }) => q === undefined)]
  const wordedFilters = await measure(db, worded)
  const filters = await measure(db, wordless)
  const filterFacets = await measure(
    db,
    filtered.slice(0, 200).map(search => ({ ...search, facets: true })),
  )
  log(`filters: ${filtered.length} searches`)
  const bySort: BenchResult[] = []
  for (const sort of sorts) {
    const asked = byWords.slice(0, 100).map(search => ({ ...search, sort }))
    const times = [...(await measure(db, [{ sort }, ...asked])), ...(await measurePages(db, asked.slice(0, 25)))]
    bySort.push(figure(`sorted by ${sort}, pages further on too, p95`, quantile(times, 0.95)))
  }
  log('sorts')
  const rolledUp = await measure(
    db,
    byWords.slice(0, 200).map(search => ({ ...search, rollUp: true })),
  )
  const typos = await measureTypos(db, sample.slice(900, 1200), random)
  log(`typos: ${typos.times.length} searches`)
  const similar = await measureSimilar(db, admin)
  const mentioned = await measureMentions(db, sample.slice(900, 1100), random)
  log(`${similar.length} times the like of one, ${mentioned.length} mentions`)
  const alerts = await measureAlerts(db, admin, [...byWords, ...filtered, ...byWords].slice(0, 1_000))
  return [
    reach('UEI among 900,000, p95', quantile(ueis, 0.95), 5),
    reach('CAGE code among 900,000, p95', quantile(cages, 0.95), 5),
    reach('words with filters, p95', quantile([...words, ...letters, ...pages], 0.95), 50),
    figure('words with filters, median', quantile([...words, ...letters, ...pages], 0.5)),
    figure('of these one to three letters, p95', quantile(letters, 0.95)),
    figure('of these further pages, p95', quantile(pages, 0.95)),
    reach('a word with filters of all kinds in all orders, p95', quantile(wordedFilters, 0.95), 50),
    reach('filters of all kinds without words in all orders, p95', quantile(filters, 0.95), 50),
    figure('filters of all kinds without words in all orders, median', quantile(filters, 0.5)),
    reach('facets with the first page, p95', quantile(facets, 0.95), 150),
    figure('facets with the first page, median', quantile(facets, 0.5)),
    reach('filters of all kinds with facets, p95', quantile(filterFacets, 0.95), 150),
    ...bySort,
    figure('rolled up to families, p95', quantile(rolledUp, 0.95)),
    reach('one typo, p95', quantile(typos.times, 0.95), 300),
    {
      name: 'one typo: the right name among the first five',
      value: Math.round(typos.share * 1000) / 10,
      unit: '%',
      target: '≥ 95',
      ok: typos.share >= 0.95,
    },
    reach('similar contractors, p95', quantile(similar, 0.95), 100),
    reach('who is meant by one mention, p95', quantile(mentioned, 0.95), 100),
    figure('who is meant by one mention, median', quantile(mentioned, 0.5)),
    ...alerts,
  ]
}

type Asked = Search & Partial<SearchPart>
type Profile = {
  id: string
  uei: string
  cageCode: string
  name: string
  state: string | null
  naicsCode: string | null
  district: string | null
  agencies: string[]
}

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
  }
}

/** About three filters, with the first word of a name or without. */
function filterSearch(
  { name, state, naicsCode, district, agencies }: Profile,
  hasWord: boolean,
  random: () => number,
): Asked {
  return {
    q: hasWord ? name.split(' ')[0] : undefined,
    state: state && random() < 0.5 ? [state, 'VA', 'MD'].slice(0, 1 + below(3, random)) : undefined,
    district: state && district && random() < 0.15 ? [`${state}-${district}`] : undefined,
    naics: naicsCode && random() < 0.4 ? [naicsCode.slice(0, 2 + below(3, random))] : undefined,
    agency: agencies[0] && random() < 0.5 ? agencies.slice(0, 2) : undefined,
    status: random() < 0.3 ? ['Expired'] : undefined,
    certification: random() < 0.1 ? ['A6'] : undefined,
    registeredSince: random() < 0.2 ? '2023-01-01' : undefined,
    minValue: random() < 0.3 ? '1000000' : undefined,
    hasActiveContracts: random() < 0.3 || undefined,
    sort: sorts[below(sorts.length, random)],
  }
}

/** A whole name of at least two words, with one letter wrong, doubled, missing or swapped in a word of five letters or more. */
function typoIn(name: string, random: () => number): string | undefined {
  const word = name.split(/\W+/).find(part => part.length > 4 && /^[A-Z]+$/.test(part))
  if (word === undefined) return undefined
  const at = 1 + below(word.length - 2, random)
  const letter = String.fromCharCode(65 + below(26, random))
  const middle = [letter, letter + (word[at] ?? ''), '', (word[at + 1] ?? '') + (word[at] ?? '')]
  const kind = below(4, random)
  const mistyped = word.slice(0, at) + middle[kind] + word.slice(at + (kind === 3 ? 2 : 1))
  return name.replace(word, mistyped)
}

async function measureTypos(db: Database, profiles: readonly Profile[], random: () => number) {
  const times: number[] = []
  let asked = 0
  let found = 0
  for (const { name } of profiles) {
    const q = typoIn(name, random)
    if (q === undefined || q === name) continue
    const { time, names } = await timeOf(db, { q, facets: true })
    times.push(time)
    asked++
    // Of firms with the same name one is as right as the other.
    if (names.slice(0, 5).some(each => each === name)) found++
  }
  return { times, share: found / asked }
}

/** What is like contractors taken at random, and like those that have awards. */
async function measureSimilar(db: Database, admin: pg.Client): Promise<number[]> {
  const idsWhere = async (condition: string) => {
    const { rows } = await admin.query<{ id: string }>(`
      select id
      from contractors.contractor_profiles tablesample bernoulli (2) repeatable (11)
      where not is_hidden and ${condition}
      order by md5(id::text)
      limit 160
    `)
    return rows.map(({ id }) => id)
  }
  const ids = [...(await idsWhere('true')), ...(await idsWhere('total_contract_value is not null'))]
  const tx = db.reads({})
  const times: number[] = []
  for (const [at, id] of ids.entries()) {
    const started = performance.now()
    await listSimilar(tx, id, 10, '2026-11-21')
    // The first twenty find plans and pages.
    if (at >= 20) times.push(performance.now() - started)
  }
  return times
}

/** Names with a letter wrong, another legal form, or a word less; each alone, as somebody tries one. */
async function measureMentions(db: Database, profiles: readonly Profile[], random: () => number): Promise<number[]> {
  const times: number[] = []
  for (const [at, { id, name, state }] of profiles.entries()) {
    const words = name.split(' ')
    const written = [
      typoIn(name, random) ?? name,
      `${name.replace(/,? (INC|LLC|CORP)\.?$/, '')} CORPORATION`,
      words.slice(0, -1).join(' ') || name,
    ][at % 3]!
    const started = performance.now()
    await db.transaction({}, tx => matchMentions(tx, [{ id, name: written, state: at % 2 ? state : null }]))
    times.push(performance.now() - started)
  }
  return times
}

/** What a day of 10,000 changes and 500 new contractors brings to 1,000 saved searches, and what each costs. */
async function measureAlerts(db: Database, admin: pg.Client, searches: readonly Asked[]): Promise<BenchResult[]> {
  const { rows } = await admin.query(
    'select coalesce(max(revision), 0)::integer as revision from contractors.catalogue_state',
  )
  const since = rows[0].revision
  const began = performance.now()
  await admin.query(`
    update contractors.contractor_profiles as profile
    set registration_status = case registration_status when 'Active' then 'Expired' else 'Active' end,
      state = case when substr(uei, 3, 1) < '4' then 'VA' else state end
    from (select id from contractors.contractor_profiles order by md5(id::text || 'day') limit 10000) as changed
    where profile.id = changed.id
  `)
  const changing = performance.now() - began
  await admin.query(`
    insert into contractors.contractor_profiles (uei, name, state, naics_code, registration_status)
    select 'Y' || substr(uei, 2), name, state, naics_code, 'Active'
    from contractors.contractor_profiles
    order by md5(id::text || 'new')
    limit 500
  `)
  const times: number[] = []
  let found = 0
  for (const { limit: _, ...search } of searches) {
    const start = performance.now()
    const { count } = await db.transaction({}, tx => findNewMatches(tx, search, since))
    times.push(performance.now() - start)
    if (count > 0) found++
  }
  const total = times.reduce((sum, time) => sum + time, 0)
  return [
    {
      name: 'a change of 10,000 contractors, with what the search saw before kept',
      value: Math.round(changing),
      unit: 'ms',
    },
    {
      name: `${searches.length} saved searches after it, ${found} with news`,
      value: Math.round(total / 100) / 10,
      unit: 's',
    },
    figure('one saved search, p95', quantile(times, 0.95)),
  ]
}

async function measure(db: Database, searches: readonly Asked[]): Promise<number[]> {
  const times: number[] = []
  for (const search of searches) {
    const { time } = await timeOf(db, search)
    times.push(time)
    if (time > slow) process.env.BENCH_SLOW && console.error(`  ${time.toFixed(0)} ms ${JSON.stringify(search)}`)
  }
  return times
}

const slow = 50

/** The second to fifth page of each search. */
async function measurePages(db: Database, searches: readonly Asked[]): Promise<number[]> {
  const times: number[] = []
  for (const search of searches) {
    let cursor = (await timeOf(db, search)).nextCursor
    for (let page = 2; page <= 5 && cursor; page++) {
      const next = await timeOf(db, { ...search, cursor })
      times.push(next.time)
      cursor = next.nextCursor
    }
  }
  return times
}

async function timeOf(db: Database, search: Asked) {
  const started = performance.now()
  const { nextCursor, items } = await db.transaction({}, tx => searchContractors(tx, { limit: 25, ...search }))
  return { time: performance.now() - started, nextCursor, names: items.map(({ name }) => name) }
}

async function sampleProfiles(admin: pg.Client): Promise<Profile[]> {
  const { rows } = await admin.query<Profile>(`
    select
      id, uei, cage_code as "cageCode", name, state, naics_code as "naicsCode", congressional_district as district,
      award_agencies as agencies
    from contractors.contractor_profiles tablesample bernoulli (1) repeatable (7)
    order by md5(uei)
    limit 1250
  `)
  return rows
}

const figure = (name: string, value: number): BenchResult => ({ name, value, unit: 'ms' })

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
