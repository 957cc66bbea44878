import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { emptyTestDatabase, migrationFolder } from '#test/migrations.ts'
import { adminConfigOf, testServer } from '#test/server.ts'
import {
  type MigrationOptions,
  migrateDatabase,
  pushMigrations,
  readMigrationStatus,
  revertMigrations,
} from './migrate.ts'
import { readMigrations, requireDowns, writeMigration } from './migration-files.ts'

const things = '20260101_000000_shop_create_things'
const parts = '20260102_000000_shop_create_parts'
const extras = '20260103_000000_shop_add_extras'

const createThings = {
  [`${things}.up`]: 'create schema shop; create table shop.things (id int primary key, name text);',
  [`${things}.down`]: 'drop table shop.things; drop schema shop;',
}
const createParts = {
  [`${parts}.up`]: 'create table shop.parts (id int primary key);',
  [`${parts}.down`]: 'drop table shop.parts;',
}
const createBoth = { ...createThings, ...createParts }

async function start(t: TestContext, files: Record<string, string>) {
  const { admin, client } = await emptyTestDatabase(t)
  const folder = migrationFolder(t)
  folder.write(files)
  const lines: string[] = []
  const { directory, repeatableDirectory } = folder
  const options: MigrationOptions = { admin, directory, repeatableDirectory, log: line => lines.push(line) }
  const ask = async (sql: string) => (await client.query(sql)).rows[0]
  return { ...folder, admin, client, lines, options, ask }
}

test('GG-14 pending migrations are applied in order of name, once', async t => {
  const { options, ask } = await start(t, createBoth)
  assert.deepEqual((await migrateDatabase(options)).applied, [things, parts])
  assert.deepEqual((await migrateDatabase(options)).applied, [])
  assert.equal(
    (await ask(`select pg_get_userbyid(relowner) as owner from pg_class where relname = 'things'`)).owner,
    'commonhold_owner',
  )
})

test('GG-14 a program that starts tells of many migrations in a few lines, of few in one each', async t => {
  const names = Array.from(
    { length: 26 },
    (_, index) => `202601${String(index + 1).padStart(2, '0')}_000000_shop_do_nothing`,
  )
  const { options, lines } = await start(t, Object.fromEntries(names.map(name => [`${name}.up`, 'select 1;'])))
  const told = () => lines.splice(0).map(line => line.replace(/[\d.]+ m?s$/, '…'))
  await migrateDatabase({ ...options, to: names[2] as string, isBrief: true })
  assert.deepEqual(
    told(),
    names.slice(0, 3).map(name => `${name} applied in …`),
  )
  await migrateDatabase({ ...options, to: names[12] as string, isBrief: true })
  assert.deepEqual(told(), ['Bringing the database up to date: 10 migrations', '10 migrations applied in …'])
  await migrateDatabase(options)
  assert.equal(told().length, 13, 'who asks for migrations is told each')
})

test('GG-14 one can go up to a migration, and down to one, to one step, or to nothing', async t => {
  const { options, ask } = await start(t, createBoth)
  assert.deepEqual((await migrateDatabase({ ...options, to: '20260101' })).applied, [things])
  await assert.rejects(migrateDatabase({ ...options, to: '2027' }), { code: 'migrations.unknown', kind: 'not_found' })
  await migrateDatabase(options)
  assert.deepEqual((await revertMigrations(options)).reverted, [parts])
  await migrateDatabase(options)
  assert.deepEqual((await revertMigrations({ ...options, to: things })).reverted, [parts])
  assert.deepEqual((await revertMigrations({ ...options, to: '0' })).reverted, [things])
  assert.equal((await ask(`select to_regclass('shop.things') as gone`)).gone, null)
})

test('GG-14 of 20 migrators at once each migration is applied by one', async t => {
  const files: Record<string, string> = { ...createThings }
  for (let i = 10; i < 20; i++) {
    files[`202601${i}_000000_shop_fill_things.up`] =
      `insert into shop.things select coalesce(max(id), 0) + 1 from shop.things;`
    files[`202601${i}_000000_shop_fill_things.down`] = '-- they stay'
  }
  const { options, ask } = await start(t, files)
  const results = await Promise.all(Array.from({ length: 20 }, () => migrateDatabase({ ...options })))
  assert.equal(results.flatMap(({ applied }) => applied).length, 11)
  assert.deepEqual(await ask('select count(*)::int, max(id) from shop.things'), { count: 10, max: 10 })
})

