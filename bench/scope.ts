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
    const [plain, batch, lanes] = (await alternate([bare, scoped, pipelined], clients)) as [Load, Load, Load]
    log(`${clients} clients: bare ${describe(plain)}; scope ${describe(batch)}; pipelined ${describe(lanes)}`)
    if (clients === 16) {
      ratio('scope batch, latency p50, 16 concurrent', batch.p50 / plain.p50, '≤ 1.15', batch.p50 / plain.p50 <= 1.15)
      const throughput = batch.perSecond / plain.perSecond
      ratio('scope batch, throughput, 16 concurrent', throughput, '≥ 0.9', throughput >= 0.9)
    }
    const gain = lanes.perSecond / plain.perSecond
    ratio(`pipelined reads, throughput, ${clients} concurrent`, gain, '≥ 1.2', gain >= 1.2)
  }

  const quiet = (await alternate([bare, pipelined], 16, slowBeside(pool, db))) as [Load, Load]
  const slowdown = quiet[1].p99 / quiet[0].p99
  log(`beside a slow query: bare p99 ${quiet[0].p99.toFixed(2)} ms, pipelined p99 ${quiet[1].p99.toFixed(2)} ms`)
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

/** Each candidate in turn, five rounds, so that the machine's moods fall on all alike; the median round counts. */
async function alternate(
  candidates: ((tenant: string, id: number) => Promise<unknown>)[],
  clients: number,
  beside: (() => Promise<unknown>)[] = [],
): Promise<Load[]> {
  const rounds = candidates.map(() => [] as Load[])
  for (const candidate of candidates) await load(candidate, clients, 500)
  for (let round = 0; round < 5; round++) {
    for (const [index, candidate] of candidates.entries()) {
      const slow = beside[index]?.()
      rounds[index]?.push(await load(candidate, clients, 1_000))
      await slow
    }
  }
  return rounds.map(loads => loads.sort((one, other) => one.perSecond - other.perSecond)[2] as Load)
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
