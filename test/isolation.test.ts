import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { describe, test } from 'node:test'
import pg from 'pg'
import { from as copyFrom, to as copyTo } from 'pg-copy-streams'
import { Database, type Queryable, query, type Scope, sql } from '#platform/database'
import { findIsolationFaults } from '#platform/database/isolation.ts'
import { testDatabase } from '#test/database.ts'
import { type Owner, type Row, rowMaker } from '#test/rows.ts'

const { db, owner, admin, login, adminConfig } = await testDatabase()

const a = { tenantId: randomUUID(), userId: randomUUID() }
const b = { tenantId: randomUUID(), userId: randomUUID() }
const makeA = rowMaker(admin, a)
const makeB = rowMaker(admin, b)

type Guarded = {
  name: string
  hasTenant: boolean
  isSeenByUser: boolean
  key: string[]
  partitions: string[]
  views: string[]
}

/** Every table under row-level security, with its partitions and the views over it. */
const guarded: Guarded[] = (
  await admin.query(`
    select
      c.oid::regclass::text as name,
      exists (select from pg_attribute where attrelid = c.oid and attname = 'tenant_id') as "hasTenant",
      exists (
        select from pg_policy where polrelid = c.oid and polpermissive and pg_get_expr(polqual, polrelid) ~ 'current_user_id'
      ) as "isSeenByUser",
      array(
        select attname::text
        from pg_index i
        join pg_attribute k on k.attrelid = c.oid and k.attnum = any (i.indkey::smallint[])
        where i.indrelid = c.oid and i.indisprimary
      ) as key,
      array(select inhrelid::regclass::text from pg_inherits where inhparent = c.oid order by 1) as partitions,
      array(
        select distinct v.oid::regclass::text
        from pg_depend d
        join pg_rewrite w on w.oid = d.objid and d.classid = 'pg_rewrite'::regclass
        join pg_class v on v.oid = w.ev_class and v.relkind in ('v', 'm')
        where d.refobjid = c.oid
      ) as views
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace and n.nspname !~ '^pg_|^information_schema$'
    where c.relkind in ('r', 'p')
      and not c.relispartition
      and (c.relrowsecurity or exists (select from pg_attribute where attrelid = c.oid and attname = 'tenant_id'))
    order by 1`)
).rows

/** Runs statements one after another as the program in a scope and takes everything back; gives what each came to. */
async function attemptOn(
  client: pg.Client,
  scope: Scope,
  statements: string[],
): Promise<{ statement: string; code?: string; rows: Row[]; count: number }[]> {
  await client.query('begin')
  await client.query(
    `select set_config('app.tenant_id', $1, true), set_config('app.user_id', $2, true), set_config('app.system', $3, true)`,
    [scope.tenantId ?? '', scope.userId ?? '', scope.system ? 'on' : ''],
  )
  const outcomes = []
  for (const statement of statements) {
    await client.query('savepoint attempt')
    try {
      const { rows, rowCount } = await send(client, statement)
      outcomes.push({ statement, rows, count: rowCount ?? 0 })
    } catch (error) {
      if (!(error instanceof pg.DatabaseError)) throw error
      outcomes.push({ statement, code: error.code, rows: [], count: 0 })
    }
    await client.query('rollback to savepoint attempt')
  }
  await client.query('rollback')
  return outcomes
}

async function send(client: pg.Client, statement: string): Promise<{ rows: Row[]; rowCount: number | null }> {
  if (/^copy .* from stdin$/s.test(statement)) {
    await pipeline([''], client.query(copyFrom(statement)))
    return { rows: [], rowCount: 0 }
  }
  if (/^copy .* to stdout$/s.test(statement)) {
    return { rows: [{ text: await text(client.query(copyTo(statement))) }], rowCount: 0 }
  }
  return await client.query(statement)
}

const quoted = (value: unknown) => pg.escapeLiteral(typeof value === 'object' ? JSON.stringify(value) : String(value))
const isRow = (key: string[], row: Row, alias = '') =>
  key.map(name => `${alias}"${name}" = ${quoted(row[name])}`).join(' and ')
const denied = '42501'

test('AG-01 the catalog shows nothing by which one tenant sees another', async () => {
  assert.ok(
    guarded.some(({ hasTenant }) => hasTenant),
    'control: there are tables with tenant_id',
  )
  assert.deepEqual(await findIsolationFaults(db.unscoped), [])
})