test('GG-14 an edited, a missing and an out-of-order file are refused by name, before anything is done', async t => {
  const { options, write, ask } = await start(t, createBoth)
  await migrateDatabase(options)
  const late = { [`${extras}.up`]: 'create table shop.extras ();', [`${extras}.down`]: 'drop table shop.extras;' }
  const refused = async (files: Record<string, string>, code: string, message: RegExp, state: string) => {
    write({ ...files, ...late })
    await assert.rejects(migrateDatabase(options), { code, kind: 'conflict', message })
    const status = await readMigrationStatus(options)
    assert.ok(
      status.migrations.some(migration => migration.state === state),
      state,
    )
    assert.equal((await ask(`select to_regclass('shop.extras') as made`)).made, null)
  }
  await refused(
    { ...createBoth, [`${things}.up`]: 'select 1;' },
    'migrations.edited',
    /^20260101_000000_shop_create_things\.up\.sql/,
    'edited',
  )
  await refused(
    { ...createBoth, [`${things}.down`]: 'select 1;' },
    'migrations.edited',
    /create_things\.down\.sql/,
    'edited',
  )
  await refused(createThings, 'migrations.missing', /^20260102_000000_shop_create_parts/, 'missing')
  const between = '20260101_120000_shop_add_between'
  await refused(
    { ...createBoth, [`${between}.up`]: 'select 1;', [`${between}.down`]: 'select 1;' },
    'migrations.out_of_order',
    /^20260101_120000_shop_add_between .* 20260102_000000_shop_create_parts/,
    'out of order',
  )
  write({ ...createBoth, ...late })
  assert.deepEqual((await migrateDatabase(options)).applied, [extras])
})

test('GG-14 a misnamed file, a lone down, transaction control and an unnamed concurrent index are refused', async t => {
  const { options, write } = await start(t, {})
  const refused = async (files: Record<string, string>, code: string) => {
    write(files)
    await assert.rejects(migrateDatabase(options), { code: `migrations.${code}`, kind: 'invalid' })
  }
  await refused({ 'create_things.up': 'select 1' }, 'bad_name')
  await refused({ [`${things}.down`]: 'select 1' }, 'no_up')
  await refused({ ...createThings, [`${parts}.up`]: 'select 1;\n commit;' }, 'own_transaction')
  await refused({ [`${things}.up`]: '--! no-transaction\ncreate index concurrently on a (b);' }, 'unnamed_index')
  write({ ...createThings, [`${parts}.up`]: 'select 1;' })
  assert.throws(() => requireDowns([{ name: parts, up: undefined as never, down: undefined }]), {
    code: 'migrations.no_down',
  })
  await assert.rejects(writeMigration(options.directory ?? '', ['shop', 'add', 'x'], new Date()), {
    code: 'migrations.no_down',
  })
})

test('GG-14 a failing migration leaves nothing and says file, line and reason', async t => {
  const { options, ask } = await start(t, {
    ...createThings,
    [`${parts}.up`]: 'create table shop.parts ();\n\nalter table shop.nothing\n  add x int;',
    [`${parts}.down`]: 'drop table shop.parts;',
  })
  await assert.rejects(migrateDatabase(options), {
    code: 'migrations.failed',
    message: /^20260102_000000_shop_create_parts\.up\.sql, line 3: relation "shop\.nothing" does not exist/,
  })
  assert.deepEqual(
    await ask(`select to_regclass('shop.parts') as parts, to_regclass('shop.things') is null as things`),
    {
      parts: null,
      things: false,
    },
  )
})

test('GG-14 a migrator killed in the middle leaves nothing of its migration, and the next one goes on', async t => {
  const { options, admin, client, ask } = await start(t, {
    ...createThings,
    [`${parts}.up`]: 'create table shop.parts (id int); select pg_sleep(seconds) from public.pause;',
    [`${parts}.down`]: 'drop table shop.parts;',
  })
  await client.query('create table pause as select 600 as seconds; grant select on pause to public')
  const child = await migrateInChild(options, admin, client, 'pg_sleep')
  child.kill('SIGKILL')
  await once(child, 'exit')
  await client.query('update pause set seconds = 0')
  assert.deepEqual((await migrateDatabase(options)).applied, [parts])
  assert.equal((await ask('select count(*)::int from platform.migrations')).count, 2)
})

