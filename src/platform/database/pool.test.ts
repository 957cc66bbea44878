import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Database, type Queryable, sql } from '#platform/database'
import { testDatabase } from '#test/database.ts'

const a = { tenantId: '00000000-0000-4000-8000-00000000000a' }
const b = { tenantId: '00000000-0000-4000-8000-00000000000b' }
const world = await testDatabase()
const db = world.db

before(async () => {
  await world.owner.query(`
    create schema scratch;
    grant usage on schema scratch to commonhold_app;
    create table scratch.notes (
      tenant_id uuid not null,
      id integer not null,
      body text,
      amount numeric(18, 2),
      size bigint,
      day date,
      primary key (tenant_id, id)
    );
    select platform.isolate('scratch.notes');
    grant select, insert, update, delete on scratch.notes to commonhold_app;
    create table scratch.parents (id integer primary key);
    create table scratch.children (
      parent_id integer constraint children_parent_fkey references scratch.parents (id) deferrable initially deferred
    );
    grant select, insert on scratch.parents, scratch.children to commonhold_app;
  `)
  for (const scope of [a, b]) {
    for (let id = 1; id <= 3; id++) {
      await db.scoped(scope).run(sql`insert into scratch.notes (id, body) values (${id}, ${`of ${scope.tenantId}`})`)
    }
  }
})

const owners = async (tx: Queryable) =>
  (await tx.run(sql<{ tenantId: string }>`select distinct tenant_id from scratch.notes`)).map(row => row.tenantId)

const kinds = ['scoped', 'reads'] as const

