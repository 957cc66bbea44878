import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { sql } from '#platform/database'
import { testDatabase } from '#test/database.ts'
import { type AuditFilters, listAuditLogs } from './audit-logs.ts'

const { db, owner } = await testDatabase()
const ann = { tenantId: randomUUID() }
const bob = { tenantId: randomUUID() }

await owner.query(
  `create table audit.audit_logs_2020_01 partition of audit.audit_logs for values from ('2020-01-01Z') to ('2020-02-01Z')`,
)

type Entry = { userName?: string; resourceId?: string; changes?: object; details?: object; at?: string }

async function append(tenantId: string, entries: Record<string, Entry>): Promise<void> {
  for (const [action, { userName, resourceId, changes, details, at }] of Object.entries(entries)) {
    await owner.query(
      `insert into audit.audit_logs (tenant_id, action, user_name, resource_id, changes, details, created_at)
      values ($1, $2, $3, $4, $5, $6, coalesce($7, now()))`,
      [tenantId, action, userName, resourceId, changes, details, at],
    )
  }
}

const find = async (q: string, filters: AuditFilters = {}, scope = ann) =>
  (await listAuditLogs(db.reads(scope), { q, ...filters }, { limit: 100 })).items.map(({ action }) => action).sort()

await append(ann.tenantId, {
  one: { changes: { name: { old: 'Harbour cranes', new: '50% off_season' } } },
  two: { changes: { title: { new: 'He said "crane"\n\\ and left' }, tags: { new: ['blue "sky"'] } } },
  three: { details: { place: { city: 'Łódź crane' } } },
  four: { userName: 'Ann Crane', resourceId: 'A-17/x' },
  five: { changes: { crane_count: { old: 1, new: 2 } } },
  six: { changes: { name: { new: 'nothing of the kind' } } },
  early: { details: { text: 'crane' }, at: '2020-01-15T00:00:00Z' },
})
await append(bob.tenantId, { others: { userName: 'crane' } })

test('PE-08 a text is found in values, columns, details, name and row id, in upper and lower case', async () => {
  assert.deepEqual(await find('CRANE'), ['five', 'four', 'one', 'three', 'two'])
  assert.deepEqual(await find('a-17/'), ['four'])
  assert.deepEqual(await find('łódź'), ['three'])
  assert.deepEqual(await find('crane', { action: 'three' }), ['three'])
  assert.deepEqual(await find('crane', {}, bob), ['others'], 'each tenant finds its own only')
  assert.deepEqual(await find('nowhere'), [])
})

test('PE-08 what is looked for is text: no pattern, and not the words that the log itself writes', async () => {
  assert.deepEqual(await find('50% off_s'), ['one'])
  assert.deepEqual(await find('50%season'), [])
  assert.deepEqual(await find('off?season'), [])
  assert.deepEqual(await find('off_'), ['one'])
  assert.deepEqual(await find('said "crane"\n\\ and'), ['two'])
  assert.deepEqual(await find('blue "sky"'), ['two'])
  assert.deepEqual(await find('"new"'), [])
  assert.deepEqual(await find('old'), [], 'the sides of a change have that name')
})

test('PE-08 without a beginning the text is looked for in 90 days, and so in their partitions only', async () => {
  assert.ok(!(await find('crane')).includes('early'))
  assert.ok((await find('crane', { from: '2020-01-01T00:00:00Z' })).includes('early'), 'control')
  assert.deepEqual(await find('crane', { to: '2020-02-01T00:00:00Z' }), ['early'], 'the 90 days before the end')

  const plansOf = async (filters: AuditFilters) => {
    const plans: string[] = []
    const explain = async (statement: unknown) => {
      const explained = sql<Record<string, string>>`explain (analyze, costs off, timing off) ${statement as never}`
      plans.push((await db.scoped(ann).run(explained)).flatMap(row => Object.values(row)).join('\n'))
      return undefined
    }
    const place = {
      ...db.reads(ann),
      run: async (statement: unknown) => (await explain(statement)) ?? [],
      maybe: explain,
    }
    await listAuditLogs(place as never, filters, { limit: 25 })
    assert.equal(plans.length, 2, 'the entries, and where the looking ends')
    return plans
  }
  for (const plan of await plansOf({ q: 'crane' })) {
    assert.doesNotMatch(plan, /audit_logs_2020_01/)
    assert.match(plan, /audit_logs_\d{4}_\d\d/, 'control: a partition is looked at')
  }
  for (const plan of await plansOf({ q: 'crane', from: '2020-01-01T00:00:00Z', to: '2020-01-31T00:00:00Z' })) {
    assert.deepEqual(
      plan.match(/audit_logs_\d{4}_\d\d\b/g)?.filter(name => name !== 'audit_logs_2020_01'),
      [],
    )
  }
})

test('PE-08 one request looks at so many entries, says that it ended there, and the next goes on behind them', async () => {
  const scope = { tenantId: randomUUID() }
  await owner.query(
    `insert into audit.audit_logs (tenant_id, action, resource_id, user_name, created_at)
    select $1, 'counted', i, case when i % 10 = 0 then 'tenth' else 'other' end, now() - (i / 3) * interval '1 second'
    from generate_series(1, 100) as i`,
    [scope.tenantId],
  )
  const found: string[] = []
  const caps: (boolean | undefined)[] = []
  let cursor: string | undefined
  do {
    const page = await listAuditLogs(
      db.reads(scope),
      { q: 'tenth' },
      { limit: 3, lookAt: 33, ...(cursor !== undefined && { cursor }) },
    )
    found.push(...page.items.map(({ resourceId }) => String(resourceId)))
    caps.push(page.capped)
    cursor = page.nextCursor ?? undefined
  } while (cursor !== undefined)
  assert.deepEqual(
    found.toSorted((one, other) => Number(one) - Number(other)),
    ['10', '20', '30', '40', '50', '60', '70', '80', '90', '100'],
  )
  assert.equal(caps.at(-1), false)
  assert.ok(caps.includes(true))
  const plain = await listAuditLogs(db.reads(scope), {}, { limit: 3 })
  assert.equal(plain.capped, undefined)
})

test('PE-08 where entries are in two places no page goes further back than has been looked at in both', async () => {
  const [here, there] = [{ tenantId: randomUUID() }, { tenantId: randomUUID() }]
  for (const [{ tenantId }, pace] of [
    [here, 1],
    [there, 20],
  ] as const) {
    await owner.query(
      `insert into audit.audit_logs (tenant_id, action, resource_id, user_name, created_at)
      select $1, 'counted', $2::integer * i, case when i % 5 = 0 then 'fifth' else 'other' end, now() - ($2::integer * i) * interval '1 second'
      from generate_series(1, 40) as i`,
      [tenantId, pace],
    )
  }
  const found: number[] = []
  let cursor: string | undefined
  do {
    const page = await listAuditLogs(
      [db.reads(here), db.reads(there)],
      { q: 'fifth' },
      { limit: 2, lookAt: 7, ...(cursor !== undefined && { cursor }) },
    )
    found.push(...page.items.map(({ resourceId }) => Number(resourceId)))
    cursor = page.nextCursor ?? undefined
  } while (cursor !== undefined)
  assert.deepEqual(
    found,
    found.toSorted((one, other) => one - other),
    'newest first over all pages',
  )
  assert.equal(found.length, 16)
})