test('GG-14 killed between statements that no transaction holds, it goes on where it stopped', async t => {
  const { options, admin, client, lines, ask } = await start(t, {
    ...createThings,
    [`${parts}.up`]: `--! no-transaction
insert into shop.things values (1, 'once');
-- a comment; with a semicolon
create index concurrently things_name on shop.things (name);
insert into shop.things values (2, 'after');`,
    [`${parts}.down`]: '--! no-transaction\ndrop index concurrently shop.things_name;\ndelete from shop.things;',
  })
  await migrateDatabase({ ...options, to: things })
  const blocker = new pg.Client(admin)
  await blocker.connect()
  await blocker.query('begin; lock table shop.things in row exclusive mode')
  const child = await migrateInChild(options, admin, client, 'create index concurrently')
  child.kill('SIGKILL')
  await once(child, 'exit')
  assert.deepEqual(
    await ask(
      `select statements_done as done, state, is_statement_open as open from platform.migrations where name = '${parts}'`,
    ),
    {
      done: 1,
      state: 'applying',
      open: true,
    },
  )
  await blocker.query('rollback')
  await blocker.end()
  assert.deepEqual((await migrateDatabase(options)).applied, [parts])
  assert.ok(
    lines.some(line => line.includes('goes on after statement 1 of 3')),
    lines.join('\n'),
  )
  assert.deepEqual(await ask('select array_agg(id order by id) as ids from shop.things'), { ids: [1, 2] })
  assert.equal(
    (await ask(`select indisvalid as valid from pg_index where indexrelid = 'shop.things_name'::regclass`)).valid,
    true,
  )
  assert.deepEqual((await revertMigrations(options)).reverted, [parts])
  assert.deepEqual(await ask(`select to_regclass('shop.things_name') as index, count(*)::int from shop.things`), {
    index: null,
    count: 0,
  })
})

test('GG-14 what a failed CONCURRENTLY index left INVALID is dropped and built again', async t => {
  const { options, client, lines, ask } = await start(t, {
    ...createThings,
    [`${parts}.up`]:
      '--! no-transaction\ncreate unique index concurrently if not exists "Things name" on shop.things using btree (name);',
    [`${parts}.down`]: '--! no-transaction\ndrop index concurrently shop."Things name";',
  })
  await migrateDatabase({ ...options, to: things })
  await client.query(`insert into shop.things values (1, 'same'), (2, 'same')`)
  await assert.rejects(migrateDatabase(options), {
    code: 'migrations.failed',
    message: /line 2: could not create unique index/,
  })
  assert.equal((await readMigrationStatus(options)).migrations[1]?.state, 'applying')
  const valid = `select indisvalid as valid from pg_index where indexrelid = 'shop."Things name"'::regclass`
  assert.equal((await ask(valid)).valid, false)
  await client.query('delete from shop.things where id = 2')
  assert.deepEqual((await migrateDatabase(options)).applied, [parts])
  assert.equal((await ask(valid)).valid, true)
  assert.ok(
    lines.some(line => line.includes('drops the invalid index shop."Things name"')),
    lines.join('\n'),
  )
})

test('GG-14 what is not done yet of a failed migration may be changed, what is done may not', async t => {
  const head = '--! no-transaction\ncreate table shop.first ();\n'
  const { options, write, ask } = await start(t, {
    ...createThings,
    [`${parts}.up`]: `${head}create tabel shop.second ();`,
  })
  await assert.rejects(migrateDatabase(options), { code: 'migrations.failed', message: /line 3: syntax error/ })
  write({
    ...createThings,
    [`${parts}.up`]: '--! no-transaction\ncreate table shop.other ();\ncreate table shop.second ();',
  })
  await assert.rejects(migrateDatabase(options), { code: 'migrations.done_changed' })
  write({ ...createThings, [`${parts}.up`]: `${head}create table shop.second ();` })
  assert.deepEqual((await migrateDatabase(options)).applied, [parts])
  assert.deepEqual((await migrateDatabase(options)).applied, [])
  assert.equal((await ask(`select to_regclass('shop.second') is not null as made`)).made, true)
})

