import { randomUUID } from 'node:crypto'
import { Database, sql } from '#platform/database'
import type { Bench, BenchResult } from './context.ts'

const crowd = 16
const contractors = 2_000

type Kind = 'off' | 'counted' | 'limited' | 'single'

/**
 * AG-02: what counting costs the writers of list items, all in one tenant: the danger is that they wait for each other at
 * its gauge. In turns with the counting off, with it, and with it and a limit far away; and the same against a single row
 * that everybody updates, which is what the shards are there to avoid.
 */
const usage: Bench = async ({ admin, login, log }) => {
  const tenantId = randomUUID()
  const userId = randomUUID()
  await admin.query(`insert into tenancy.tenants (id, name, slug) values ($1, 'Bench', 'bench')`, [tenantId])
  await admin.query(`insert into identity.users (id, email, full_name) values ($1, 'bench@bench.example', 'Bench')`, [
    userId,
  ])
  await admin.query('insert into tenancy.user_tenants (tenant_id, user_id) values ($1, $2)', [tenantId, userId])
  await admin.query(`
    insert into contractors.contractor_profiles (uei, name)
    select translate(lpad(to_hex(i), 12, 'Z'), 'abcdef', 'ABCDEF'), 'Contractor ' || i
    from generate_series(1, ${contractors}) as i`)
  const { rows: profiles } = await admin.query<{ id: string }>('select id from contractors.contractor_profiles')
  await admin.query(`
    create table usage.lab_counter (tenant_id uuid primary key, value bigint not null);
    insert into usage.lab_counter values ('${tenantId}', 0);
    create function usage.lab_count() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
    begin
      update usage.lab_counter set value = value + (select count(*) from new_rows) where tenant_id = '${tenantId}';
      return null;
    end $$;
    create trigger lab_count after insert on contractors.contractor_list_items
      referencing new table as new_rows for each statement execute function usage.lab_count();
    alter table contractors.contractor_list_items disable trigger lab_count`)
  const db = new Database({ login, poolSize: crowd })
  const scope = { tenantId, userId, requestId: randomUUID(), userName: 'Bench' }

  const set = async (counting: boolean, hot: boolean, limit: number | null) => {
    await admin.query(`
      alter table contractors.contractor_list_items ${counting ? 'enable' : 'disable'} trigger count_inserted;
      alter table contractors.contractor_list_items ${hot ? 'enable' : 'disable'} trigger lab_count`)
    await admin.query(
      `insert into usage.tenant_limits (tenant_id, metric_name, quota) values ($1, 'contractors.list_items', $2)
      on conflict (tenant_id, metric_name) do update set quota = excluded.quota`,
      [tenantId, limit],
    )
  }
  /** Items added a second, each in a transaction of its own, for two seconds. */
  const rate = async (writers: number) => {
    const started = performance.now()
    let added = 0
    await Promise.all(
      Array.from({ length: writers }, async () => {
        while (performance.now() - started < 2_000) {
          const { id } = await db.scoped(scope).one(sql<{ id: string }>`
            insert into contractors.contractor_lists (user_id, name) values (${userId}, 'Bench') returning id`)
          for (const profile of profiles.slice(0, 200)) {
            if (performance.now() - started >= 2_000) break
            await db.scoped(scope).run(sql`
              insert into contractors.contractor_list_items (list_id, contractor_profile_id, added_by)
              values (${id}, ${profile.id}, ${userId})`)
            added++
          }
        }
      }),
    )
    return (added * 1000) / (performance.now() - started)
  }

  const kinds: Record<Kind, [counting: boolean, hot: boolean, limit: number | null]> = {
    off: [false, false, null],
    counted: [true, false, null],
    limited: [true, false, 100_000_000],
    single: [false, true, null],
  }
  /** Shares of what is reached without counting, in the same round. */
  const sharesOf = async (writers: number) => {
    const rounds: Record<Kind, number>[] = []
    for (let round = 0; round < 5; round++) {
      const rates: Record<Kind, number> = { off: 0, counted: 0, limited: 0, single: 0 }
      for (const kind of Object.keys(kinds) as Kind[]) {
        await set(...kinds[kind])
        rates[kind] = await rate(writers)
      }
      log(
        `items/s by ${writers} of one tenant: ${Object.entries(rates)
          .map(([kind, reached]) => `${kind} ${Math.round(reached)}`)
          .join(', ')}`,
      )
      // The first round fills caches.
      if (round > 0) rounds.push(rates)
    }
    return (kind: Kind) => median(rounds.map(rates => rates[kind] / rates.off))
  }
  const [alone, together] = await (async () => [await sharesOf(1), await sharesOf(crowd)] as const)().finally(() =>
    db.close(),
  )
  const { rows } = await admin.query(
    `select count(*)::integer as shards from usage.gauge_shards where metric_name = 'contractors.list_items'`,
  )
  log(`${rows[0].shards} shards`)
  const ratio = (name: string, value: number, target?: number): BenchResult =>
    target === undefined
      ? { name, value, unit: '×' }
      : { name, value, unit: '×', target: `≥ ${target}`, ok: value >= target }
  return [
    ratio('usage: inserts by one writer, counted against not', alone('counted'), 0.8),
    ratio('usage: the same with a limit far away', alone('limited'), 0.8),
    ratio(`usage: inserts by ${crowd} writers of one tenant, counted against not`, together('counted'), 0.8),
    ratio('usage: the same with a limit far away', together('limited'), 0.8),
    ratio('usage: the same with one row for all, as a comparison', together('single')),
  ]
}

export default usage

const median = (values: number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN
