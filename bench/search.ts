import type pg from 'pg'
import { type Search, type SearchPart, searchContractors } from '#contractors'
import type { Database } from '#platform/database'
import type { Bench, BenchResult } from './context.ts'
import { generateCatalogue } from './contractors/generation.ts'

/**
 * Searches among 900,000 contractors whose names are recombined from real ones: by UEI, by words with filters (frequent
 * words as often as names have them, first letters, pages further on, facets on each first page), and by mistyped words.
 */
const bench: Bench = async context => {
  await generateCatalogue(context)
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
