import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { array, asyncProperty, assert as check, constantFrom, integer, record } from 'fast-check'
import { type Queryable, sql } from '#platform/database'
import { DomainError } from '#platform/errors.ts'
import { testDatabase } from '#test/database.ts'
import { giveBack, useQuota } from './quotas.ts'

const { db, owner, admin } = await testDatabase()

await owner.query(`
  create schema lab;
  grant usage on schema lab to commonhold_app;
  create table lab.shelves (
    tenant_id uuid not null,
    id uuid not null default gen_random_uuid(),
    constraint shelves_pkey primary key (tenant_id, id)
  );
  create table lab.books (
    tenant_id uuid not null,
    id uuid not null default gen_random_uuid(),
    shelf_id uuid not null,
    constraint books_pkey primary key (tenant_id, id),
    constraint books_shelf_id_fkey foreign key (tenant_id, shelf_id) references lab.shelves (tenant_id, id) on delete cascade
  );
  create index on lab.books (tenant_id, shelf_id);
  select platform.isolate('lab.shelves');
  select platform.isolate('lab.books');
  grant select, insert, delete, update on lab.shelves, lab.books to commonhold_app;
  select usage.count_rows('lab.shelves', 'lab.shelves');
  select usage.count_rows('lab.books', 'lab.books');`)

let made = 0
async function newTenant(): Promise<{ tenantId: string; userId: string }> {
  const { rows } = await admin.query(`insert into tenancy.tenants (name, slug) values ('Lab', $1) returning id`, [
    `lab-${++made}`,
  ])
  return { tenantId: rows[0].id, userId: randomUUID() }
}

async function limitTo(tenantId: string, metric: string, quota: number | null, isHard = true): Promise<void> {
  await db.scoped({ system: true }).run(sql`
    insert into usage.tenant_limits (tenant_id, metric_name, quota, is_hard)
    values (${tenantId}, ${metric}, ${quota}, ${isHard})
    on conflict (tenant_id, metric_name) do update
    set quota = excluded.quota, is_hard = excluded.is_hard`)
}

async function standingOf(tenantId: string, metric: string): Promise<number> {
  const { rows } = await admin.query('select usage.value_of($1, $2) as value', [tenantId, metric])
  return Number(rows[0].value)
}

async function countOf(tenantId: string, table: string): Promise<number> {
  const { rows } = await admin.query(`select count(*) from ${table} where tenant_id = $1`, [tenantId])
  return Number(rows[0].count)
}

const addShelf = (tx: Queryable) => tx.one(sql<{ id: string }>`insert into lab.shelves default values returning id`)
const addBooks = (tx: Queryable, count: number) =>
  tx.run(sql`
    insert into lab.books (shelf_id)
    select (select id from lab.shelves order by id limit 1)
    from generate_series(1, ${count}::integer)
    where exists (select from lab.shelves)`)

const isRefused = (error: unknown) =>
  error instanceof DomainError && error.code === 'usage.quota_exceeded' && error.kind === 'conflict'

test('AG-02 a gauge says how many rows there are, whatever happened to them at once in two tenants', async () => {
  const step = record({
    tenant: integer({ min: 0, max: 1 }),
    kind: constantFrom('shelf', 'books', 'copy', 'remove', 'clear', 'undone'),
    size: integer({ min: 1, max: 30 }),
  })
  await check(
    asyncProperty(
      array(array(step, { minLength: 1, maxLength: 6 }), { minLength: 2, maxLength: 10 }),
      integer({ min: 0, max: 60 }),
      async (writers, quota) => {
        const tenants = [await newTenant(), await newTenant()] as const
        await limitTo(tenants[1].tenantId, 'lab.books', quota)
        await Promise.all(
          writers.map(async steps => {
            for (const { tenant, kind, size } of steps) {
              const scope = tenants[tenant] as (typeof tenants)[0]
              const work = async (tx: Queryable) => {
                if (kind === 'shelf') await addShelf(tx)
                if (kind === 'books' || kind === 'undone') await addBooks(tx, size)
                if (kind === 'undone') throw new Error('undone')
                if (kind === 'remove')
                  await tx.run(sql`delete from lab.books where id in (select id from lab.books limit ${size})`)
                if (kind === 'clear')
                  await tx.run(sql`delete from lab.shelves where id in (select id from lab.shelves limit 1)`)
                if (kind === 'copy') {
                  const { id } = await addShelf(tx)
                  await tx.run(
                    sql`insert into lab.books (shelf_id) select ${id} from (select from lab.books limit ${size}) as part`,
                  )
                }
              }
              await db.transaction(scope, work).catch(error => {
                if (error.message !== 'undone' && !isRefused(error) && error.constraint !== 'books_shelf_id_fkey')
                  throw error
              })
            }
          }),
        )
        for (const { tenantId } of tenants) {
          for (const table of ['lab.shelves', 'lab.books']) {
            assert.equal(await standingOf(tenantId, table), await countOf(tenantId, table), table)
          }
        }
        assert.ok((await countOf(tenants[1].tenantId, 'lab.books')) <= quota)
      },
    ),
    { numRuns: 25 },
  )
})