const plants: [what: string, plant: string, fault: RegExp][] = [
  [
    'a table without row security',
    'create table planted.orders (tenant_id uuid not null, id uuid not null, primary key (tenant_id, id))',
    /^planted\.orders has tenant_id, but no row-level security/,
  ],
  [
    'row security that is not forced',
    `create table planted.orders (tenant_id uuid not null, id uuid, primary key (tenant_id, id)); select platform.isolate('planted.orders'); alter table planted.orders no force row level security`,
    /planted\.orders does not force/,
  ],
  [
    'a policy that lets everything through',
    `create table planted.orders (tenant_id uuid not null, id uuid, primary key (tenant_id, id)); select platform.isolate('planted.orders'); create policy open on planted.orders for select using (true)`,
    /policy open lets rows through/,
  ],
  [
    'a policy that lets everything be written',
    `create table planted.orders (tenant_id uuid not null, id uuid, primary key (tenant_id, id)); select platform.isolate('planted.orders'); create policy open on planted.orders for insert with check (true)`,
    /policy open lets rows through/,
  ],
  [
    'a primary key without the tenant',
    `create table planted.orders (tenant_id uuid not null, id uuid primary key); select platform.isolate('planted.orders')`,
    /primary key orders_pkey does not lead with tenant_id/,
  ],
  [
    'no primary key',
    `create table planted.orders (tenant_id uuid not null); select platform.isolate('planted.orders')`,
    /planted\.orders has no primary key/,
  ],
  [
    'a unique name over all tenants',
    `create table planted.orders (tenant_id uuid not null, id uuid, name text unique, primary key (tenant_id, id)); select platform.isolate('planted.orders')`,
    /unique index orders_name_key does not lead/,
  ],
  [
    'a unique expression over all tenants',
    `create table planted.orders (tenant_id uuid not null, id uuid, name text, primary key (tenant_id, id)); create unique index orders_lower on planted.orders (lower(name), tenant_id); select platform.isolate('planted.orders')`,
    /unique index orders_lower does not lead/,
  ],
  [
    'an exclusion over all tenants',
    `create table planted.orders (tenant_id uuid not null, id uuid, span int4range, primary key (tenant_id, id), constraint orders_span exclude using gist (span with &&)); select platform.isolate('planted.orders')`,
    /exclusion orders_span does not lead/,
  ],
  [
    'a foreign key without the tenant',
    `create table planted.orders (tenant_id uuid not null, id uuid, primary key (tenant_id, id), unique (id)); create table planted.lines (tenant_id uuid not null, id uuid, order_id uuid references planted.orders (id), primary key (tenant_id, id)); select platform.isolate('planted.orders'), platform.isolate('planted.lines')`,
    /foreign key lines_order_id_fkey leads to planted\.orders without/,
  ],
  [
    'the right to truncate',
    `create table planted.orders (tenant_id uuid not null, id uuid, primary key (tenant_id, id)); select platform.isolate('planted.orders'); grant truncate on planted.orders to commonhold_app`,
    /commonhold_app has truncate/,
  ],
  [
    'the right to refer, of a column',
    `create table planted.orders (id uuid primary key); grant references (id) on planted.orders to commonhold_readonly`,
    /commonhold_readonly has references/,
  ],
  [
    'the right to make triggers, for everybody',
    `create table planted.orders (id uuid primary key); grant trigger on planted.orders to public`,
    /everybody has trigger/,
  ],
  [
    'an unguarded partition',
    `create table planted.orders (tenant_id uuid not null, id integer, primary key (tenant_id, id)) partition by range (id); select platform.isolate('planted.orders'); create table planted.orders_1 partition of planted.orders for values from (1) to (2)`,
    /planted\.orders_1 has tenant_id, but no row-level security/,
  ],
  [
    'a partition that is granted',
    `create table planted.orders (tenant_id uuid not null, id integer, primary key (tenant_id, id)) partition by range (id); create table planted.orders_1 partition of planted.orders for values from (1) to (2); select platform.isolate('planted.orders'), platform.isolate('planted.orders_1'); grant select on planted.orders_1 to commonhold_app`,
    /planted\.orders_1 is a partition and granted to commonhold_app/,
  ],
  [
    'a view of its owner',
    'create view planted.members as select * from tenancy.user_tenants',
    /planted\.members shows rows .* as its owner/,
  ],
  [
    'a view of its owner over an invoker’s view',
    'create view planted.members with (security_invoker = true) as select * from tenancy.user_tenants; create view planted.names as select tenant_id from planted.members',
    /planted\.names shows rows/,
  ],
  [
    'a materialised view',
    'create materialized view planted.members as select * from tenancy.user_tenants; grant select on planted.members to commonhold_app',
    /planted\.members is a materialised view/,
  ],
  [
    'a definer’s function with the caller’s search_path',
    'create function planted.f() returns void language sql security definer as $$ select $$',
    /planted\.f\(\) acts for its owner with the caller/,
  ],
  [
    'a superuser’s function',
    'reset role; create function planted.f() returns void language sql security definer set search_path = pg_catalog as $$ select $$',
    /planted\.f\(\) acts for .* does not bind/,
  ],
  [
    'a schema where the program may create',
    'grant create on schema planted to commonhold_app',
    /commonhold_app may create objects in schema planted/,
  ],
  [
    'a table of the program’s',
    `reset role; create table planted.orders (id uuid); alter table planted.orders owner to ${login.user}`,
    /owns planted\.orders/,
  ],
  [
    'a program that may become the owner',
    `reset role; grant commonhold_owner to ${login.user}`,
    /is a member of commonhold_owner/,
  ],
  ['a program beyond row security', `reset role; alter role ${login.user} bypassrls`, /has bypassrls/],
  [
    'a program that reads everything',
    `reset role; grant pg_read_all_data to ${login.user}`,
    /is a member of a role that sees everything/,
  ],
  [
    'a tenant set for a role',
    `reset role; alter role ${login.user} set app.tenant_id = 'x'`,
    /app\.tenant_id is set for/,
  ],
]

