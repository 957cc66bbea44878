import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import type pg from 'pg'
import { type Reader, sql, statementsOf } from '#platform/database'
import { testDatabase } from '#test/database.ts'
import { type AuditFilters, listAuditLogs, listEventDetails, recordEvent } from './index.ts'
import { listAuditOptions } from './options.ts'

const { db, owner, admin } = await testDatabase()
const ann = { tenantId: randomUUID(), userId: randomUUID(), userName: 'Ann', ipAddress: '192.0.2.1', userAgent: 'x' }
const bob = { tenantId: randomUUID(), userId: randomUUID(), userName: 'Bob' }

const actionsOf = async (filters: AuditFilters, scope: typeof bob = ann) =>
  (await listAuditLogs(db.reads(scope), filters, { limit: 100 })).items.map(({ action }) => action)

test('GG-19 an event has the tenant, user and request of its scope', async () => {
  await recordEvent(db.scoped({ ...ann, requestId: 'r-1' }), {
    action: 'export',
    resource: 'contractors.contractor_lists',
    resourceId: '7',
    details: { rows: 3, places: ['Łódź'] },
  })
  const { items } = await listAuditLogs(db.reads(ann), {}, { limit: 10 })
  assert.equal(items.length, 1)
  const { id: _, createdAt: __, ...event } = items[0] as (typeof items)[0]
  assert.deepEqual(event, {
    userId: ann.userId,
    userName: 'Ann',
    action: 'export',
    resource: 'contractors.contractor_lists',
    resourceId: '7',
    changes: null,
    details: { rows: 3, places: ['Łódź'] },
    ipAddress: '192.0.2.1',
    userAgent: 'x',
    requestId: 'r-1',
    erased: [],
  })
  assert.deepEqual(await actionsOf({}, bob), [], 'the other tenant does not see it')
  // Also where row security does not keep tenants apart, as for the administrator.
  const told = async ({ tenantId }: typeof bob) => {
    await admin.query(`select set_config('app.tenant_id', $1, false)`, [tenantId])
    const event = { action: 'export', resource: 'contractors.contractor_lists' }
    const read = listEventDetails(statementsOf(admin) as Reader, event)
    return await read.finally(() => admin.query(`select set_config('app.tenant_id', '', false)`))
  }
  assert.deepEqual([await told(ann), await told(bob)], [[{ rows: 3, places: ['Łódź'] }], []])
})

test('PE-08 an event without tenant and user is the platform’s and no tenant’s', async () => {
  await recordEvent(db.scoped({ system: true }), { action: 'started' })
  const { rows } = await admin.query(`select tenant_id, user_id from audit.audit_logs where action = 'started'`)
  assert.deepEqual(rows, [{ tenant_id: '00000000-0000-0000-0000-000000000000', user_id: null }])
  assert.ok(!(await actionsOf({})).includes('started'))
})

test('PE-07 an event is gone with its transaction', async () => {
  const work = db.transaction(ann, async tx => {
    await recordEvent(tx, { action: 'undone' })
    throw new Error('no')
  })
  await assert.rejects(work, /no/)
  assert.ok(!(await actionsOf({})).includes('undone'))
})

test('PE-08 entries are found by user, action, resource, row and time, each through an index', async () => {
  const at = { tenantId: randomUUID(), userId: randomUUID(), userName: 'Cy' }
  await owner.query(
    `insert into audit.audit_logs (tenant_id, user_id, action, resource, resource_id, created_at)
    select
      case when i % 3 = 0 then $2 else $1 end::uuid,
      case when i = 301 then $3::uuid else gen_random_uuid() end,
      case when i = 302 then 'rare' else 'common' end,
      case when i = 304 then 'shop.rare' else 'shop.orders' end,
      i,
      date_trunc('month', now()) + i * interval '1 second'
    from generate_series(1, 30000) as i`,
    [at.tenantId, bob.tenantId, at.userId],
  )
  await admin.query('analyze audit.audit_logs')
  const month = new Date(Date.UTC(new Date().getUTCFullYear(), new Date().getUTCMonth()))
  const after = (seconds: number) => new Date(month.getTime() + seconds * 1000).toISOString()
  const idsOf = async (filters: AuditFilters) =>
    (await listAuditLogs(db.reads(at), filters, { limit: 3 })).items.map(({ resourceId }) => resourceId)

  assert.deepEqual(await idsOf({}), ['29999', '29998', '29996'])
  assert.deepEqual(await idsOf({ userId: at.userId }), ['301'])
  assert.deepEqual(await idsOf({ action: 'rare' }), ['302'])
  assert.deepEqual(await idsOf({ resource: 'shop.rare' }), ['304'])
  assert.deepEqual(await idsOf({ resource: 'shop.orders', resourceId: '500' }), ['500'])
  assert.deepEqual(await idsOf({ resource: 'shop.orders', resourceId: '501' }), [], 'that row is the other tenant’s')
  assert.deepEqual(await idsOf({ from: after(100), to: after(104) }), ['103', '101', '100'])
  assert.deepEqual(await idsOf({ userId: at.userId, action: 'rare' }), [])

  const client = await db.connect()
  try {
    await client.query(`select set_config('app.tenant_id', $1, false)`, [at.tenantId])
    for (const where of [
      'true',
      `user_id = '${at.userId}'`,
      `action = 'rare'`,
      `resource = 'shop.rare'`,
      `resource = 'shop.orders' and resource_id = '500'`,
      `created_at < '${after(50)}'`,
    ]) {
      const { rows } = await client.query(
        `explain select * from audit.audit_logs where ${where} order by created_at desc, id desc limit 26`,
      )
      const plan = rows.map(row => row['QUERY PLAN']).join('\n')
      assert.doesNotMatch(plan, new RegExp(`Seq Scan on audit_logs_${after(0).slice(0, 7).replace('-', '_')}`), where)
      assert.match(plan, /Index (Only )?Scan/, where)
    }
  } finally {
    await client.end()
  }
})