test('AG-02 of many at once at the last free place exactly one gets through', async () => {
  for (const limit of [1, 100, 5_000]) {
    const scope = await newTenant()
    await limitTo(scope.tenantId, 'lab.books', limit)
    await addShelf(db.scoped(scope))
    if (limit > 1) await addBooks(db.scoped(scope), limit - 1)
    const outcomes = await Promise.allSettled(Array.from({ length: 16 }, () => addBooks(db.scoped(scope), 1)))
    assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1)
    for (const outcome of outcomes) {
      if (outcome.status === 'fulfilled') continue
      assert.ok(isRefused(outcome.reason), String(outcome.reason))
      const { details } = outcome.reason as DomainError
      assert.deepEqual(details, { metric: 'lab.books', limit, used: limit, what: 'books' })
    }
    assert.equal(await countOf(scope.tenantId, 'lab.books'), limit)
  }
})

test('AG-02 as many get through as there is room for, however they meet', async () => {
  const scope = await newTenant()
  await limitTo(scope.tenantId, 'lab.books', 2_500)
  await addShelf(db.scoped(scope))
  let added = 0
  await Promise.all(
    Array.from({ length: 12 }, async (_, writer) => {
      for (let round = 0; round < 60; round++) {
        const size = 1 + ((writer + round) % 7)
        await addBooks(db.scoped(scope), size).then(
          () => (added += size),
          error => assert.ok(isRefused(error), String(error)),
        )
      }
    }),
  )
  while (added < 2_500) {
    await addBooks(db.scoped(scope), 1)
    added++
  }
  await assert.rejects(addBooks(db.scoped(scope), 1), isRefused)
  assert.equal(await countOf(scope.tenantId, 'lab.books'), 2_500)
})

test('AG-02 a limit below what is used removes nothing, and refuses growing until there is room', async () => {
  const scope = await newTenant()
  await addShelf(db.scoped(scope))
  await Promise.all(Array.from({ length: 8 }, () => addBooks(db.scoped(scope), 5)))
  await limitTo(scope.tenantId, 'lab.books', 30)
  assert.equal(await countOf(scope.tenantId, 'lab.books'), 40)
  const removeBook = () =>
    db.scoped(scope).run(sql`delete from lab.books where id in (select id from lab.books limit 1)`)
  for (let left = 40; left >= 30; left--) {
    await assert.rejects(addBooks(db.scoped(scope), 1), isRefused)
    await removeBook()
  }
  await addBooks(db.scoped(scope), 1)
  await assert.rejects(addBooks(db.scoped(scope), 1), isRefused)
  await limitTo(scope.tenantId, 'lab.books', null)
  await addBooks(db.scoped(scope), 100)
  assert.equal(await standingOf(scope.tenantId, 'lab.books'), 130)
})

test('AG-02 a limit that comes while others count holds for all that is let through after it', async () => {
  for (let round = 0; round < 5; round++) {
    const scope = await newTenant()
    await addShelf(db.scoped(scope))
    let isLimited = false
    const writers = Array.from({ length: 8 }, async () => {
      for (let i = 0; i < 20; i++) {
        const began = isLimited
        await addBooks(db.scoped(scope), 1).then(
          () => assert.ok(!began, 'added beyond a limit that was there before'),
          error => assert.ok(isRefused(error), String(error)),
        )
      }
    })
    await limitTo(scope.tenantId, 'lab.books', 0)
    isLimited = true
    await Promise.all(writers)
    assert.equal(await standingOf(scope.tenantId, 'lab.books'), await countOf(scope.tenantId, 'lab.books'))
  }
})

test('AG-02 a soft limit refuses nothing', async () => {
  const scope = await newTenant()
  await limitTo(scope.tenantId, 'lab.shelves', 1, false)
  await addShelf(db.scoped(scope))
  await addShelf(db.scoped(scope))
  assert.equal(await standingOf(scope.tenantId, 'lab.shelves'), 2)
})

