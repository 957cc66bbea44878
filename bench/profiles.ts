import type pg from 'pg'
import type { Queryable } from '#platform/database'
import { breakAwardsDown, totalAwards } from '../src/contractors/profiles/award-totals.ts'
import { listAwards } from '../src/contractors/profiles/awards.ts'
import { getFamily, listFamily } from '../src/contractors/profiles/families.ts'
import { listIndustries } from '../src/contractors/profiles/industries.ts'
import { getContractorPage } from '../src/contractors/profiles/profile-pages.ts'
import { listSimilar } from '../src/contractors/profiles/similar.ts'
import type { Bench, BenchResult } from './context.ts'
import { generateCatalogue } from './contractors/generation.ts'

const today = '2026-11-21'

const parts: Readonly<Record<string, (tx: Queryable, id: string) => Promise<unknown>>> = {
  'similar contractors': (tx, id) => listSimilar(tx, id, 10, today),
  'the overview': (tx, id) => getContractorPage(tx, { id }, today),
  'awards, a page by value': (tx, id) => listAwards(tx, id, { sort: 'value', order: 'desc', limit: 25 }),
  'award sums by year, agency and industry': (tx, id) =>
    Promise.all([totalAwards(tx, id), breakAwardsDown(tx, id, 'agency'), breakAwardsDown(tx, id, 'naics')]),
  industries: (tx, id) => listIndustries(tx, id),
  'the family and a page of it': (tx, id) => Promise.all([getFamily(tx, id), listFamily(tx, id, { limit: 25 })]),
}

/**
 * The parts of a contractor's page among 900,000 contractors with 5 million awards, for contractors taken at random and
 * for the fifty with the most awards; and what the history of changes costs an update of 100,000 profiles.
 */
const bench: Bench = async context => {
  await generateCatalogue(context)
  const { db, admin, owner, log } = context
  const random = await idsOf(
    admin,
    `select id from contractors.contractor_profiles where not is_hidden order by md5(id::text) limit 300`,
  )
  const awarded = await idsOf(
    admin,
    `select id from contractors.contractor_profiles where not is_hidden and total_contract_value is not null
     order by md5(id::text) limit 300`,
  )
  const largest = await idsOf(
    admin,
    `select id from contractors.contractor_profiles where not is_hidden
     order by active_contracts_count + completed_contracts_count desc limit 50`,
  )
  const results: BenchResult[] = []
  const tx = db.reads({})
  for (const [name, ask] of Object.entries(parts)) {
    for (const id of random.slice(0, 20)) await ask(tx, id)
    const times = await measure(tx, [...random.slice(20), ...awarded], ask)
    const great = await measure(tx, largest, ask)
    const p95 = quantile(times, 0.95)
    log(`${name}: p95 ${p95.toFixed(1)} ms, the largest ${quantile(great, 0.95).toFixed(1)} ms`)
    const isTarget = name === 'similar contractors'
    results.push({
      name: `${name}, p95`,
      value: p95,
      unit: 'ms',
      ...(isTarget && { target: '≤ 100 ms', ok: p95 <= 100 }),
    })
    results.push({ name: `${name}, of the fifty largest, p95`, value: quantile(great, 0.95), unit: 'ms' })
  }
  return [...results, ...(await measureHistory(admin, owner))]
}

export default bench

/** The same update without and with the trigger, each rolled back. */
async function measureHistory(admin: pg.Client, owner: pg.Client): Promise<BenchResult[]> {
  const seconds = { without: Number.POSITIVE_INFINITY, with: Number.POSITIVE_INFINITY }
  for (const round of ['without', 'with', 'with', 'without'] as const) {
    await owner.query(
      `alter table contractors.contractor_profiles ${round === 'with' ? 'enable' : 'disable'} trigger log_profile_changes`,
    )
    await admin.query('vacuum contractors.contractor_profiles')
    await admin.query('begin')
    const started = performance.now()
    await admin.query(
      `update contractors.contractor_profiles
       set registration_status = 'Expired', city = 'ELSEWHERE', updated_at = now()
       where id in (select id from contractors.contractor_profiles order by id limit 100000)`,
    )
    seconds[round] = Math.min(seconds[round], (performance.now() - started) / 1000)
    await admin.query('rollback')
  }
  await owner.query('alter table contractors.contractor_profiles enable trigger log_profile_changes')
  return [
    { name: 'update of 100,000 profiles without history', value: seconds.without, unit: 's' },
    { name: 'the same with history', value: seconds.with, unit: 's' },
    { name: 'what history takes of it', value: ((seconds.with - seconds.without) / seconds.with) * 100, unit: '%' },
  ]
}

async function idsOf(admin: pg.Client, statement: string): Promise<string[]> {
  const { rows } = await admin.query<{ id: string }>(statement)
  return rows.map(({ id }) => id)
}

async function measure(tx: Queryable, ids: readonly string[], ask: (tx: Queryable, id: string) => Promise<unknown>) {
  const times: number[] = []
  for (const id of ids) {
    const started = performance.now()
    await ask(tx, id)
    times.push(performance.now() - started)
  }
  return times
}

function quantile(times: readonly number[], share: number): number {
  const sorted = times.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
}
