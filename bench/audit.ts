import { randomUUID } from 'node:crypto'
import { sql } from '#platform/database'
import type { Bench } from './context.ts'

/** What tracking a table by the audit log costs its writers: the same table of 16 columns with and without it. */
const audit: Bench = async ({ db, owner, log }) => {
  await owner.query(`
    create schema lab;
    grant usage on schema lab to commonhold_app;
    ${['plain', 'tracked'].map(makeTable).join('')}
    select audit.track('lab.tracked');
  `)
  const scope = {
    tenantId: randomUUID(),
    userId: randomUUID(),
    requestId: randomUUID(),
    ipAddress: '192.0.2.1',
    userAgent: 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36',
    userName: 'Bench',
  }
  const scoped = db.scoped(scope)
  const on = (table: string, statement: string) => scoped.run(sql.raw(statement.replaceAll('TABLE', table)))
  const updateOne = (table: string) => {
    const number = 1 + Math.floor(Math.random() * 1000)
    return scoped.run(
      sql`update ${sql.raw(`lab.${table}`)} set name = ${`list ${Math.random()}`} where number = ${number}`,
    )
  }
  for (const table of tables) await on(table, fill)

  // In turns, so that a noisy neighbour meets both.
  const rates = { plain: [] as number[], tracked: [] as number[] }
  for (let round = 0; round < 4; round++) {
    for (const table of tables) rates[table].push(await rateOf(() => updateOne(table)))
  }
  const single = median(rates.tracked) / median(rates.plain)
  log(`one row: ${Math.round(median(rates.plain))} updates/s, tracked ${Math.round(median(rates.tracked))}`)

  const times = { plain: [] as number[], tracked: [] as number[] }
  for (let round = 0; round < 12; round++) {
    for (const table of tables) times[table].push(await millisecondsOf(() => on(table, updateAll)))
  }
  const bulk = median(times.tracked) / median(times.plain)
  log(`1000 rows: ${median(times.plain).toFixed(1)} ms, tracked ${median(times.tracked).toFixed(1)} ms`)

  return [
    { name: 'audit: updates of one row, tracked against not', value: single, unit: '×' },
    {
      name: 'audit: update of 1000 rows, tracked against not',
      value: bulk,
      unit: '×',
      target: '≤ 7.7',
      ok: bulk <= 7.7,
    },
  ]
}

export default audit

const tables = ['plain', 'tracked'] as const

const fill = `insert into lab.TABLE (number, name, description) select i, 'list ' || i, 'What it is for' from generate_series(1, 1000) as i`
const updateAll = `update lab.TABLE set name = 'list ' || random()`

function makeTable(name: string): string {
  return `
    create table lab.${name} (
      tenant_id uuid not null,
      id uuid not null default gen_random_uuid(),
      number integer not null,
      owner_id uuid default gen_random_uuid(),
      name text not null,
      description text,
      is_default boolean not null default false,
      is_public boolean not null default false,
      color text default '#aabbcc',
      icon text,
      sort_order integer not null default 0,
      item_count integer not null default 0,
      total_value numeric not null default 0,
      settings jsonb not null default '{}',
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now(),
      constraint ${name}_pkey primary key (tenant_id, id)
    );
    create index ${name}_number on lab.${name} (tenant_id, number);
    select platform.isolate('lab.${name}'), platform.keep_updated_at('lab.${name}');
    grant select, insert, update on lab.${name} to commonhold_app;`
}

/** How often a second, 8 at a time, for two seconds. */
async function rateOf(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now()
  let done = 0
  const worker = async () => {
    while (performance.now() - started < 2000) {
      await work()
      done++
    }
  }
  await Promise.all(Array.from({ length: 8 }, worker))
  return (done * 1000) / (performance.now() - started)
}

async function millisecondsOf(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now()
  await work()
  return performance.now() - started
}

const median = (values: number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN
