import { fork } from 'node:child_process'
import { once } from 'node:events'
import type pg from 'pg'
import type { Search } from '../src/contractors/search/search.ts'
import { refreshSummary } from '../src/contractors/summary/refreshes.ts'
import { getSummary } from '../src/contractors/summary/summary.ts'
import type { Bench, BenchContext, BenchResult } from './context.ts'
import type { Asked, Told } from './contractors/export-process.ts'
import { generateCatalogue } from './contractors/generation.ts'

/**
 * With 900,000 contractors and five million awards: how long the summary of the overview takes to be refreshed, what those
 * wait who read it meanwhile, and what exports take. An export runs in a process of its own, as a worker does it: into the
 * tenant's table, from which it is fetched. Its memory is the highest of that process above what it had before.
 */
const bench: Bench = async context => {
  await generateCatalogue(context)
  return [...(await measureRefresh(context)), ...(await measureExports(context))]
}

export default bench

async function measureRefresh({ db, log }: BenchContext): Promise<BenchResult[]> {
  const idle: number[] = []
  for (let times = 0; times < 100; times++) idle.push(await timeOf(() => getSummary(db.reads({}))))
  const durations: number[] = []
  const beside: number[] = []
  for (let round = 0; round < 3; round++) {
    let isDone = false
    const refreshing = timeOf(() => refreshSummary({ db })).finally(() => {
      isDone = true
    })
    while (!isDone) {
      beside.push(await timeOf(() => getSummary(db.reads({}))))
      await new Promise(done => setTimeout(done, 20))
    }
    durations.push((await refreshing) / 1000)
    log(`refreshed in ${durations.at(-1)?.toFixed(1)} s`)
  }
  const slowest = Math.max(...durations)
  return [
    {
      name: 'summary: REFRESH CONCURRENTLY, slowest of 3',
      value: slowest,
      unit: 's',
      target: '≤ 30 s',
      ok: slowest <= 30,
    },
    { name: 'summary: reading it, p95', value: quantile(idle, 0.95), unit: 'ms' },
    { name: 'summary: reading it during a refresh, p95', value: quantile(beside, 0.95), unit: 'ms' },
    { name: 'summary: reading it during a refresh, longest', value: Math.max(...beside), unit: 'ms' },
  ]
}

async function measureExports(context: BenchContext): Promise<BenchResult[]> {
  const { admin, log } = context
  const owner = await makeMember(admin)
  const { rows } = await admin.query<{ value: string }>(
    `select total_contract_value::text as value
     from contractors.contractor_profiles
     where not is_hidden and not is_placeholder and total_contract_value is not null
     order by total_contract_value desc
     limit 1 offset 99999`,
  )
  const some: Search = { minValue: rows[0]?.value ?? '0', sort: 'value' }
  const runs: (Pick<Asked, 'format' | 'search'> & { name: string; isHeld: boolean })[] = [
    { name: '100,000 rows CSV', format: 'csv', search: some, isHeld: true },
    { name: '100,000 rows XLSX', format: 'xlsx', search: some, isHeld: false },
    { name: '100,000 rows JSON', format: 'json', search: some, isHeld: false },
    { name: 'all 900,000 rows CSV', format: 'csv', search: { sort: 'value' }, isHeld: false },
  ]
  const results: BenchResult[] = []
  for (const { name, isHeld, ...wish } of runs) {
    const told = await runApart({ login: context.login, ...owner, ...wish })
    log(`${name}: ${told.rows} rows, ${Math.round(told.bytes / 1e6)} MB in ${told.seconds.toFixed(1)} s`)
    results.push(
      {
        name: `${name}: peak memory above idle`,
        value: told.peak,
        unit: 'MB',
        ...(isHeld && { target: '< 150 MB', ok: told.peak < 150 && told.rows >= 100_000 }),
      },
      { name: `${name}: duration`, value: told.seconds, unit: 's' },
      { name: `${name}: size`, value: told.bytes / 1e6, unit: 'MB' },
    )
  }
  return results
}

async function runApart(asked: Asked): Promise<Told> {
  const child = fork(new URL('./contractors/export-process.ts', import.meta.url), [JSON.stringify(asked)])
  const ended = once(child, 'exit')
  let told: Told | undefined
  child.on('message', message => {
    told = message as Told
  })
  await ended
  if (!told) throw new Error('The export has failed')
  return told
}

async function makeMember(admin: pg.Client): Promise<{ tenantId: string; userId: string }> {
  const tenant = await admin.query(`insert into tenancy.tenants (name, slug) values ('Bench', 'bench') returning id`)
  const user = await admin.query(`insert into identity.users (email) values ('bench@bench.example') returning id`)
  const [tenantId, userId] = [tenant.rows[0].id, user.rows[0].id]
  await admin.query('insert into tenancy.user_tenants (tenant_id, user_id) values ($1, $2)', [tenantId, userId])
  return { tenantId, userId }
}

async function timeOf(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now()
  await work()
  return performance.now() - began
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}