describe('AG-01 the check finds what is planted', () => {
  for (const [what, plant, fault] of plants) {
    test(what, async () => {
      const client = new pg.Client(adminConfig)
      await client.connect()
      try {
        // Roles are the server's, not the database's: all is taken back, and nobody else sees it meanwhile.
        await client.query('begin; set local role commonhold_owner; create schema planted')
        await client.query(plant)
        await client.query(`reset role; set local session authorization ${login.user}`)
        const found = await findIsolationFaults(queryableOf(client))
        assert.match(found.join('\n'), new RegExp(fault.source, 'm'))
      } finally {
        await client.query('rollback')
        await client.end()
      }
    })
  }
})

describe('AG-01 no statement of one tenant reaches a row of another', () => {
  for (const table of guarded) {
    test(table.name, async () => {
      // One connection for all scopes, as the program's pool has it: a new one reads the whole catalog first.
      const client = await db.connect()
      try {
        await tryTable(table, (scope, statements) => attemptOn(client, scope, statements))
      } finally {
        await client.end()
      }
    })
  }
})

async function tryTable(
  { name, hasTenant, isSeenByUser, key, partitions, views }: Guarded,
  attempt: (scope: Scope, statements: string[]) => ReturnType<typeof attemptOn>,
): Promise<void> {
  const rowA = await makeA(name)
  if (hasTenant) await makeB(name)
  const stranger: Owner = b
  const target = isRow(key, rowA)
  await makeB('tenancy.user_tenants')
  const columns = (
    await admin.query(
      `select quote_ident(attname) as column, has_column_privilege($2, attrelid, attnum, 'update') as is_updatable
      from pg_attribute where attrelid = $1::regclass and attnum > 0 and not attisdropped and attgenerated = ''`,
      [name, login.user],
    )
  ).rows
  const updatable = columns.find(column => column.is_updatable)?.column ?? columns[0].column
  const list = columns.map(({ column }) => column).join(', ')
  const copied = (changes: Row) =>
    `select ${list} from jsonb_populate_record(null::${name}, ${quoted({ ...rowA, ...changes })}::jsonb)`
  const freshKey = Object.fromEntries(
    key
      .filter(column => column !== 'tenant_id' && /^[0-9a-f-]{36}$/.test(String(rowA[column])))
      .map(column => [column, randomUUID()]),
  )
  const mark = hasTenant ? a.tenantId : String(rowA[key[0] as string]).replace('\\x', '')
  const keyList = key.map(column => `"${column}"`).join(', ')

  // Control: the row is there, and who may see it sees it.
  assert.equal((await admin.query(`select from ${name} where ${target}`)).rowCount, 1)
  const own = await attempt(a, [`select from ${name} where ${target}`])
  const system = await attempt({ ...a, system: true }, [`select from ${name} where ${target}`])
  const mayRead = own[0]?.code !== denied
  if (mayRead)
    assert.equal(
      Math.max(own[0]?.count ?? 0, hasTenant ? 0 : (system[0]?.count ?? 0)),
      1,
      'control: its own tenant sees it',
    )

  const nothing = [
    `select from ${name} where ${target}`,
    `select from ${name} where ${target} for update`,
    `update ${name} set ${updatable} = ${updatable} where ${target}`,
    `delete from ${name} where ${target}`,
    `merge into ${name} as mine using (select 1) as one on ${isRow(key, rowA, 'mine.')} when matched then delete`,
    ...(hasTenant ? [`update ${name} set tenant_id = '${b.tenantId}' where ${target}`] : []),
    ...views.map(
      view =>
        `select from ${view} as seen where to_jsonb(seen) @> ${quoted(Object.fromEntries(key.map(column => [column, rowA[column]])))}`,
    ),
  ]
  const refused = [
    `insert into ${name} (${list}) ${copied({})}`,
    `insert into ${name} (${list}) ${copied(freshKey)}`,
    `insert into ${name} (${list}) ${copied({})} on conflict do nothing`,
    `insert into ${name} (${list}) ${copied({})} on conflict (${keyList}) do update set ${updatable} = excluded.${updatable}`,
    `truncate ${name} cascade`,
    ...(hasTenant ? [`update ${name} set tenant_id = '${a.tenantId}'`] : []),
    `set row_security = off; select from ${name}`,
    'set role commonhold_owner',
    'set session authorization commonhold_owner',
    `alter table ${name} disable row level security`,
    ...partitions.flatMap(part => [
      `select from ${part}`,
      `insert into ${part} (${list}) ${copied({})}`,
      `update ${part} set ${updatable} = ${updatable}`,
      `delete from ${part}`,
      `truncate ${part}`,
      `copy ${part} to stdout`,
      `copy ${part} from stdin`,
    ]),
  ]
  const copies = [`copy ${name} to stdout`, `copy (select * from ${name}) to stdout`]

  const scopes: Scope[] = [stranger, {}, { tenantId: b.tenantId }, { tenantId: b.tenantId, userId: randomUUID() }]
  // The same person at work for another tenant; only what is his own everywhere (memberships, account) he sees there too.
  if (hasTenant && !isSeenByUser) scopes.push({ tenantId: b.tenantId, userId: a.userId }, { userId: a.userId })
  for (const scope of scopes) {
    for (const { statement, code, count } of await attempt(scope, nothing)) {
      if (code !== undefined) assert.equal(code, denied, statement)
      assert.equal(count, 0, statement)
    }
    for (const { statement, code } of await attempt(scope, refused)) assert.equal(code, denied, statement)
    for (const { statement, code, rows } of await attempt(scope, copies)) {
      // 42809: a partitioned table is copied as a query only
      if (code !== undefined) assert.ok([denied, '42809'].includes(code), `${statement}: ${code}`)
      assert.ok(!String(rows[0]?.text ?? '').includes(mark), statement)
    }
    const [copyIn] = await attempt(scope, [`copy ${name} from stdin`])
    assert.ok([denied, '0A000'].includes(copyIn?.code ?? ''), 'copy into a table under row security is refused')
  }
  const { rows: after } = await admin.query(`select to_jsonb(t) as row from ${name} as t where ${target}`)
  assert.deepEqual(after[0].row, rowA, 'control: the row is as it was')
}

