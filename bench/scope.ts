import pg from 'pg'
import { Database, type Queryable, sql } from '#platform/database'
import type { Bench, BenchResult } from './context.ts'

type Load = { perSecond: number; p50: number; p99: number }

const tenants = 100
const rowsPerTenant = 2_000
const text = 'select id, body from bench.notes where tenant_id = $1 and id = $2'

/**
 * A tenant-scoped indexed read: one batch with its settings under row-level security, against the same query with an
 * explicit tenant condition on an ordinary pg pool and a table without row-level security.
 */
const scope: Bench = async ({ owner, login, log }) => {
  await owner.query(`
    create schema bench;
    grant usage on schema bench to commonhold_app;
    create table bench.notes (tenant_id uuid not null, id integer not null, body text, primary key (tenant_id, id));
    insert into bench.notes
      select ('00000000-0000-4000-8000-' || lpad(tenant::text, 12, '0'))::uuid, id, md5(id::text)
      from generate_series(1, ${tenants}) as tenant, generate_series(1, ${rowsPerTenant}) as id;
    create table bench.secured (like bench.notes including all);
    insert into bench.secured select * from bench.notes;
    select platform.isolate('bench.secured');
    grant select on bench.notes, bench.secured to commonhold_app;
  `)
  await owner.query('analyze bench.notes')
  await owner.query('analyze bench.secured')

  const pool = new pg.Pool({ ...login, max: 10 })
  // Its last connections may still be closing when the database is dropped.
  pool.on('error', () => {})
  const db = new Database({ login, poolSize: 10, readLanes: 3 })
  const bare = (tenant: string, id: number) => pool.query({ name: 'read', text, values: [tenant, id] })
  const read = (tx: Queryable, id: number) =>
    tx.run(sql`select id, body from bench.secured where tenant_id = ${tx.scope.tenantId} and id = ${id}`)
  const scoped = (tenant: string, id: number) => read(db.scoped({ tenantId: tenant }), id)
  const pipelined = (tenant: string, id: number) => read(db.reads({ tenantId: tenant }), id)

  const results: BenchResult[] = []
  const ratio = (name: string, value: number, target: string, ok: boolean) => {
    log(`${name}: ${value.toFixed(2)} (${target})`)
    results.push({ name, value, unit: '×', target, ok })
  }
  for (const clients of [16, 64]) {
    const rounds = await alternate([bare, scoped, pipelined], clients)
    const of = (measure: (plain: Load, batch: Load, lanes: Load) => number) =>
      median(rounds.map(([plain, batch, lanes]) => measure(plain as Load, batch as Load, lanes as Load)))
    log(`${clients} clients, a round: ${rounds[0]?.map(describe).join('; ')}`)
    if (clients === 16) {
      const latency = of((plain, batch) => batch.p50 / plain.p50)
      ratio('scope batch, latency p50, 16 concurrent', latency, '≤ 1.15', latency <= 1.15)
      const throughput = of((plain, batch) => batch.perSecond / plain.perSecond)
      ratio('scope batch, throughput, 16 concurrent', throughput, '≥ 0.9', throughput >= 0.9)
    }
    const gain = of((plain, _batch, lanes) => lanes.perSecond / plain.perSecond)
    ratio(`pipelined reads, throughput, ${clients} concurrent`, gain, '≥ 1.2', gain >= 1.2)
  }

  const besides = await alternate([bare, pipelined], 16, slowBeside(pool, db))
  const slowdown = median(besides.map(([plain, lanes]) => (lanes as Load).p99 / (plain as Load).p99))
  ratio(
    'pipelined reads, p99 beside a query of 1 s, against the bare pool beside the same',
    slowdown,
    '≤ 1',
    slowdown <= 1,
  )

  await Promise.all([pool.end(), db.close()])
  return results
}

export default scope

/** One slow query of the same kind runs all the while: on the bare pool, and on the scope's own path. */
function slowBeside(pool: pg.Pool, db: Database) {
  return [() => pool.query('select pg_sleep(1)'), () => db.scoped({}).run(sql`select pg_sleep(1)`)]
}

const rounds = 9

/** Rounds of all candidates, the first to go changing, so that the machine's moods fall on all alike. */
async function alternate(
  candidates: ((tenant: string, id: number) => Promise<unknown>)[],
  clients: number,
  beside: (() => Promise<unknown>)[] = [],
): Promise<Load[][]> {
  for (const candidate of candidates) await load(candidate, clients, 500)
  const measured: Load[][] = []
  for (let round = 0; round < rounds; round++) {
    const loads: Load[] = []
    for (let turn = 0; turn < candidates.length; turn++) {
      const index = (round + turn) % candidates.length
      const slow = beside[index]?.()
      loads[index] = await load(candidates[index] as (typeof candidates)[0], clients, beside.length > 0 ? 1_000 : 700)
      await slow
    }
    measured.push(loads)
  }
  return measured
}

/** Of ratios of one round each: both sides of a ratio saw the same machine. */
function median(figures: number[]): number {
  return figures.sort((one, other) => one - other)[Math.floor(figures.length / 2)] as number
}

async function load(
  work: (tenant: string, id: number) => Promise<unknown>,
  clients: number,
  milliseconds: number,
): Promise<Load> {
  const until = performance.now() + milliseconds
  const latencies: number[] = []
  const started = performance.now()
  await Promise.all(
    Array.from({ length: clients }, async () => {
      while (performance.now() < until) {
        const tenant = `00000000-0000-4000-8000-${String(1 + Math.trunc(Math.random() * tenants)).padStart(12, '0')}`
        const before = performance.now()
        await work(tenant, 1 + Math.trunc(Math.random() * rowsPerTenant))
        latencies.push(performance.now() - before)
      }
    }),
  )
  const seconds = (performance.now() - started) / 1000
  latencies.sort((one, other) => one - other)
  const at = (share: number) => latencies[Math.floor(latencies.length * share)] ?? 0
  return { perSecond: latencies.length / seconds, p50: at(0.5), p99: at(0.99) }
}

const describe = ({ perSecond, p50, p99 }: Load) =>
  `${Math.round(perSecond)}/s p50 ${p50.toFixed(2)} ms p99 ${p99.toFixed(2)} ms`