test('PE-08 options are each value once, with the newest name, and old entries and other tenants give none', async () => {
  const at = { tenantId: randomUUID(), userId: randomUUID(), userName: 'Dee' }
  const colleague = randomUUID()
  await owner.query(
    `create table audit.audit_logs_long_ago partition of audit.audit_logs for values from ('2020-01-01') to ('2020-02-01')`,
  )
  await owner.query(
    `insert into audit.audit_logs (tenant_id, user_id, user_name, action, resource, created_at)
    select $1::uuid, case when i % 2 = 0 then $2 else $3 end::uuid, 'Dee ' || i, 'a' || i % 3, 'shop.t' || i % 4, now() - i * interval '1 second'
    from generate_series(0, 9999) as i
    union all select $1, null, null, 'system', null, now()
    union all select $1, $4, 'Long gone', 'old', 'shop.old', '2020-01-15'
    union all select $5, $6, 'Bob', 'theirs', 'shop.theirs', now()`,
    [at.tenantId, at.userId, colleague, randomUUID(), bob.tenantId, bob.userId],
  )
  await admin.query('analyze audit.audit_logs')
  const { options, read } = await db.transaction(at, async tx => ({
    options: await listAuditOptions(tx),
    ...(await tx.one<{ read: number }>(sql`
      select sum(seq_tup_read + coalesce(idx_tup_fetch, 0))::integer as read
      from pg_stat_xact_all_tables
      where relid in (select relid from pg_partition_tree('audit.audit_logs'))
    `)),
  }))
  const others = await listAuditOptions(db.reads(bob))
  await owner.query('alter table audit.audit_logs detach partition audit.audit_logs_long_ago')
  assert.ok(read > 0 && read < 100, `${read} of 10,000 rows were read`)
  assert.deepEqual(options, {
    people: [
      { userId: at.userId, userName: 'Dee 0' },
      { userId: colleague, userName: 'Dee 1' },
    ],
    actions: ['a0', 'a1', 'a2', 'system'],
    resources: ['shop.t0', 'shop.t1', 'shop.t2', 'shop.t3'],
  })
  assert.ok(others.actions.includes('theirs') && !others.actions.includes('a0'))
})

test('PE-08 pages give each entry once, in order, while others are written', async () => {
  const scope = { tenantId: randomUUID(), userId: randomUUID() }
  // One transaction: all have the same time, only the id tells their order.
  await db.transaction(scope, async tx => {
    for (let number = 0; number < 25; number++) await recordEvent(tx, { action: `a${number}` })
  })
  const seen: string[] = []
  let cursor: string | undefined
  do {
    const page = await listAuditLogs(db.reads(scope), {}, { limit: 10, cursor })
    seen.push(...page.items.map(({ action }) => action))
    cursor = page.nextCursor ?? undefined
    await recordEvent(db.scoped(scope), { action: 'meanwhile' })
  } while (cursor)
  assert.deepEqual(
    seen,
    Array.from({ length: 25 }, (_, index) => `a${24 - index}`),
  )
  const { nextCursor } = await listAuditLogs(db.reads(scope), {}, { limit: 1 })
  await assert.rejects(
    listAuditLogs(db.reads(scope), { action: 'a1' }, { limit: 1, cursor: nextCursor ?? '' }),
    { code: 'http.cursor_invalid' },
    'a cursor belongs to its filters',
  )
})

const partition = async () =>
  (
    await admin.query(
      `select 'audit.' || relname as name from pg_class where relname ~ '^audit_logs_[0-9_]+$' order by 1`,
    )
  ).rows[0].name as string

async function refusalOf(client: pg.Client, text: string): Promise<string | undefined> {
  try {
    await client.query(text)
  } catch (error) {
    return (error as pg.DatabaseError).code
  }
}