for (const kind of kinds) {
  test(`AG-01 ${kind}: a scope sees its own tenant's rows, no scope sees none, and the owner's control sees all`, async () => {
    assert.deepEqual(await owners(db[kind](a)), [a.tenantId])
    assert.deepEqual(await owners(db[kind](b)), [b.tenantId])
    assert.deepEqual(await owners(db[kind]({})), [])
    const { rows } = await world.admin.query('select count(*)::int as count from scratch.notes')
    assert.equal(rows[0].count, 6)
  })

  test(`AG-01 ${kind}: plans stay right from the first to the twelfth execution, tenants alternating`, async () => {
    for (let execution = 0; execution < 12; execution++) {
      const scope = execution % 2 ? a : b
      const rows = await db[kind](scope).run(sql<{ body: string }>`select body from scratch.notes where id = ${1}`)
      assert.deepEqual(rows, [{ body: `of ${scope.tenantId}` }])
    }
  })

  test(`AG-01 ${kind}: failing statements between others' neither leak a setting nor another's rows`, async () => {
    const work = Array.from({ length: 600 }, async (_, index) => {
      const scope = index % 2 ? a : b
      if (index % 7 === 0) {
        await assert.rejects(db[kind](scope).run(sql`select 1 / ${0}::int from scratch.notes`), /division by zero/)
      } else if (index % 11 === 0) {
        assert.deepEqual(await owners(db[kind]({})), [])
      } else {
        assert.deepEqual(await owners(db[kind](scope)), [scope.tenantId])
      }
    })
    await Promise.all(work)
  })

  test(`${kind}: the same new statement asked by many at once is answered to each, also when some fail`, async () => {
    const tag = sql.raw(`/* ${kind} ${Math.random()} */`)
    const answers = await Promise.allSettled(
      Array.from({ length: 50 }, (_, index) =>
        db[kind](a).one(sql<{ value: number }>`select ${tag} 10 / ${index % 5}::int as value`),
      ),
    )
    answers.forEach((answer, index) => {
      if (index % 5 === 0) assert.equal(answer.status, 'rejected')
      else assert.equal(answer.status === 'fulfilled' && answer.value.value, Math.trunc(10 / (index % 5)))
    })
  })

  test(`${kind}: a table changed under a prepared statement is read again, not failed`, async () => {
    const read = () => db[kind](a).run(sql`select * from scratch.notes where id = 2 and ${kind} <> ''`)
    const before = await read()
    await world.owner.query(`alter table scratch.notes add column ${kind}_extra integer`)
    const after = await Promise.all(Array.from({ length: 8 }, read))
    assert.equal(before.length, 1)
    for (const rows of after) assert.ok(`${kind}Extra` in (rows[0] as object))
  })

  test(`${kind}: a table changed under all connections at once holds nobody up and leaves no connection behind`, async () => {
    const login = { ...world.login, application_name: `changed ${kind}` }
    const few = new Database({ login, poolSize: 2, readLanes: 2 })
    const read = () => few[kind](a).run(sql`select *, pg_sleep(0.05) from scratch.notes where id = 3`)
    await Promise.all([read(), read()])
    await world.owner.query(`alter table scratch.notes add column ${kind}_more integer`)
    const answers = Promise.all(Array.from({ length: 6 }, read))
    const inTime = AbortSignal.timeout(5_000)
    const late = new Promise<never>((_, reject) => inTime.addEventListener('abort', () => reject(inTime.reason)))
    for (const rows of await Promise.race([answers, late])) assert.ok(`${kind}More` in (rows[0] as object))
    await few.close()
    const connected = () =>
      world.admin.query('select from pg_stat_activity where application_name = $1', [login.application_name])
    while ((await connected()).rowCount) inTime.throwIfAborted()
  })

  test(`${kind}: a connection that the server ends is replaced`, async () => {
    await owners(db[kind](a))
    await world.admin.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and usename = $1`,
      [world.login.user],
    )
    await new Promise(resolve => setTimeout(resolve, 50))
    assert.deepEqual(await owners(db[kind](a)), [a.tenantId])
  })
}

test('AG-01 nothing of a scope is left on a connection, after success, after failure, after a transaction', async () => {
  const single = new Database({ login: world.login, poolSize: 1 })
  const left = () =>
    single.unscoped.one(sql`
      select
        nullif(current_setting('app.tenant_id', true), '') as tenant,
        nullif(current_setting('app.user_id', true), '') as person,
        nullif(current_setting('app.system', true), '') as system,
        nullif(current_setting('app.request', true), '') as request`)
  const full = { ...a, userId: a.tenantId, system: true, requestId: 'r', ipAddress: '::1', userAgent: 'test' }
  const nothing = { tenant: null, person: null, system: null, request: null }
  await owners(single.scoped(full))
  assert.deepEqual(await left(), nothing)
  await assert.rejects(single.scoped(full).run(sql`select 1 / 0`))
  assert.deepEqual(await left(), nothing)
  await assert.rejects(
    single.transaction(full, async tx => {
      await owners(tx)
      throw new Error('stop')
    }),
    /stop/,
  )
  assert.deepEqual(await left(), nothing)
  await single.close()
})

test('a deferred constraint that fails at the end of the batch rejects it', async () => {
  const insert = sql`insert into scratch.children (parent_id) values (404)`
  await assert.rejects(db.scoped({}).run(insert), /children_parent_fkey/)
  await assert.rejects(
    db.transaction({}, tx => tx.run(insert)),
    /children_parent_fkey/,
  )
  const { rows } = await world.admin.query('select count(*)::int as count from scratch.children')
  assert.equal(rows[0].count, 0)
})

test('a transaction whose failed statement was swallowed is not taken for committed', async () => {
  await assert.rejects(
    db.transaction(a, async tx => {
      await tx.run(sql`insert into scratch.notes (id, body) values (77, 'lost')`)
      await tx.run(sql`select 1 / 0`).catch(() => {})
    }),
    /rolled back/,
  )
  assert.deepEqual(await db.scoped(a).run(sql`select 1 from scratch.notes where id = 77`), [])
})

test('a transaction commits what it did, and statements asked at once run in order', async () => {
  await db.transaction(a, async tx => {
    await Promise.all([
      tx.run(sql`insert into scratch.notes (id, body) values (88, 'first')`),
      tx.run(sql`update scratch.notes set body = 'second' where id = 88`),
    ])
  })
  assert.deepEqual(await db.scoped(a).run(sql`select body from scratch.notes where id = 88`), [{ body: 'second' }])
  assert.deepEqual(await db.scoped(b).run(sql`select body from scratch.notes where id = 88`), [])
})

test('a table changed under the statements of a transaction runs it again', async () => {
  const few = new Database({ login: world.login, poolSize: 4 })
  const read = () => few.transaction(a, tx => tx.run(sql`select *, pg_sleep(0.05) from scratch.notes where id = 1`))
  await Promise.all(Array.from({ length: 4 }, read))
  await world.owner.query('alter table scratch.notes add column transaction_extra integer')
  for (const rows of await Promise.all(Array.from({ length: 4 }, read)))
    assert.ok('transactionExtra' in (rows[0] as object))
  await few.close()
})

test('a deadlock is tried again and both transactions happen', async () => {
  const lockBoth = (first: number, second: number) =>
    db.transaction(a, async tx => {
      await tx.run(sql`update scratch.notes set size = coalesce(size, 0) + 1 where id = ${first}`)
      await new Promise(resolve => setTimeout(resolve, 100))
      await tx.run(sql`update scratch.notes set size = coalesce(size, 0) + 1 where id = ${second}`)
    })
  await Promise.all([lockBoth(1, 2), lockBoth(2, 1)])
  const rows = await db.scoped(a).run(sql`select size from scratch.notes where id in (1, 2)`)
  assert.deepEqual(rows, [{ size: 2 }, { size: 2 }])
})

test('values arrive exact: int8 as number, numeric and date as text, a too large int8 refused', async () => {
  const row = await db.unscoped.one(sql`
    select
      9007199254740991::int8 as whole,
      12345678901234567.89::numeric as money,
      date '2024-02-29' as leap_day,
      array[date '2024-02-29'] as leap_days,
      array[1, 2]::int8[] as wholes,
      timestamptz '2024-02-29 12:00:00+00' as moment,
      '{"inner_key": 1}'::jsonb as document`)
  assert.deepEqual(row, {
    whole: 9007199254740991,
    money: '12345678901234567.89',
    leapDay: '2024-02-29',
    leapDays: ['2024-02-29'],
    wholes: [1, 2],
    moment: new Date('2024-02-29T12:00:00Z'),
    document: { inner_key: 1 },
  })
  await assert.rejects(db.unscoped.one(sql`select 9007199254740993::int8 as whole`), RangeError)
  assert.deepEqual(await db.unscoped.one(sql`select 1 as still_well`), { stillWell: 1 })
})

test('COPY through a scope is refused and the connection goes on', async () => {
  for (const kind of kinds) {
    await assert.rejects(db[kind](a).run(sql`copy scratch.notes (id) from stdin`))
    assert.deepEqual(await owners(db[kind](a)), [a.tenantId])
  }
})

test('a slow read does not hold up the short ones behind it', async () => {
  await world.admin.query('select pg_advisory_lock(4711)')
  const slow = db.reads(a).run(sql`select pg_advisory_xact_lock(4711)`)
  try {
    const waits = "select from pg_locks where locktype = 'advisory' and objid = 4711 and not granted"
    while ((await world.admin.query(waits)).rowCount === 0) await sleep(10)
    // A connection counts as held up when its oldest read has waited for 15 ms.
    await sleep(30)
    const short = Promise.all(Array.from({ length: 40 }, () => owners(db.reads(a)))).then(() => 'done')
    const outcome = await Promise.race([short, sleep(20_000, 'waited', { ref: false })])
    assert.equal(outcome, 'done', 'short reads waited for the slow one')
  } finally {
    await world.admin.query('select pg_advisory_unlock(4711)')
    await slow
  }
})

test('a connection that is lost while nothing is asked of it ends a transaction or a COPY, not the program', async () => {
  const lost = async (pid: unknown) => {
    await world.admin.query('select pg_terminate_backend($1)', [pid])
    await new Promise(resolve => setTimeout(resolve, 200))
  }
  const cut = db.transaction(a, async tx => {
    const { pid } = await tx.one(sql<{ pid: number }>`select pg_backend_pid() as pid`)
    await lost(pid)
    return await owners(tx)
  })
  await assert.rejects(cut, /terminat|not queryable/i)
  const client = await db.connect()
  await lost((await client.query('select pg_backend_pid() as pid')).rows[0].pid)
  await assert.rejects(client.query('select 1'), /terminat|not queryable/i)
  assert.deepEqual(await owners(db.scoped(a)), [a.tenantId], 'control: the pool goes on')
})

test('what was closed has no connection at the server any more', async () => {
  const name = 'closed at once'
  const closed = new Database({ login: { ...world.login, application_name: name }, poolSize: 5 })
  const shown = () => world.admin.query('select from pg_stat_activity where application_name = $1', [name])
  await Promise.all(Array.from({ length: 5 }, () => closed.unscoped.run(sql`select pg_sleep(0.05)`)))
  assert.equal((await shown()).rowCount, 5, 'control')
  await closed.close()
  assert.equal((await shown()).rowCount, 0)
})
