// Ends of months and years and days on which clocks are changed, on a server whose own zone is not UTC.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { App } from '#platform/app.ts'
import { Database, sql } from '#platform/database'
import { countUsage, flushUsage } from '#platform/usage'
import { testWorld } from '#test/world.ts'
import { rollUp } from '../src/platform/usage/rollups.ts'
import { getUsage } from '../src/platform/usage/series.ts'

const world = await testWorld({ placed: false })
const { admin, alice, login, name } = world
const zones = ['America/New_York', 'Europe/Berlin', 'UTC']

/** The program on a server that reckons in this zone. */
async function appIn(zone: string, now: () => Date): Promise<App> {
  await admin.query(`alter database "${name}" set timezone = '${zone}'`)
  const db = new Database({ login, poolSize: 2 })
  after(() => db.close())
  const [shown] = await db.unscoped.run(sql<{ zone: string }>`select current_setting('timezone') as zone`)
  assert.equal(shown?.zone, zone, 'control')
  return { ...world.app, db, clock: { now } }
}

test('GG-15 partitions are whole months of UTC, from whatever moment of a month and in whatever zone they are made', async () => {
  for (const [place, zone] of zones.entries()) {
    const table = `public.by_month_${place}`
    await admin.query(`set timezone = '${zone}'`)
    await admin.query(`create table ${table} (at timestamptz not null) partition by range (at)`)
    await admin.query(
      `alter table ${table} owner to commonhold_owner; grant create on schema public to commonhold_owner`,
    )
    // Each is the first or last moment of something, here or there.
    for (const first of [
      '2027-01-31T23:59:59Z',
      '2028-02-29T12:00:00Z',
      '2026-12-31T23:59:59.999Z',
      '2026-10-31T23:30:00Z',
    ])
      await admin.query('select platform.make_month_partitions($1::regclass, $2::timestamptz, 3)', [table, first])
    await admin.query(`set timezone = 'UTC'`)
    const { rows } = await admin.query(
      `select c.relname as name, pg_get_expr(c.relpartbound, c.oid) as bound
       from pg_inherits join pg_class c on c.oid = inhrelid where inhparent = $1::regclass order by 1`,
      [table],
    )
    const months = [
      '2026_10',
      '2026_11',
      '2026_12',
      '2027_01',
      '2027_02',
      '2027_03',
      '2027_04',
      '2028_02',
      '2028_03',
      '2028_04',
      '2028_05',
    ]
    assert.deepEqual(
      rows.map(({ name: part }) => part.slice(-7)),
      months,
      zone,
    )
    for (const { name: part, bound } of rows) {
      const first = `${part.slice(-7).replace('_', '-')}-01`
      const next = new Date(`${first}T00:00:00Z`)
      next.setUTCMonth(next.getUTCMonth() + 1)
      assert.equal(
        bound,
        `FOR VALUES FROM ('${first} 00:00:00+00') TO ('${next.toISOString().slice(0, 10)} 00:00:00+00')`,
      )
    }
  }
  await admin.query('reset timezone')
})

test('AG-02 what is used at the end of a month, of a leap February, of a year and when clocks change counts once, where it belongs', async () => {
  const metric = 'http.requests'
  const moments = [
    '2027-01-31T23:59:59.999Z',
    '2027-02-01T00:00:00Z',
    '2028-02-29T23:59:59Z',
    '2028-03-01T00:00:00Z',
    '2026-12-31T23:59:59Z',
    '2027-01-01T00:00:00Z',
    // Of hours that come twice in New York and in Berlin, and around those that are left out.
    '2026-11-01T05:30:00Z',
    '2026-11-01T06:30:00Z',
    '2026-10-25T00:30:00Z',
    '2026-10-25T01:30:00Z',
    '2027-03-14T06:59:59Z',
    '2027-03-14T07:00:00Z',
    '2027-03-28T00:59:59Z',
    '2027-03-28T01:00:00Z',
  ]
  const expected = new Map<string, number>()
  for (const moment of moments) {
    const month = moment.slice(0, 7)
    expected.set(month, (expected.get(month) ?? 0) + 1)
  }
  for (const zone of zones) {
    await admin.query('delete from usage.tenant_usage')
    let now = new Date()
    const app = await appIn(zone, () => now)
    for (const moment of moments.toSorted()) {
      now = new Date(moment)
      countUsage(app, alice.tenantId, metric, 1)
      await flushUsage(app)
    }
    now = new Date('2028-03-31T23:59:59Z')
    await rollUp(app.db.scoped({ system: true }))
    const used = async (by: 'hour' | 'day' | 'month', from: string) => {
      const { series } = await getUsage(app, app.db.scoped({ tenantId: alice.tenantId }), { metric, by, from })
      return new Map((series[0]?.points ?? []).map(({ start, value }) => [start.toISOString(), value ?? 0]))
    }
    const months = await used('month', '2026-10-31T23:59:59Z')
    assert.equal(months.size, 18, zone)
    for (const [start, value] of months) assert.equal(value, expected.get(start.slice(0, 7)) ?? 0, `${zone} ${start}`)
    const days = await used('day', '2026-10-01T00:00:00Z')
    for (const day of new Set(moments.map(moment => moment.slice(0, 10))))
      assert.equal(days.get(`${day}T00:00:00.000Z`), moments.filter(it => it.startsWith(day)).length, `${zone} ${day}`)

    // Twelve months back from a last day that most months do not have.
    const { from, series } = await getUsage(app, app.db.scoped({ tenantId: alice.tenantId }), { metric, by: 'month' })
    assert.deepEqual([from.toISOString(), series[0]?.points.length], ['2027-04-01T00:00:00.000Z', 12], zone)
    now = new Date('2027-03-28T01:30:00Z')
    const hours = await used('hour', '2027-03-27T23:00:00Z')
    assert.deepEqual([...hours.values()], [0, 1, 1], zone)
  }
})
