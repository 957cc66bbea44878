import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { sql } from '#platform/database'
import { DomainError } from '#platform/errors.ts'
import { testWorld } from '#test/world.ts'
import { noTenant } from './audit-logs.ts'
import { rowAsOf } from './past-rows.ts'

const { alice, bob, viewer, db, owner, admin } = await testWorld()

await owner.query(`
  create schema shop;
  grant usage on schema shop to commonhold_app;
  create table shop.orders (
    tenant_id uuid not null,
    id integer not null,
    note text,
    amount numeric,
    counted bigint,
    tags jsonb,
    placed_at timestamptz,
    secret text,
    updated_at timestamptz not null default now(),
    constraint orders_pkey primary key (tenant_id, id)
  );
  create table shop.lines (
    tenant_id uuid not null,
    order_id integer not null,
    product text not null,
    amount numeric,
    constraint lines_pkey primary key (tenant_id, order_id, product)
  );
  create table shop.currencies (
    code text not null,
    name text,
    constraint currencies_pkey primary key (code)
  );
  select platform.isolate('shop.orders'), platform.isolate('shop.lines');
  select audit.track('shop.orders', '{secret}'), audit.track('shop.lines'), audit.track('shop.currencies');
  grant select, insert, update, delete on all tables in schema shop to commonhold_app;
`)

/** A moment between what was committed before and what comes after, as the database sees it. */
const moment = async () =>
  (
    await db.unscoped.one(
      sql<{ at: string }>`select to_char(clock_timestamp() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at`,
    )
  ).at

/** The table as the log must give it: a row's texts without nulls, by its id. */
async function tableNow(scope: typeof alice.scope): Promise<Map<string, Record<string, string>>> {
  const rows = await db.transaction(scope, async tx => {
    await tx.run(sql`set local timezone = 'UTC'`)
    return await tx.run(sql<{ resource: string; id: string; row: Record<string, string> }>`
      select source.resource, source.id, (select jsonb_object_agg(key, value) from jsonb_each_text(row)) as row
      from (
        select 'shop.orders' as resource, id::text, to_jsonb(o) - '{tenant_id,id,updated_at}'::text[] as row
        from shop.orders as o
        union all
        select 'shop.lines', order_id || '/' || product, to_jsonb(l) - 'tenant_id'
        from shop.lines as l
      ) as source`)
  })
  return new Map(rows.map(({ resource, id, row }) => [`${resource} ${id}`, known(row)]))
}

function known(values: Readonly<Record<string, string | null>>): Record<string, string> {
  const present = Object.entries(values).filter((value): value is [string, string] => value[1] !== null)
  return Object.fromEntries(present.map(([column, value]) => [column, column === 'secret' ? '[redacted]' : value]))
}

const text = fc.option(fc.oneof(fc.constantFrom('', 'null', '[redacted]', '"', '{}', 'Łódź'), fc.string()), {
  nil: null,
})
const order = fc.record({
  note: text.map(value => value?.replaceAll('\0', '') ?? null),
  amount: fc.constantFrom(null, '0', '1.50', '12345678901234567890.123456789', '-0.10'),
  counted: fc.constantFrom(null, '9223372036854775807', '-1', '9007199254740993'),
  tags: fc.constantFrom(null, '[]', '{"a": {"new": 1, "old": 2}}', '"x"', '1.10'),
  placedAt: fc.constantFrom(null, '2024-02-29T12:00:00.123456+02:00', '1999-12-31T23:59:59Z'),
  secret: fc.constantFrom(null, 'hush', 'other'),
})
const id = fc.integer({ min: 1, max: 3 })
const step = fc.oneof(
  fc.tuple(fc.constant('put' as const), id, order),
  fc.tuple(fc.constant('change' as const), id, order),
  fc.tuple(fc.constant('remove' as const), id, order),
  fc.tuple(fc.constant('renumber' as const), id, order),
  fc.tuple(fc.constant('line' as const), id, order),
)

test('GG-19 the log played again gives the table at every past moment', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async steps => {
      const scope = { ...alice.scope, tenantId: randomUUID() }
      const past: { at: string; table: Awaited<ReturnType<typeof tableNow>> }[] = []
      past.push({ at: await moment(), table: await tableNow(scope) })
      for (const [kind, id, { note, amount, counted, tags, placedAt, secret }] of steps) {
        const other = (id % 3) + 1
        await db.scoped(scope).run(
          {
            put: sql`
              insert into shop.orders (id, note, amount, counted, tags, placed_at, secret)
              values (${id}, ${note}, ${amount}, ${counted}, ${tags}::jsonb, ${placedAt}, ${secret})
              on conflict (tenant_id, id) do update set note = excluded.note, amount = excluded.amount`,
            change: sql`
              update shop.orders
              set note = ${note}, counted = ${counted}, tags = ${tags}::jsonb, placed_at = ${placedAt}, secret = ${secret}
              where id <= ${id}`,
            remove: sql`delete from shop.orders where id = ${id}`,
            renumber: sql`
              update shop.orders
              set id = ${other}, note = ${note}
              where id = ${id}
                and not exists (select from shop.orders where id = ${other})`,
            line: sql`
              insert into shop.lines (order_id, product, amount)
              values (${id}, ${tags ?? 'nut'}, ${amount})
              on conflict (tenant_id, order_id, product) do update set amount = excluded.amount`,
          }[kind],
        )
        past.push({ at: await moment(), table: await tableNow(scope) })
      }
      const { rows: logged } = await admin.query(
        'select distinct resource, resource_id from audit.audit_logs where tenant_id = $1',
        [scope.tenantId],
      )
      for (const { at, table } of past) {
        const replayed = new Map<string, Record<string, string>>()
        for (const { resource, resource_id: resourceId } of logged) {
          const row = await rowAsOf(db.reads(scope), resource, resourceId, at)
          assert.equal(row.isComplete, true)
          if (row.exists) replayed.set(`${resource} ${resourceId}`, known(row.values ?? {}))
        }
        assert.deepEqual(replayed, table)
      }
    }),
    { numRuns: 15 },
  )
})

