import { generateKeyPairSync, randomUUID, sign } from 'node:crypto'
import { pino as createLogger } from 'pino'
import { type Signer, sealEntries, startSealing, verifyLog } from '#platform/audit'
import { systemClock } from '#platform/clock.ts'
import { Database, type Queryable, sql } from '#platform/database'
import type { Bench, BenchResult } from './context.ts'

const pino = createLogger({ level: 'silent' })

/**
 * What tracking a table by the audit log costs its writers (the same table of 16 columns with and without it), what sealing
 * costs them while they write, and how fast the sealed log is verified.
 */
const audit: Bench = async ({ owner, login, adminConfig, log }) => {
  await owner.query(`
    create schema lab;
    grant usage on schema lab to commonhold_app;
    ${['plain', 'tracked'].map(makeTable).join('')}
    select audit.track('lab.tracked');
  `)
  const db = new Database({ login, poolSize: 16 })
  try {
    const tenants = Array.from({ length: 100 }, randomUUID)
    const scopeds = tenants.map(tenantId => db.scoped({ ...person, tenantId }))
    const [first] = scopeds as [Queryable]
    for (const table of tables) await first.run(statementOn(table, fill))
    const updateOne = (table: Table, scoped: Queryable) => {
      const number = 1 + Math.floor(Math.random() * 1000)
      return scoped.run(
        sql`update ${sql.raw(`lab.${table}`)} set name = ${`list ${Math.random()}`} where number = ${number}`,
      )
    }
    const results: BenchResult[] = []

    // In turns, so that a noisy neighbour meets both.
    for (const clients of [8, 16]) {
      const rates = { plain: [] as number[], tracked: [] as number[] }
      for (let round = 0; round < 5; round++) {
        for (const table of tables) rates[table].push(await rateOf(clients, () => updateOne(table, first)))
      }
      const value = median(rates.tracked) / median(rates.plain)
      log(
        `${clients} clients: ${Math.round(median(rates.plain))} updates/s, tracked ${Math.round(median(rates.tracked))}`,
      )
      results.push({
        name: `audit: updates of one row by ${clients} clients, tracked against not`,
        value,
        unit: '×',
        target: '≥ 0.75',
        ok: value >= 0.75,
      })
    }

    const times = { plain: [] as number[], tracked: [] as number[] }
    for (let round = 0; round < 12; round++) {
      for (const table of tables) {
        times[table].push(await millisecondsOf(() => first.run(statementOn(table, updateAll))))
      }
    }
    const bulk = median(times.tracked) / median(times.plain)
    log(`1000 rows: ${median(times.plain).toFixed(1)} ms, tracked ${median(times.tracked).toFixed(1)} ms`)
    results.push({
      name: 'audit: update of 1000 rows, tracked against not',
      value: bulk,
      unit: '×',
      target: '≤ 7',
      ok: bulk <= 7,
    })

    // Only now: an update of all rows of one tenant would read those of the others.
    for (const scoped of scopeds.slice(1)) await scoped.run(statementOn('tracked', fill))
    await sealEntries(db)
    for (const count of [1, 100]) {
      const rates = { without: [] as number[], sealed: [] as number[] }
      let lag = 0
      for (let round = 0; round < 4; round++) {
        let turn = 0
        const write = () => updateOne('tracked', scopeds[turn++ % count] as Queryable)
        rates.without.push(await rateOf(16, write))
        // What piled up meanwhile is nobody's lag.
        await sealEntries(db)
        const sealing = startSealing({
          app: { db, clock: systemClock, log: pino },
          signers,
          folder: undefined,
          checkpointSeconds: 10,
        })
        const looking = setInterval(async () => {
          const { age } = await db.unscoped.one(sql<{ age: number }>`select audit.seal_lag() as age`)
          lag = Math.max(lag, age)
        }, 100)
        rates.sealed.push(await rateOf(16, write))
        clearInterval(looking)
        await sealing.stop()
      }
      const value = median(rates.sealed) / median(rates.without)
      log(
        `16 writers on ${count}: ${Math.round(median(rates.without))} updates/s, sealed ${Math.round(median(rates.sealed))}`,
      )
      const on = count === 1 ? 'one tenant' : `${count} tenants`
      results.push(
        {
          name: `audit: 16 writers on ${on}, with sealing against without`,
          value,
          unit: '×',
          target: '≥ 0.9',
          ok: value >= 0.9,
        },
        { name: `audit: longest lag of the seal, ${on}`, value: lag, unit: 's', target: '≤ 1', ok: lag <= 1 },
      )
    }

    await owner.query(manyEntries, [tenants])
    const sealedIn = await millisecondsOf(() => sealEntries(db))
    log(`sealed ${Math.round(300_000 / (sealedIn / 1000))} entries/s`)
    const { entries, seconds, findings } = await verifyLog({ admin: adminConfig })
    if (findings[0]) throw new Error(findings[0].text)
    const rate = entries / seconds
    log(`verified ${entries} entries, ${Math.round(rate)}/s`)
    results.push({ name: 'audit: entries verified', value: rate, unit: '/s', target: '≥ 100000', ok: rate >= 100_000 })
    return results
  } finally {
    await db.close()
  }
}

export default audit

const person = {
  userId: randomUUID(),
  requestId: randomUUID(),
  ipAddress: '192.0.2.1',
  userAgent: 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36',
  userName: 'Bench',
}

const { privateKey, publicKey } = generateKeyPairSync('ed25519')
const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url')
const signer: Signer = {
  keyId: 'bench',
  sign(document, type) {
    const jwk = publicKey.export({ format: 'jwk' })
    const signed = `${encode({ alg: 'EdDSA', typ: type, kid: 'bench', jwk })}.${encode(document)}`
    return `${signed}.${sign(null, Buffer.from(signed), privateKey).toString('base64url')}`
  },
}
const signers = { current: async () => signer, find: async () => undefined }

const manyEntries = `
  insert into audit.audit_logs (tenant_id, user_id, user_name, action, resource, resource_id, changes, ip_address, user_agent, request_id)
  select
    ($1::uuid[])[1 + i % 100], gen_random_uuid(), 'Bench', 'update', 'lab.tracked', gen_random_uuid()::text,
    jsonb_build_object('name', jsonb_build_object('old', 'list ' || i, 'new', 'list ' || i + 1)),
    '192.0.2.1', 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36', gen_random_uuid()::text
  from generate_series(1, 300000) as i`

type Table = 'plain' | 'tracked'
const tables: readonly Table[] = ['plain', 'tracked']
const statementOn = (table: Table, statement: string) => sql.raw(statement.replaceAll('TABLE', table))

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

/** How often a second, so many at a time, for two seconds. */
async function rateOf(clients: number, work: () => Promise<unknown>): Promise<number> {
  const started = performance.now()
  let done = 0
  const worker = async () => {
    while (performance.now() - started < 2000) {
      await work()
      done++
    }
  }
  await Promise.all(Array.from({ length: clients }, worker))
  return (done * 1000) / (performance.now() - started)
}

async function millisecondsOf(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now()
  await work()
  return performance.now() - started
}

const median = (values: number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN
