import assert from 'node:assert/strict'
import { test } from 'node:test'
import { array, asyncProperty, assert as check, integer, record } from 'fast-check'
import type { App } from '#platform/app.ts'
import { sql } from '#platform/database'
import { testWorld } from '#test/world.ts'
import { countUsage, countUsageIn, flushUsage } from './flows.ts'
import { readGauges, removeOldUsage, rollUp } from './rollups.ts'
import { getUsage } from './series.ts'

const world = await testWorld()
const { admin, alice, bob } = world
const system = world.app.db.scoped({ system: true })
const requests = 'http.requests'

let now = new Date('2026-03-10T10:00:00Z')
/** The program with a clock that the test moves, and a memory of its own. */
const appAt = (): App => ({ ...world.app, clock: { now: () => now } })
const app = appAt()

async function sumOf(tenantId: string, period: string): Promise<number> {
  const { rows } = await admin.query(
    `select coalesce(sum(metric_value), 0)::integer as sum from usage.tenant_usage
    where tenant_id = $1 and metric_name = $2 and period = $3`,
    [tenantId, requests, period],
  )
  return rows[0].sum
}

const forget = () => admin.query('delete from usage.tenant_usage')

test('AG-02 days and months are the sums of their hours, late additions included, whoever rolls up when', async () => {
  const addition = record({
    tenant: integer({ min: 0, max: 1 }),
    hours: integer({ min: -1_500, max: 0 }),
    amount: integer({ min: 1, max: 1_000 }),
  })
  await check(
    asyncProperty(array(array(addition, { maxLength: 12 }), { minLength: 1, maxLength: 5 }), async rounds => {
      await forget()
      const expected = [0, 0]
      const start = new Date('2026-03-10T10:00:00Z').getTime()
      for (const round of rounds) {
        const writer = appAt()
        for (const { tenant, hours, amount } of round) {
          now = new Date(start + hours * 3_600_000)
          const { scope, tenantId } = tenant === 0 ? alice : bob
          if (amount % 3 === 0) await writer.db.transaction(scope, tx => countUsageIn(writer, tx, requests, amount))
          else countUsage(writer, tenantId, requests, amount)
          expected[tenant] = (expected[tenant] ?? 0) + amount
        }
        // Written while others roll up, and two of them at once.
        await Promise.all([flushUsage(writer), rollUp(system), rollUp(system)])
      }
      await rollUp(system)
      await rollUp(system)
      for (const [index, { tenantId }] of [alice, bob].entries()) {
        for (const period of ['hour', 'day', 'month'])
          assert.equal(await sumOf(tenantId, period), expected[index], period)
      }
      const { rows: wrong } = await admin.query(`
        select long.period, long.period_start
        from usage.tenant_usage as long
        where long.period <> 'hour'
          and long.metric_value <> (
            select sum(hour.metric_value)
            from usage.tenant_usage as hour
            where hour.period = 'hour' and hour.tenant_id = long.tenant_id and hour.metric_name = long.metric_name
              and hour.period_start >= long.period_start and hour.period_start < long.period_end
          )`)
      assert.deepEqual(wrong, [])
    }),
    { numRuns: 20 },
  )
})

test('AG-02 a roll-up that is killed in between leaves nothing half done', async () => {
  await forget()
  now = new Date('2026-03-10T10:00:00Z')
  countUsage(app, alice.tenantId, requests, 500)
  await flushUsage(app)
  await assert.rejects(
    app.db.transaction({ system: true }, async tx => {
      await rollUp(tx)
      await tx.run(sql`select pg_terminate_backend(pg_backend_pid())`)
    }),
  )
  assert.deepEqual([await sumOf(alice.tenantId, 'day'), await sumOf(alice.tenantId, 'month')], [0, 0])
  assert.equal(await rollUp(system), 1)
  assert.deepEqual([await sumOf(alice.tenantId, 'day'), await sumOf(alice.tenantId, 'month')], [500, 500])
  assert.equal(await rollUp(system), 0)
})

test('AG-02 what is counted belongs to the hour, day and month of its moment', async () => {
  await forget()
  const edges = [
    '2026-03-31T23:59:59.999Z',
    '2026-04-01T00:00:00.000Z',
    '2026-04-01T00:59:59.999Z',
    '2026-04-01T01:00:00Z',
  ]
  for (const edge of edges) {
    now = new Date(edge)
    countUsage(app, alice.tenantId, requests, 1)
  }
  // Written later than counted.
  now = new Date('2026-04-02T12:00:00Z')
  await flushUsage(app)
  await rollUp(system)
  const { rows } = await admin.query(`
    select period, period_start, period_end, metric_value::integer as value
    from usage.tenant_usage
    order by case period when 'hour' then 1 when 'day' then 2 else 3 end, period_start`)
  assert.deepEqual(
    rows.map(row => [row.period, row.period_start.toISOString(), row.period_end.toISOString(), row.value]),
    [
      ['hour', '2026-03-31T23:00:00.000Z', '2026-04-01T00:00:00.000Z', 1],
      ['hour', '2026-04-01T00:00:00.000Z', '2026-04-01T01:00:00.000Z', 2],
      ['hour', '2026-04-01T01:00:00.000Z', '2026-04-01T02:00:00.000Z', 1],
      ['day', '2026-03-31T00:00:00.000Z', '2026-04-01T00:00:00.000Z', 1],
      ['day', '2026-04-01T00:00:00.000Z', '2026-04-02T00:00:00.000Z', 3],
      ['month', '2026-03-01T00:00:00.000Z', '2026-04-01T00:00:00.000Z', 1],
      ['month', '2026-04-01T00:00:00.000Z', '2026-05-01T00:00:00.000Z', 3],
    ],
  )
})

test('AG-02 one row per tenant, metric and period: a second one is refused', async () => {
  await forget()
  const insert = `insert into usage.tenant_usage (tenant_id, metric_name, metric_value, period, period_start) values ($1, 'a.b', 1, 'day', '2026-01-01T00:00:00Z')`
  await admin.query(insert, [alice.tenantId])
  await admin.query(insert, [bob.tenantId])
  await assert.rejects(admin.query(insert, [alice.tenantId]), /tenant_usage_one_per_period/)
  await assert.rejects(
    admin.query(insert.replace('T00:00:00Z', 'T01:00:00Z'), [alice.tenantId]),
    /tenant_usage_period_whole/,
  )
})

test('AG-02 hours are kept 60 days, days two years, months for good, and nothing that is not rolled up goes', async () => {
  await forget()
  for (const at of ['2023-01-15T10:00:00Z', '2025-12-01T10:00:00Z', '2026-03-09T10:00:00Z']) {
    now = new Date(at)
    countUsage(app, alice.tenantId, requests, 10)
  }
  await flushUsage(app)
  now = new Date('2026-03-10T10:00:00Z')
  assert.equal(await removeOldUsage(system, now), 0)
  await rollUp(system)
  assert.equal(await removeOldUsage(system, now), 3)
  const { rows } = await admin.query(
    `select period, count(*)::integer as count from usage.tenant_usage group by period order by period`,
  )
  assert.deepEqual(rows, [
    { period: 'day', count: 2 },
    { period: 'hour', count: 1 },
    { period: 'month', count: 3 },
  ])
  // An addition to an hour that is gone is added to the month all the same.
  now = new Date('2023-01-15T10:30:00Z')
  countUsage(app, alice.tenantId, requests, 5)
  await flushUsage(app)
  await rollUp(system)
  assert.equal(await sumOf(alice.tenantId, 'month'), 35)
})

test('AG-02 what cannot be written is kept, and of a tenant that is gone nothing is', async () => {
  await forget()
  now = new Date('2026-03-10T10:00:00Z')
  let isAway = true
  const away: App = {
    ...app,
    db: new Proxy(app.db, {
      get: (db, name) => {
        if (name === 'scoped' && isAway) return () => ({ run: () => Promise.reject(new Error('away')) })
        const value = Reflect.get(db, name)
        return typeof value === 'function' ? value.bind(db) : value
      },
    }),
  }
  countUsage(away, alice.tenantId, requests, 7)
  countUsage(away, '00000000-0000-4000-8000-000000000000', requests, 7)
  await assert.rejects(flushUsage(away), /away/)
  countUsage(away, alice.tenantId, requests, 1)
  isAway = false
  await flushUsage(away)
  await flushUsage(away)
  assert.equal(await sumOf(alice.tenantId, 'hour'), 8)
  const { rows } = await admin.query('select distinct tenant_id from usage.tenant_usage')
  assert.deepEqual(rows, [{ tenant_id: alice.tenantId }])
})

test('AG-02 the highest and the last value of a gauge are noted, and a period without a reading stood where it stood', async () => {
  await forget()
  const set = async (value: number, at: string) => {
    await admin.query(
      `insert into usage.gauges (tenant_id, metric_name) values ($1, 'contractors.lists') on conflict do nothing`,
      [alice.tenantId],
    )
    await admin.query(
      `insert into usage.gauge_shards (tenant_id, metric_name, shard, value) values ($1, 'contractors.lists', 0, $2)
      on conflict (tenant_id, metric_name, shard) do update set value = excluded.value`,
      [alice.tenantId, value],
    )
    await readGauges(system, new Date(at))
  }
  await set(10, '2026-03-10T08:05:00Z')
  await set(40, '2026-03-10T08:30:00Z')
  await set(20, '2026-03-10T08:55:00Z')
  await readGauges(system, new Date('2026-03-10T09:05:00Z'))
  await set(5, '2026-03-10T11:05:00Z')
  now = new Date('2026-03-10T12:30:00Z')
  await admin.query(
    `update usage.gauge_shards set value = 6 where tenant_id = $1 and metric_name = 'contractors.lists'`,
    [alice.tenantId],
  )
  const range = { metric: 'contractors.lists', by: 'hour' as const, from: '2026-03-10T07:00:00Z' }
  const { series } = await getUsage(app, app.db.scoped(alice.scope), range)
  assert.deepEqual(
    series[0]?.points.map(({ start, value, highest }) => [start.getUTCHours(), value, highest]),
    [
      [7, null, null],
      [8, 20, 40],
      [9, 20, 20],
      [10, 20, 20],
      [11, 5, 20],
      [12, 6, 6],
    ],
  )
  const later = await getUsage(app, app.db.scoped(alice.scope), { ...range, from: '2026-03-10T10:00:00Z' })
  assert.equal(later.series[0]?.points[0]?.value, 20)
  const days = await getUsage(app, app.db.scoped(alice.scope), { metric: 'contractors.lists', by: 'day' })
  assert.deepEqual([days.series[0]?.points.at(-1)?.value, days.series[0]?.points.at(-1)?.highest], [6, 40])
})

test('AG-02 AG-01 usage is one’s own tenant’s, and there before it is rolled up', async () => {
  await forget()
  now = new Date('2026-03-10T10:00:00Z')
  countUsage(app, alice.tenantId, requests, 3)
  await flushUsage(app)
  await rollUp(system)
  countUsage(app, alice.tenantId, requests, 4)
  await flushUsage(app)
  for (const by of ['hour', 'day', 'month'] as const) {
    const mine = await getUsage(app, app.db.scoped(alice.scope), { metric: requests, by })
    assert.equal(mine.series[0]?.points.at(-1)?.value, 7, by)
    const theirs = await getUsage(app, app.db.scoped(bob.scope), { metric: requests, by })
    assert.ok(theirs.series[0]?.points.every(({ value }) => value === 0))
  }
  // Asked for by the wrong tenant, by whoever forgot a condition.
  const stranger = app.db.scoped(bob.scope)
  assert.equal((await stranger.run(sql`select from usage.tenant_usage`)).length, 0)
  const { used } = await stranger.one(sql<{ used: number }>`
    select usage.used_in(${alice.tenantId}, ${requests}, 'month', '2026-03-01T00:00:00Z') as used`)
  assert.equal(used, 0)
  await assert.rejects(
    stranger.run(sql`
      insert into usage.tenant_usage (tenant_id, metric_name, metric_value, period, period_start)
      values (${alice.tenantId}, ${requests}, 1, 'day', '2026-01-01T00:00:00Z')`),
    /row-level security/,
  )
})