test('GG-19 of two transactions the row is as the one left it that wrote last, whichever began first', async () => {
  const scope = { ...alice.scope, tenantId: randomUUID() }
  const write = (note: string) => sql`update shop.orders set note = ${note} where id = 1`
  await db.scoped(scope).run(sql`insert into shop.orders (id, note) values (1, 'made')`)
  await db.transaction(scope, async tx => {
    await tx.run(sql`select now()`)
    await db.scoped(scope).run(write('began later'))
    await tx.run(write('wrote last'))
  })
  const row = await rowAsOf(db.reads(scope), 'shop.orders', '1', await moment())
  assert.equal(row.values?.note, 'wrote last')
})

test('GG-19 what the log cannot tell of a row is said', async () => {
  const scope = { ...alice.scope, tenantId: randomUUID() }
  await owner.query(`select audit.untrack('shop.orders')`)
  await db.scoped(scope).run(sql`insert into shop.orders (id, note, amount, counted) values (1, 'early', 5, 7)`)
  await owner.query(`select audit.track('shop.orders', '{secret}')`)
  const first = await moment()
  await db.scoped(scope).run(sql`update shop.orders set note = 'late', secret = 'hush' where id = 1`)
  const early = await rowAsOf(db.reads(scope), 'shop.orders', '1', first)
  assert.deepEqual(
    { ...early, at: undefined },
    {
      resource: 'shop.orders',
      resourceId: '1',
      at: undefined,
      exists: true,
      values: { note: 'early', secret: null },
      redacted: ['secret'],
      erased: [],
      notLogged: ['updated_at'],
      isComplete: false,
      lastChange: null,
    },
    'backwards from the change after it; what never changed since is not known',
  )
  const second = await moment()
  await db.scoped(scope).run(sql`delete from shop.orders where id = 1`)
  const late = await rowAsOf(db.reads(scope), 'shop.orders', '1', second)
  assert.deepEqual(late.values, { amount: '5', counted: '7', note: 'late', secret: '[redacted]' })
  assert.equal(late.lastChange?.userId, alice.userId)
  const gone = await rowAsOf(db.reads(scope), 'shop.orders', '1', await moment())
  assert.deepEqual([gone.exists, gone.values, gone.lastChange?.action], [false, null, 'delete'])

  await db.scoped({}).run(sql`insert into shop.currencies (code, name) values ('EUR', 'Euro')`)
  await db.scoped(scope).run(sql`update shop.currencies set name = 'euro' where code = 'EUR'`)
  for (const tenantId of [scope.tenantId, noTenant]) {
    const row = await rowAsOf(db.reads({ tenantId }), 'shop.currencies', 'EUR', await moment())
    assert.equal(row.isComplete, false, 'others’ changes of a shared row are in their logs')
  }
})

test('GG-19 a row as of a moment is answered to who may read the log of its own tenant', async () => {
  const made = (await (
    await alice.fetch('/contractor-lists', { method: 'POST', body: { name: 'Prospects' } })
  ).json()) as { id: string }
  const at = await moment()
  await alice.fetch(`/contractor-lists/${made.id}`, { method: 'PATCH', body: { name: 'Partners' } })
  const asOf = (person: typeof alice, when: string) =>
    person.fetch(`/audit-logs/as-of?resource=contractors.contractor_lists&resourceId=${made.id}&at=${when}`)
  const read = async (when: string) => (await (await asOf(alice, when)).json()) as { values: { name: string } | null }
  assert.equal((await read(at)).values?.name, 'Prospects')
  assert.equal((await read(await moment())).values?.name, 'Partners')
  for (const when of ['1815-06-18T12:00:00Z', '9999-12-31T00:00:00Z'])
    assert.equal((await asOf(alice, when)).status, 200)
  assert.equal((await read('1815-06-18T12:00:00Z')).values, null)

  const other = await asOf(bob, at)
  assert.equal(other.status, 404)
  assert.equal(((await other.json()) as { code: string }).code, 'audit.row_not_found')
  assert.equal((await asOf(viewer, at)).status, 403)
  assert.equal((await asOf(alice, 'yesterday')).status, 400)
  await assert.rejects(
    rowAsOf(db.reads(bob.scope), 'contractors.contractor_lists', made.id, at),
    error => error instanceof DomainError && error.code === 'audit.row_not_found',
  )
})