test('GG-14 a statement of which nobody can tell whether it was done is named, and a person decides', async t => {
  const { options, admin, client, ask } = await start(t, {
    ...createThings,
    [`${parts}.up`]: `--! no-transaction\ncall public.slow();\ncreate table shop.parts ();`,
    [`${parts}.down`]: 'drop table shop.parts;',
  })
  await client.query(`
    create table pause as select 600 as seconds;
    grant all on pause to public;
    create procedure slow() language sql as 'select pg_sleep(seconds) from public.pause'`)
  const child = await migrateInChild(options, admin, client, 'call public.slow')
  child.kill('SIGKILL')
  await once(child, 'exit')
  await client.query('update pause set seconds = 0')
  await assert.rejects(migrateDatabase(options), {
    code: 'migrations.interrupted',
    message: /line 2: `call public \. slow/,
  })
  assert.deepEqual((await migrateDatabase({ ...options, interrupted: 'done' })).applied, [parts])
  assert.equal((await ask(`select to_regclass('shop.parts') is not null as made`)).made, true)
})

test('GG-14 a migration that does not get its lock steps back, says who holds it, and tries again', async t => {
  const { options, admin, lines, ask } = await start(t, {
    ...createThings,
    [`${parts}.up`]: 'create table shop.parts (); alter table shop.things add column size int;',
    [`${parts}.down`]: 'alter table shop.things drop column size; drop table shop.parts;',
  })
  await migrateDatabase({ ...options, to: things })
  const blocker = new pg.Client({ ...admin, application_name: 'a long report' })
  await blocker.connect()
  await blocker.query('begin; lock table shop.things in access share mode')
  // Half of it is for the connection that looks who holds them.
  const locks = { timeout: 800, attempts: 2, firstPause: 20 }
  await assert.rejects(migrateDatabase({ ...options, locks }), {
    code: 'migrations.locked',
    kind: 'unavailable',
    message: /shop_create_parts .* 2 times; they were held by process \d+ \(\S+ by a long report, idle in transaction/,
  })
  assert.equal((await ask(`select to_regclass('shop.parts') as made`)).made, null)

  const patient = migrateDatabase({ ...options, locks: { ...locks, attempts: 50 } })
  while (!lines.slice(3).some(line => line.includes('tries again'))) await sleep(20)
  await blocker.query('rollback')
  await blocker.end()
  assert.deepEqual((await patient).applied, [parts])
})

test('GG-14 a migrator that finds another one running waits, and says for whom', async t => {
  const { options, admin, lines } = await start(t, createBoth)
  await migrateDatabase({ ...options, to: things })
  const other = new pg.Client({ ...admin, application_name: 'the other migrator' })
  await other.connect()
  await other.query('begin; select from platform.migration_lock for update')
  const waiting = migrateDatabase(options)
  while (!lines.some(line => line.includes('the other migrator'))) await sleep(20)
  await other.query('rollback')
  await other.end()
  assert.deepEqual((await waiting).applied, [parts])
})

test('GG-14 repeatable migrations run when they changed, after the others, in order, all or none', async t => {
  const first = { '010_shop_names': 'create or replace view shop.names as select name from shop.things;' }
  const second = { '020_shop_counts': 'create or replace view shop.counts as select count(*) from shop.names;' }
  const { options, write, ask } = await start(t, { ...createThings, ...first, ...second })
  assert.deepEqual((await migrateDatabase(options)).replaced, ['010_shop_names', '020_shop_counts'])
  assert.deepEqual((await migrateDatabase(options)).replaced, [])
  const changed = {
    '020_shop_counts': 'create or replace view shop.counts as select count(*) + 0 as count from shop.names;',
  }
  write({ ...createThings, ...first, ...changed })
  assert.deepEqual(
    (await readMigrationStatus(options)).repeatables.map(({ state }) => state),
    ['applied', 'pending'],
  )
  assert.deepEqual((await migrateDatabase(options)).replaced, ['020_shop_counts'])
  write({ ...createThings, '010_shop_names': 'create table shop.leftover ();', '020_shop_counts': 'select broken;' })
  await assert.rejects(migrateDatabase(options), {
    code: 'migrations.failed',
    message: /^020_shop_counts\.sql, line 1/,
  })
  assert.equal((await ask(`select to_regclass('shop.leftover') as made`)).made, null)
})

test('GG-14 push undoes and applies anew what is edited and not committed, and refuses what is', async t => {
  const { options, write, ask } = await start(t, createBoth)
  const open = { ...options, isLanded: (name: string) => name === things }
  await migrateDatabase(options)
  write({
    ...createThings,
    [`${parts}.up`]: 'create table shop.pieces (id int);',
    [`${parts}.down`]: 'drop table shop.pieces;',
  })
  assert.deepEqual(await pushMigrations(open), { reverted: [parts], applied: [parts], replaced: [] })
  assert.deepEqual(
    await ask(`select to_regclass('shop.parts') as old, to_regclass('shop.pieces') is not null as new`),
    {
      old: null,
      new: true,
    },
  )
  write({ ...createParts, ...createThings, [`${things}.up`]: 'select 1;' })
  await assert.rejects(pushMigrations(open), {
    code: 'migrations.landed',
    message: /^20260101_000000_shop_create_things/,
  })
  write(createThings)
  assert.deepEqual((await pushMigrations(open)).reverted, [parts])
})

test('GG-14 a new migration comes last, even where the newest one is dated in the future', async t => {
  const { directory, write } = await start(t, createThings)
  write({
    '20991231_235959_shop_create_things.up': 'select 1;',
    '20991231_235959_shop_create_things.down': 'select 1;',
  })
  const name = await writeMigration(directory, ['shop', 'create', 'orders'], new Date())
  assert.equal(name, '21000101_000000_shop_create_orders')
  assert.deepEqual(
    (await readMigrations(directory)).map(migration => migration.down?.file),
    ['20991231_235959_shop_create_things.down.sql', '21000101_000000_shop_create_orders.down.sql'],
  )
  await assert.rejects(writeMigration(directory, ['Shop', 'create', 'x'], new Date()), { code: 'migrations.bad_word' })
  write({ '21991231_198000_shop_a_b.up': 'select 1;', '21991231_198000_shop_a_b.down': 'select 1;' })
  assert.equal(
    await writeMigration(directory, ['shop', 'create', 'c'], new Date()),
    '21991231_202001_shop_create_c',
    'also where no clock shows the time of the newest',
  )
})

test('GG-14 a login that is a member of commonhold_owner may migrate; another is told what an administrator has to run', async t => {
  const { options, admin, client } = await start(t, createThings)
  const login = `commonhold_migrator_${admin.database?.slice(-8)}`
  await client.query(`create role ${login} login password 'for this test'`)
  t.after(async () => {
    const maintenance = new pg.Client(adminConfigOf(testServer(), undefined))
    await maintenance.connect()
    await maintenance.query(`drop role ${login}`)
    await maintenance.end()
  })
  const asLogin = { ...options, admin: { ...admin, user: login, password: 'for this test' } }
  await assert.rejects(migrateDatabase(asLogin), {
    code: 'migrations.not_allowed',
    kind: 'forbidden',
    message: /has to run db\/roles\.sql in it, and then: grant commonhold_owner to "commonhold_migrator_/,
  })
  await client.query(
    `grant commonhold_owner to ${login}; grant create on database ${admin.database} to commonhold_owner`,
  )
  assert.deepEqual((await migrateDatabase(asLogin)).applied, [things])
  await assert.rejects(migrateDatabase({ ...options, admin: { ...admin, database: 'not_there' } }), {
    kind: 'unavailable',
  })
})

/** A migrator in a process of its own, once the server runs `statement` for it. */
async function migrateInChild(options: MigrationOptions, admin: pg.ClientConfig, client: pg.Client, statement: string) {
  const { log: _, ...plain } = options
  const script = `
    import { migrateDatabase } from ${JSON.stringify(new URL('./migrate.ts', import.meta.url).href)}
    await migrateDatabase(${JSON.stringify({ ...plain, admin })})`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], { stdio: 'inherit' })
  const running = `
    select from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid() and state = 'active' and query ilike $1`
  while ((await client.query(running, [`%${statement}%`])).rowCount === 0) {
    assert.equal(child.exitCode, null, 'the migrator ended too early')
    await sleep(20)
  }
  return child
}