test('PE-07 nobody changes or removes entries: not the program, not the owner, not by a partition’s name, not detached', async () => {
  await recordEvent(db.scoped(ann), { action: 'kept' })
  const part = await partition()
  const { rows: before } = await admin.query('select count(*)::int as n from audit.audit_logs')
  const program = await db.connect()
  try {
    await program.query(`select set_config('app.tenant_id', $1, false)`, [ann.tenantId])
    for (const table of ['audit.audit_logs', part]) {
      for (const attempt of [
        `update ${table} set action = 'x'`,
        `delete from ${table}`,
        `truncate ${table}`,
        `insert into ${table} (tenant_id, action) values ('${ann.tenantId}', 'forged')`,
        `insert into ${table} (tenant_id, user_id, action) values ('${bob.tenantId}', '${bob.userId}', 'forged')`,
        `merge into ${table} l using (select 1) s on true when matched then delete`,
        `alter table ${table} disable trigger all`,
        `drop table ${table}`,
      ]) {
        assert.equal(await refusalOf(program, attempt), '42501', `the program: ${attempt}`)
        if (/^(update|delete|truncate|merge)/.test(attempt)) {
          assert.equal(await refusalOf(owner, attempt), '42501', `the owner: ${attempt}`)
          assert.equal(await refusalOf(admin, attempt), '42501', `a superuser: ${attempt}`)
        }
      }
    }
    assert.equal(
      await refusalOf(program, `select from ${part}`),
      '42501',
      'partitions are read through the parent only',
    )
    await admin.query('set session_replication_role = replica')
    assert.equal(await refusalOf(admin, 'delete from audit.audit_logs'), '42501', 'triggers fire always')
    await admin.query('reset session_replication_role')
  } finally {
    await program.end()
  }
  assert.deepEqual((await admin.query('select count(*)::int as n from audit.audit_logs')).rows, before)
  assert.ok((await actionsOf({})).includes('kept'), 'control')

  await owner.query(`begin; alter table audit.audit_logs detach partition ${part}`)
  assert.equal(await refusalOf(owner, `delete from ${part}`), '42501', 'detached')
  await owner.query('rollback')
})

test('GG-15 a partition has the guards of its parent and no grants', async () => {
  const guards = (table: string) =>
    admin
      .query(
        `select
          relrowsecurity, relforcerowsecurity,
          (select array_agg(polname || polcmd::text || pg_get_expr(polqual, polrelid) order by polname) from pg_policy where polrelid = c.oid) as policies,
          (select array_agg(tgname || tgtype || tgenabled::text order by tgname) from pg_trigger where tgrelid = c.oid and not tgisinternal) as triggers
        from pg_class c where oid = $1::regclass`,
        [table],
      )
      .then(({ rows }) => rows[0])
  const part = await partition()
  assert.deepEqual(await guards(part), await guards('audit.audit_logs'))
  const { rows } = await admin.query('select relacl from pg_class where oid = $1::regclass', [part])
  assert.equal(rows[0].relacl, null)
})

test('GG-15 partitions are made three months ahead by the program itself, once however many ask', async () => {
  const months = async () =>
    (await admin.query(`select count(*)::int as n from pg_inherits where inhparent = 'audit.audit_logs'::regclass`))
      .rows[0].n
  assert.equal(await months(), 4)
  await owner.query(`select platform.ensure_month_partitions('audit.audit_logs', 6)`)
  assert.equal(await months(), 7)
  const last = (await admin.query(`select max(relname) as name from pg_class where relname ~ '^audit_logs_[0-9_]+$'`))
    .rows[0]
  await owner.query(`drop table audit.${last.name}`)
  await Promise.all(Array.from({ length: 8 }, () => db.unscoped.run(sql`select platform.ensure_month_partitions()`)))
  assert.equal(await months(), 6, 'three ahead were there already')
})

test('GG-15 a month without a partition refuses rows clearly, and the alarm is a query', async () => {
  const late = `insert into audit.audit_logs (tenant_id, action, created_at) values (gen_random_uuid(), 'late', now() + interval '2 years')`
  await assert.rejects(owner.query(late), {
    code: '23514',
    message: 'no partition of relation "audit_logs" found for row',
  })
  const short = async () =>
    (
      await db.unscoped.run(
        sql<{ tableName: string }>`select table_name from platform.month_partition_horizons where is_short`,
      )
    ).map(row => row.tableName)
  assert.deepEqual(await short(), [])
  await owner.query('begin')
  const { rows } = await owner.query(
    `select inhrelid::regclass::text as name from pg_inherits where inhparent = 'audit.audit_logs'::regclass order by 1 offset 1`,
  )
  for (const { name } of rows) await owner.query(`drop table ${name}`)
  await owner.query('commit')
  assert.deepEqual(await short(), ['audit.audit_logs'])
  await db.unscoped.run(sql`select platform.ensure_month_partitions()`)
  assert.deepEqual(await short(), [])
})

test('GG-15 uuid_v7 is a version 7 UUID whose order is the order of its making', async () => {
  const { rows } = await admin.query('select platform.uuid_v7()::text as id from generate_series(1, 2000)')
  const ids = rows.map(row => row.id as string)
  for (const id of ids) assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  assert.equal(new Set(ids).size, ids.length)
  const stamps = ids.map(id => id.slice(0, 18))
  assert.deepEqual(stamps, stamps.toSorted())
  const milliseconds = Number.parseInt((ids[0] as string).replaceAll('-', '').slice(0, 12), 16)
  assert.ok(Math.abs(milliseconds - Date.now()) < 60_000)
})