test('AG-02 COPY, upserts and merges are counted, a truncate and a change of tenant are refused', async () => {
  const scope = await newTenant()
  const other = await newTenant()
  const { id } = await addShelf(db.scoped(scope))
  await db.scoped(scope).run(sql`
    insert into lab.shelves (id) values (${id}), (${randomUUID()})
    on conflict (tenant_id, id) do update set id = excluded.id`)
  await db.scoped(scope).run(sql`
    merge into lab.shelves as shelf
    using (values (${id}::uuid, false), (gen_random_uuid(), true)) as given (id, is_new) on shelf.id = given.id
    when matched then delete
    when not matched then insert (id) values (given.id)`)
  assert.equal(await standingOf(scope.tenantId, 'lab.shelves'), 2)
  assert.equal(await countOf(scope.tenantId, 'lab.shelves'), 2)
  await assert.rejects(admin.query('truncate lab.books'), /neither truncated/)
  await assert.rejects(
    admin.query('update lab.shelves set tenant_id = $1 where tenant_id = $2', [other.tenantId, scope.tenantId]),
    /neither truncated nor handed/,
  )
})

test('AG-02 counting begins with the rows that are there', async () => {
  const scope = await newTenant()
  await addShelf(db.scoped(scope))
  await addBooks(db.scoped(scope), 7)
  await owner.query(
    `begin; select usage.uncount_rows('lab.books'); delete from usage.gauges where metric_name = 'lab.books'; commit`,
  )
  await addBooks(db.scoped(scope), 1)
  assert.equal(await standingOf(scope.tenantId, 'lab.books'), 0)
  await owner.query(`select usage.count_rows('lab.books', 'lab.books')`)
  assert.equal(await standingOf(scope.tenantId, 'lab.books'), 8)
  const { rows } = await admin.query(
    `select relforcerowsecurity as forced from pg_class where oid = 'lab.books'::regclass`,
  )
  assert.deepEqual(rows, [{ forced: true }])
})

test('AG-02 a tenant that goes takes its counts with it, and none comes back', async () => {
  const scope = await newTenant()
  await addShelf(db.scoped(scope))
  await addBooks(db.scoped(scope), 3)
  await admin.query('delete from usage.gauge_shards where tenant_id = $1', [scope.tenantId])
  await admin.query('delete from lab.shelves where tenant_id = $1', [scope.tenantId])
  await admin.query('delete from tenancy.tenants where id = $1', [scope.tenantId])
  const { rows } = await admin.query('select from usage.gauges where tenant_id = $1', [scope.tenantId])
  assert.equal(rows.length, 0)
})

test('AG-02 AG-01 what is no row is used and given back in the transaction, of one’s own tenant alone', async () => {
  const [mine, theirs] = [await newTenant(), await newTenant()]
  await limitTo(mine.tenantId, 'lab.bytes', 100)
  await db.transaction(mine, tx => useQuota(tx, 'lab.bytes', 60))
  await assert.rejects(
    db.transaction(mine, async tx => {
      await useQuota(tx, 'lab.bytes', 40)
      throw new Error('undone')
    }),
    /undone/,
  )
  await assert.rejects(
    db.transaction(mine, tx => useQuota(tx, 'lab.bytes', 41)),
    isRefused,
  )
  await db.transaction(mine, tx => giveBack(tx, 'lab.bytes', 50))
  assert.equal(await standingOf(mine.tenantId, 'lab.bytes'), 10)
  assert.equal(await standingOf(theirs.tenantId, 'lab.bytes'), 0)
  await db.transaction(theirs, tx => useQuota(tx, 'lab.bytes', 1_000))

  const seen = await db.scoped(theirs).run(sql`select from usage.gauge_shards where tenant_id = ${mine.tenantId}`)
  assert.equal(seen.length, 0)
  const control = await db.scoped(mine).run(sql`select from usage.gauge_shards where tenant_id = ${mine.tenantId}`)
  assert.equal(control.length, 1)
  for (const statement of [
    sql`select usage.change_gauge(${theirs.tenantId}, 'lab.bytes', -5)`,
    sql`update usage.gauge_shards set value = 0`,
    sql`insert into usage.tenant_limits (tenant_id, metric_name, quota) values (${mine.tenantId}, 'lab.bytes', null)`,
  ]) {
    await assert.rejects(db.scoped(mine).run(statement), /42501|permission denied|row-level security/)
  }
  for (const amount of [0, -1, 1.5, Number.NaN]) {
    await assert.rejects(
      db.transaction(mine, tx => useQuota(tx, 'lab.bytes', amount)),
      /whole number/,
    )
  }
})