// Tables of its own, so that what it shows does not hang on what an application allows.
await owner.query(`
  create schema lab;
  grant usage on schema lab to commonhold_app;
  create table lab.notes (
    tenant_id uuid not null,
    id bigint generated always as identity,
    body text not null,
    constraint notes_pkey primary key (tenant_id, id),
    constraint notes_body_short check (length(body) < 100)
  );
  select platform.isolate('lab.notes');
  grant select, insert, update, delete on lab.notes to commonhold_app;
`)
await admin.query(
  `insert into lab.notes (tenant_id, body) select case when i % 2 = 0 then $1 else $2 end::uuid, 'note ' || i from generate_series(1, 200) i`,
  [a.tenantId, b.tenantId],
)

test('AG-01 thousands of interleaved statements of two tenants with failures among them never see each other', async () => {
  const busy = new Database({ login, poolSize: 4, readLanes: 2 })
  type Seen = { tenantId: string; setting: string }
  const look = sql<Seen>`select tenant_id, current_setting('app.tenant_id') as setting from lab.notes`
  let looked = 0
  let failed = 0
  const check = (rows: Seen[], scope: Owner) => {
    looked++
    assert.ok(rows.length >= 100, 'control: its own rows are there')
    assert.ok(rows.every(row => row.tenantId === scope.tenantId && row.setting === scope.tenantId))
  }
  const fails = async (work: Promise<unknown>, code: string) => {
    await assert.rejects(work, { code })
    failed++
  }
  const acts: ((scope: Owner) => Promise<void>)[] = [
    async scope => check(await busy.scoped(scope).run(look), scope),
    async scope => check(await busy.reads(scope).run(look), scope),
    async scope => fails(busy.scoped(scope).run(sql`select 1 / 0 from lab.notes`), '22012'),
    async scope => fails(busy.reads(scope).run(sql`select body::integer from lab.notes`), '22P02'),
    async scope => fails(busy.reads(scope).run(sql`select * from lab.nowhere`), '42P01'),
    async scope =>
      fails(busy.scoped(scope).run(sql`insert into lab.notes (body) values (${'x'.repeat(200)})`), '23514'),
    async scope => fails(busy.reads({ ...scope, tenantId: 'not a uuid' }).run(look), '22P02'),
    async scope => {
      const other = scope.tenantId === a.tenantId ? b : a
      await fails(
        busy.scoped(scope).run(sql`insert into lab.notes (tenant_id, body) values (${other.tenantId}, 'forged')`),
        denied,
      )
    },
    async scope =>
      busy.transaction(scope, async tx => {
        await tx.run(sql`insert into lab.notes (body) values ('in a transaction')`)
        check(await tx.run(look), scope)
      }),
    async scope =>
      fails(
        busy.transaction(scope, async tx => {
          check(await tx.run(look), scope)
          await tx.run(sql`update lab.notes set body = null`)
        }),
        '23502',
      ),
    async () => assert.deepEqual(await busy.unscoped.run(look), []),
  ]
  try {
    await Promise.all(
      Array.from({ length: 32 }, async (_, worker) => {
        for (let round = 0; round < 100; round++) {
          const pick = (worker * 31 + round * 17 + ((worker * round) % 7)) % acts.length
          await acts[pick]?.((worker + round) % 2 === 0 ? a : b)
        }
      }),
    )
    assert.ok(looked > 500 && failed > 500, `control: ${looked} looks, ${failed} failures`)

    // The connections themselves, with no scope set: nothing has stayed behind on any of them.
    // biome-ignore-start lint/complexity/useLiteralKeys: private members are reached by a literal key only
    const lanes = await Promise.all(busy['lanes'].map(lane => lane['connected']()))
    const pool = busy['pool']
    // biome-ignore-end lint/complexity/useLiteralKeys: as above
    const pooled = await Promise.all(Array.from({ length: pool.totalCount }, () => pool.connect()))
    for (const client of [...pooled, ...lanes]) {
      const settings = await new Promise<string>((resolve, reject) => {
        const query = new pg.Query(
          `select concat(current_setting('app.tenant_id', true), current_setting('app.user_id', true),
            current_setting('app.system', true), current_setting('app.request', true)) as settings`,
        )
        query.on('row', row => resolve(row.settings))
        query.on('error', reject)
        client.query(query)
      })
      assert.equal(settings, '')
    }
    for (const client of pooled) client.release()
  } finally {
    await busy.close()
  }
})

for (const mode of ['auto', 'force_generic_plan', 'force_custom_plan']) {
  test(`AG-01 a prepared statement shows each tenant its own from execution 1 to 10 (${mode})`, async () => {
    const client = await db.connect()
    try {
      await client.query(`set plan_cache_mode = ${mode}`)
      for (let execution = 1; execution <= 10; execution++) {
        for (const scope of [a, b]) {
          await client.query('begin')
          await client.query({
            name: 'set',
            text: `select set_config('app.tenant_id', $1, true)`,
            values: [scope.tenantId],
          })
          const { rows } = await client.query({
            name: 'look',
            text: 'select distinct tenant_id from lab.notes where body like $1',
            values: ['note%'],
          })
          assert.deepEqual(rows, [{ tenant_id: scope.tenantId }], `execution ${execution}`)
          const { rowCount } = await client.query({
            name: 'change',
            text: 'update lab.notes set body = body where tenant_id <> $1',
            values: [scope.tenantId],
          })
          assert.equal(rowCount, 0, `execution ${execution}`)
          await client.query('commit')
        }
        const { rows } = await client.query({ name: 'look', text: '', values: ['note%'] })
        assert.deepEqual(rows, [], `execution ${execution}, without a scope`)
      }
    } finally {
      await client.end()
    }
  })
}

/** A plain connection in the clothes of a `Queryable`: one that has planted something in an open transaction. */
function queryableOf(client: pg.Client): Queryable {
  const run: Queryable['run'] = async source => {
    if (!('compile' in source)) throw new Error('A compiled query was not expected')
    return (await client.query(source.compile(query).sql)).rows
  }
  const never = () => Promise.reject(new Error('Only run was expected'))
  return { scope: {}, run, one: never, maybe: never }
}
