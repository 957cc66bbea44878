import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import type { App } from '#platform/app.ts'
import type { CommandContext } from '#platform/module.ts'
import { runCommand } from '#test/commands.ts'
import { testWorld } from '#test/world.ts'
import { exitCodeOf, registerDoctorCommand } from './doctor-command.ts'
import { checksOf, examine, type ReportedFinding } from './examinations.ts'
import { readsPerRow } from './policy-checks.ts'
import { versionFindings } from './server-checks.ts'
import { certificateFindings } from './tls-checks.ts'

const world = await testWorld()
const { admin, app, adminConfig, login } = world

const named = ({ severity, code, object }: ReportedFinding) => `${severity} ${code} ${object}`
const byChance = ['server.cache', 'server.checkpoints', 'statements.slow', 'disk.space', 'connections.limit']

test('GG-23 on what the migrations make the doctor finds only what the server of the tests is', async () => {
  const findings = await examine(app)
  const graver = findings.filter(({ severity, code }) => severity !== 'info' && !byChance.includes(code)).map(named)
  const { rows } = await admin.query(`select current_setting('fsync') = 'off' as hurried`)
  assert.deepEqual(
    graver.filter(name => !/server\.(settings|version)|tls\.listening|files\.modes|backups\.lacking/.test(name)),
    [],
  )
  if (rows[0].hurried) assert.ok(graver.includes('critical server.settings fsync'), 'control: it does look')
})

type Fault = { code: string; make: string; undo: string; finds: RegExp; advice?: RegExp }

/** Each is made, must be named, and be gone with its undoing. */
const faults: Readonly<Record<string, Fault>> = {
  'a table of tenants without row security': {
    code: 'isolation.fault',
    make: 'create schema made; create table made.lists (tenant_id uuid not null, id uuid, primary key (tenant_id, id))',
    undo: 'drop schema made cascade',
    finds: /^critical isolation\.fault made\.lists$/,
  },
  'a view that shows rows as its owner sees them': {
    code: 'isolation.fault',
    make: 'create schema made; create view made.seen as select * from contractors.contractor_lists',
    undo: 'drop schema made cascade',
    finds: /^critical isolation\.fault made\.seen$/,
  },
  'a materialised view of rows of tenants that the program may read': {
    code: 'isolation.fault',
    make: `create schema made; create materialized view made.counted as select * from contractors.contractor_lists;
      grant usage on schema made to commonhold_app; grant select on made.counted to commonhold_app`,
    undo: 'drop schema made cascade',
    finds: /^critical isolation\.fault made\.counted$/,
  },
  "a function that acts for its owner on its caller's search path": {
    code: 'isolation.fault',
    make: 'create schema made; create function made.act() returns int language sql security definer as $$ select 1 $$',
    undo: 'drop schema made cascade',
    finds: /^critical isolation\.fault made\.act/,
  },
  'row security without a policy': {
    code: 'policies.missing',
    make: 'create schema made; create table made.shut (id int primary key); alter table made.shut enable row level security',
    undo: 'drop schema made cascade',
    finds: /^warning policies\.missing made\.shut$/,
  },
  'policies while row security is off': {
    code: 'policies.not_forced',
    make: 'create schema made; create table made.open (id int primary key); create policy p on made.open using (true)',
    undo: 'drop schema made cascade',
    finds: /^critical policies\.not_forced made\.open$/,
    advice: /enable row level security/,
  },
  'policies that do not bind the owner': {
    code: 'policies.not_forced',
    make: `create schema made; create table made.loose (id int primary key); create policy p on made.loose using (true);
      alter table made.loose enable row level security`,
    undo: 'drop schema made cascade',
    finds: /^warning policies\.not_forced made\.loose$/,
    advice: /force row level security/,
  },
  'a policy that reads its setting for each row': {
    code: 'policies.per_row',
    make: `create schema made; create table made.slow (id int primary key, owner text);
      create policy slow_own on made.slow using (owner = current_setting('app.user_id', true));
      create policy quick_own on made.slow using (owner = (select current_setting('app.user_id', true)))`,
    undo: 'drop schema made cascade',
    finds: /^warning policies\.per_row made\.slow\.slow_own$/,
  },
  'a partition that does without the policy of its table': {
    code: 'policies.partition',
    make: `create schema made; create table made.logs (id int) partition by range (id);
      create table made.logs_1 partition of made.logs for values from (0) to (10);
      alter table made.logs enable row level security; alter table made.logs force row level security;
      create policy p on made.logs using (true); grant select on made.logs_1 to commonhold_app`,
    undo: 'drop schema made cascade',
    finds: /^critical policies\.partition made\.logs_1$/,
  },
  'a function of its owner that everybody may call': {
    code: 'functions.public',
    make: `create schema made;
      create function made.act(int) returns int language sql security definer set search_path = pg_catalog as $$ select 1 $$`,
    undo: 'drop schema made cascade',
    finds: /^warning functions\.public made\.act\(integer\)$/,
  },
  'a schema in which everybody may make objects': {
    code: 'schemas.public',
    make: 'create schema made; grant create on schema made to public',
    undo: 'drop schema made cascade',
    finds: /^warning schemas\.public made$/,
  },
  'a login of the program with too much power': {
    code: 'roles.power',
    make: 'create role made_mighty login bypassrls createrole createdb in role commonhold_app',
    undo: 'drop role made_mighty',
    finds: /^critical roles\.power made_mighty$/,
  },
  'a login of the program that is a superuser': {
    code: 'roles.power',
    make: 'create role made_super login superuser in role commonhold_app',
    undo: 'drop role made_super',
    finds: /^critical roles\.power made_super$/,
  },
  'a login of the program that owns a table': {
    code: 'roles.power',
    make: `create role made_owner login in role commonhold_app; create schema made; create table made.own (id int primary key);
      alter table made.own owner to made_owner`,
    undo: 'drop schema made cascade; drop role made_owner',
    finds: /^critical roles\.power made_owner$/,
  },
  'a right that row security does not bind': {
    code: 'grants.beyond_rows',
    make: 'grant truncate, references on contractors.contractor_lists to commonhold_readonly',
    undo: 'revoke truncate, references on contractors.contractor_lists from commonhold_readonly',
    finds: /^warning grants\.beyond_rows contractors\.contractor_lists to commonhold_readonly$/,
    advice: /revoke references, truncate on/,
  },
  'a password kept as MD5': {
    code: 'roles.weak_password',
    make: `create role made_old login; update pg_authid set rolpassword = 'md5' || md5('x') where rolname = 'made_old'`,
    undo: 'drop role made_old',
    finds: /^warning roles\.weak_password made_old$/,
  },
  'a login of a person whose password has no end': {
    code: 'roles.no_expiry',
    make: `create role made_person login password 'x'; create role made_guest login password 'x' valid until '2100-01-01'`,
    undo: 'drop role made_person; drop role made_guest',
    finds: /^info roles\.no_expiry made_person$/,
  },
  'a login of the program without a limit of connections': {
    code: 'roles.connection_limit',
    make: `create role made_many login in role commonhold_app; create role made_few login connection limit 10 in role commonhold_app;
      do $$ begin execute format('grant connect on database %I to made_many, made_few', current_database()); end $$`,
    undo: `do $$ begin execute format('revoke connect on database %I from made_many, made_few', current_database()); end $$;
      drop role made_many; drop role made_few`,
    finds: /^info roles\.connection_limit made_many$/,
  },
  'an index that was not built to its end': {
    code: 'indexes.invalid',
    make: `create schema made; create table made.things (id int); create index things_id on made.things (id);
      update pg_index set indisvalid = false where indexrelid = 'made.things_id'::regclass`,
    undo: 'drop schema made cascade',
    finds: /^warning indexes\.invalid made\.things_id$/,
    advice: /^reindex index concurrently made\.things_id;$/,
  },
  'what an interrupted REINDEX has left': {
    code: 'indexes.invalid',
    make: `create schema made; create table made.things (id int); create index things_id_ccnew1 on made.things (id);
      update pg_index set indisvalid = false where indexrelid = 'made.things_id_ccnew1'::regclass`,
    undo: 'drop schema made cascade',
    finds: /^warning indexes\.invalid made\.things_id_ccnew1$/,
    advice: /^drop index concurrently made\.things_id_ccnew1;$/,
  },
  'two indexes of the same columns': {
    code: 'indexes.duplicate',
    make: `create schema made; create table made.things (a int, b int); create index first on made.things (a, b);
      create index second on made.things (a, b); create index part on made.things (a, b) where b > 0;
      create index reverse on made.things (b, a)`,
    undo: 'drop schema made cascade',
    finds: /^warning indexes\.duplicate made\.second$/,
  },
  'an index that is the beginning of another one': {
    code: 'indexes.duplicate',
    make: `create schema made; create table made.things (a int, b int); create index short on made.things (a);
      create index long on made.things (a, b)`,
    undo: 'drop schema made cascade',
    finds: /^info indexes\.duplicate made\.short$/,
  },
  'a foreign key without an index': {
    code: 'indexes.missing_for_key',
    make: `create schema made; create table made.parents (id int primary key);
      create table made.children (parent_id int constraint orphaned references made.parents, other_id int references made.parents);
      create index on made.children (other_id)`,
    undo: 'drop schema made cascade',
    finds: /^warning indexes\.missing_for_key made\.children\.orphaned$/,
    advice: /^create index concurrently on made\.children \(parent_id\);$/,
  },
  'a sequence that is nearly used up, by the type of its column': {
    code: 'sequences.room',
    make: `create schema made; create table made.counted (id int2 generated always as identity);
      select setval('made.counted_id_seq', 30000); create table made.free (id int generated always as identity)`,
    undo: 'drop schema made cascade',
    finds: /^critical sequences\.room made\.counted_id_seq$/,
    advice: /alter table made\.counted alter column id type bigint/,
  },
  'a table by month without the months ahead': {
    code: 'partitions.short',
    make: `create schema made; create table made.logs (at timestamptz not null) partition by range (at);
      create table made.logs_2020_01 partition of made.logs for values from ('2020-01-01 00:00+00') to ('2020-02-01 00:00+00')`,
    undo: 'drop schema made cascade',
    finds: /^critical partitions\.short made\.logs$/,
  },
  'a tracked table whose columns have changed': {
    code: 'audit.tracking',
    make: 'alter table contractors.contractor_lists add column made int',
    undo: 'alter table contractors.contractor_lists drop column made',
    finds: /^critical audit\.tracking contractors\.contractor_lists$/,
  },
  'a migration that is not applied': {
    code: 'migrations.pending',
    make: `create table public.kept as select * from platform.migrations order by name desc limit 1;
      delete from platform.migrations where name in (select name from public.kept)`,
    undo: 'insert into platform.migrations select * from public.kept; drop table public.kept',
    finds: /^critical migrations\.pending pending$/,
  },
  'jobs that nobody takes up': {
    code: 'jobs.waiting',
    make: `select jobs.create_queue('made.waiting', '{"policy": "standard"}');
      insert into jobs.job (name, data, start_after) values ('made.waiting', '{}', now() - interval '3 hours')`,
    undo: `delete from jobs.job where name = 'made.waiting'`,
    finds: /^critical jobs\.waiting made\.waiting$/,
  },
  'jobs that have failed for good': {
    code: 'jobs.failed',
    make: `select jobs.create_queue('made.failed', '{"policy": "standard"}');
      insert into jobs.job (name, data, state, completed_on, output)
      values ('made.failed', '{}', 'failed', now(), '{"message": "no such host"}'), ('made.waiting', '{}', 'completed', now(), null)`,
    undo: `delete from jobs.job where name ~ '^made'`,
    finds: /^warning jobs\.failed made\.failed$/,
  },
  'maintenance that has failed': {
    code: 'maintenance.overdue',
    make: `insert into operations.maintenance_runs (task, status, ended_at, reason) values ('vacuum', 'failed', now(), 'no room')`,
    undo: 'delete from operations.maintenance_runs',
    finds: /^warning maintenance\.overdue vacuum$/,
  },
  'maintenance that has failed in one database though not in another': {
    code: 'maintenance.overdue',
    make: `insert into operations.maintenance_runs (task, database_name, status, started_at, ended_at, reason)
      values ('vacuum', null, 'failed', now() - interval '1 hour', now(), 'no room'), ('vacuum', 'h/other', 'done', now(), now(), null)`,
    undo: 'delete from operations.maintenance_runs',
    finds: /^warning maintenance\.overdue vacuum$/,
  },
  'maintenance that was not done for long': {
    code: 'maintenance.overdue',
    make: `insert into operations.maintenance_runs (task, status, started_at, ended_at)
      values ('vacuum', 'done', now() - interval '3 days', now()), ('analyze', 'done', now() - interval '8 days', now())`,
    undo: 'delete from operations.maintenance_runs',
    finds: /^warning maintenance\.overdue vacuum$/,
  },
  'maintenance that was not done for long in a database of tenants, though not of one that is no more': {
    code: 'maintenance.overdue',
    make: `insert into tenancy.databases (name, url_encrypted, address_hash) values ('made/placed', 'x', 'x');
      insert into operations.maintenance_runs (task, database_name, status, started_at, ended_at, reason)
      values ('vacuum', null, 'done', now(), now(), null),
        ('vacuum', 'made/placed', 'done', now() - interval '3 days', now(), null),
        ('analyze', 'made/placed', 'done', now() - interval '8 days', now(), null),
        ('vacuum', 'made/gone', 'done', now() - interval '3 days', now(), null),
        ('analyze', 'made/gone', 'failed', now(), now(), 'no room')`,
    undo: `delete from operations.maintenance_runs; delete from tenancy.databases`,
    finds: /^warning maintenance\.overdue vacuum in made\/placed$/,
  },
  'maintenance that was skipped ever since, and never done': {
    code: 'maintenance.overdue',
    make: `insert into tenancy.databases (name, url_encrypted, address_hash) values ('made/placed', 'x', 'x');
      insert into operations.maintenance_runs (task, database_name, status, started_at, ended_at, reason, tries)
      values ('vacuum', null, 'skipped', now() - interval '3 days', now(), 'much to do', 90),
        ('analyze', null, 'skipped', now() - interval '3 days', now(), 'much to do', 90),
        ('vacuum', 'made/placed', 'done', now() - interval '1 day', now(), null, 1),
        ('vacuum', 'made/placed', 'skipped', now(), now(), 'much to do', 1)`,
    undo: `delete from operations.maintenance_runs; delete from tenancy.databases`,
    finds: /^warning maintenance\.overdue vacuum$/,
  },
  'a slot without which WAL has no end': {
    code: 'server.settings',
    make: `select pg_create_physical_replication_slot('made_slot', true)`,
    undo: `select pg_drop_replication_slot('made_slot')`,
    finds: /^warning server\.settings max_slot_wal_keep_size$/,
  },
}

for (const [what, { code, make, undo, finds, advice }] of Object.entries(faults)) {
  test(`GG-23 the doctor names ${what}`, async () => {
    const before = (await examine(app, { only: code })).filter(each => finds.test(named(each)))
    assert.deepEqual(before, [], 'control: without the fault nothing is found')
    if (/update pg_(index|authid)/.test(make)) await admin.query('set allow_system_table_mods = on')
    await admin.query(make)
    try {
      const found = await examine(app, { only: code })
      const meant = found.find(each => finds.test(named(each)))
      assert.ok(meant, `not among ${found.map(named).join(', ')}`)
      if (advice) assert.match(meant.advice, advice)
      assert.ok(meant.message.endsWith('.') || meant.message.includes(': '), meant.message)
      assert.deepEqual(
        found.filter(each => /made/.test(each.object) && !finds.test(named(each)) && each.object !== 'made.loose'),
        [],
        'nothing beside it',
      )
    } finally {
      await admin.query(undo)
    }
    const behind = (await examine(app, { only: code })).filter(each => finds.test(named(each)))
    assert.deepEqual(behind, [], 'gone with what made it')
  })
}

const sinceInstalled = (age: string) =>
  admin.query('update platform.migrations set applied_at = now() - $1::interval', [age])

test('PE-10 GG-23 maintenance that was never done is named once it had its time twice, of a new database too', async t => {
  t.after(async () => {
    await sinceInstalled('0')
    await admin.query('delete from operations.maintenance_runs; delete from tenancy.databases')
  })
  const never = async () => (await examine(app, { only: 'maintenance.overdue' })).map(({ object }) => object)
  await sinceInstalled('47 hours')
  assert.deepEqual(await never(), [], 'a young installation is not blamed')
  await sinceInstalled('49 hours')
  assert.deepEqual(await never(), ['vacuum'])
  const [told] = await examine(app, { only: 'maintenance.overdue', alarmsOnly: true })
  assert.equal(told?.message, 'No vacuum was ever done in 2 days, and one is due each day: see that a worker runs.')
  assert.equal(told?.advice, 'commonhold maintenance run vacuum')
  await sinceInstalled('63 days')
  assert.deepEqual(await never(), ['analyze', 'reindex', 'vacuum'])

  await sinceInstalled('3 days')
  await admin.query(`
    insert into tenancy.databases (name, url_encrypted, address_hash, created_at)
    values ('made/young', 'x', 'x', now()), ('made/older', 'y', 'y', now() - interval '3 days');
    insert into operations.maintenance_runs (task, status, ended_at) values ('vacuum', 'done', now())`)
  assert.deepEqual(await never(), ['vacuum in made/older'])
  await admin.query(`update operations.maintenance_runs set status = 'running', ended_at = null`)
  assert.deepEqual(await never(), ['vacuum', 'vacuum in made/older'], 'what has only begun is not done')
})

test('GG-23 work that recurs and does not come is named, and a job of a new version has its time', async t => {
  t.after(async () => {
    await sinceInstalled('0')
    await admin.query(
      `delete from jobs.job where name like 'operations.%'; delete from jobs.queue where name like 'operations.%'`,
    )
  })
  const overdue = async () => (await examine(app, { only: 'jobs.overdue' })).map(({ message }) => message).join()
  assert.equal(await overdue(), '')
  await admin.query(`
    select jobs.create_queue(name, '{"policy": "exclusive", "retryLimit": 0, "retryDelay": 0, "retryBackoff": false, "expireInSeconds": 60, "retentionSeconds": 60, "deleteAfterSeconds": 60}')
    from unnest(array['operations.maintain', 'operations.drill-restore', 'operations.retain']) as name;
    update jobs.queue set created_on = now() - interval '3 days' where name like 'operations.%'`)
  const alone = 'One kind of work that recurs has not come for long: operations.maintain (never, in 3 days).'
  assert.match(await overdue(), /operations\.maintain \(never, in 3 days\)/)
  assert.doesNotMatch(await overdue(), /drill-restore/, 'once a week')
  await admin.query(
    `insert into jobs.job (name, data, state, created_on) values ('operations.retain', '{}', 'created', now() - interval '40 hours')`,
  )
  assert.equal(await overdue(), alone)
  await admin.query(
    `insert into jobs.job (name, data, state, created_on) values ('operations.maintain', '{}', 'created', now() - interval '5 hours')`,
  )
  assert.match(await overdue(), /operations\.maintain \(for 5 h\)/)
  await admin.query(`update jobs.job set started_on = now() where name = 'operations.maintain'`)
  assert.equal(await overdue(), '')

  await sinceInstalled('3 days')
  assert.match(
    await overdue(),
    /^\d\d kinds of work that recur have not come for long: .* and \d\d more\.$/,
    'no worker ever ran',
  )
})

test('GG-23 the doctor names who waits for a lock, and how long a transaction is open', async () => {
  const [holder, waiter] = [new pg.Client(adminConfig), new pg.Client(adminConfig)]
  await Promise.all([holder.connect(), waiter.connect()])
  try {
    await holder.query('begin; lock table contractors.contractor_lists in access exclusive mode')
    const waiting = waiter.query('select from contractors.contractor_lists')
    for (;;) {
      const { rows } = await admin.query(`select from pg_stat_activity where wait_event_type = 'Lock'`)
      if (rows.length > 0) break
      await sleep(10)
    }
    assert.deepEqual(await examine(app, { only: 'locks.blocked' }), [], 'nobody waits for a minute yet')
    assert.deepEqual(await examine(app, { only: 'transactions.long' }), [], 'nor is one open for an hour')
    await holder.query('rollback')
    await waiting
  } finally {
    await Promise.all([holder.end(), waiter.end()])
  }
})

test('PE-11 the doctor names files of the data directory that others may read, and keys beside backups', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'commonhold-doctor-'))
  after(() => rmSync(directory, { recursive: true, force: true }))
  const within = (more: Partial<App['config']> = {}): App => ({
    ...app,
    config: { ...app.config, ...more },
    administration: { admin: adminConfig, isEmbedded: true, dataDirectory: directory },
  })
  mkdirSync(join(directory, 'postgres'), { mode: 0o700 })
  for (const name of ['keys', 'postgres.password']) writeFileSync(join(directory, name), 'x', { mode: 0o600 })
  assert.deepEqual(await examine(within(), { only: 'files' }), [], 'control: as the program makes them')
  chmodSync(join(directory, 'keys'), 0o644)
  chmodSync(join(directory, 'postgres'), 0o750)
  const objects = (await examine(within(), { only: 'files.modes' })).map(({ object }) => object)
  assert.deepEqual(objects, [join(directory, 'keys'), join(directory, 'postgres')])
  chmodSync(directory, 0o777)
  assert.ok((await examine(within(), { only: 'files.modes' })).some(({ object }) => object === directory))
  const beside = await examine(within({ backupDir: directory }), { only: 'files.keys_beside_backups' })
  assert.deepEqual(beside.map(named), [`critical files.keys_beside_backups ${directory}`])
  assert.deepEqual(
    await examine(within({ backupDir: join(directory, 'postgres') }), { only: 'files.keys_beside_backups' }),
    [],
  )
})

test('GG-23 minor versions with known holes and the end of a major one are named', () => {
  const at = (number: number, day: string) =>
    versionFindings(number, new Date(day)).map(({ severity, object }) => `${severity} ${object}`)
  assert.deepEqual(at(170_005, '2026-01-01'), ['critical PostgreSQL 17'])
  assert.deepEqual(at(170_006, '2026-01-01'), [])
  assert.deepEqual(at(150_013, '2027-10-01'), ['critical PostgreSQL 15', 'info PostgreSQL 15 ends'])
  assert.deepEqual(at(160_010, '2028-12-01'), ['warning PostgreSQL 16 ends'])
  assert.deepEqual(at(180_004, '2026-01-01'), [])
})

test('PE-11 a certificate that is about to end is named, one that has time is not', () => {
  const after = (days: number) =>
    certificateFindings(new Date(Date.UTC(2026, 0, 1) + days * 86_400_000), new Date('2026-01-01T00:00:00Z'), 'db').map(
      ({ severity }) => severity,
    )
  assert.deepEqual([after(31), after(29), after(5), after(-1)], [[], ['warning'], ['critical'], ['critical']])
})

test('a setting read within a subquery is read once, outside for each row', () => {
  assert.equal(
    readsPerRow("(tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid))"),
    false,
  )
  assert.equal(
    readsPerRow(
      "((owner = current_setting('app.user_id'::text, true)) AND ( SELECT platform.is_system() AS is_system))",
    ),
    true,
  )
  assert.equal(readsPerRow('( SELECT platform.is_system() AS is_system)'), false)
  assert.equal(readsPerRow('platform.is_system()'), true)
})

test('GG-23 what a login may not look at is said, and keeps no other check from running', async () => {
  const narrow: App = { ...app, administration: { admin: login, isEmbedded: false, dataDirectory: tmpdir() } }
  const findings = await examine(narrow)
  const failed = findings.filter(({ object }) => object === 'check').map(({ code, message }) => `${code}: ${message}`)
  assert.deepEqual(
    failed.filter(text => !/permission denied/.test(text)),
    [],
  )
  assert.ok(findings.some(({ code }) => code === 'statements.statistics'))
})

test('GG-23 every check has a code of its own, and a module adds its own', async () => {
  const odd = {
    code: 'made.odd',
    title: 'Odd things',
    run: async () => [{ severity: 'info' as const, object: 'thing', message: 'Odd.', advice: 'Even it.' }],
  }
  const more: App = { ...app, modules: [...app.modules, { name: 'made', checks: [odd] }] }
  assert.deepEqual((await examine(more, { only: 'made' })).map(named), ['info made.odd thing'])
  assert.throws(
    () => checksOf({ modules: [...more.modules, { name: 'again', checks: [odd] }] }),
    /made\.odd is declared twice/,
  )
  await assert.rejects(examine(app, { only: 'made' }), { code: 'operations.check_unknown' })
})

test('GG-23 commonhold doctor tells findings as words and as JSON, and ends with what they amount to', async () => {
  const run = async (...words: string[]) => {
    const options: unknown[] = []
    const withApp: CommandContext['withApp'] = (work, more) => {
      options.push(more)
      return work(app)
    }
    const ran = await runCommand(program => registerDoctorCommand(program, { withApp }), words)
    assert.deepEqual(options, [{ asItIs: true }], 'nothing is migrated by looking')
    return ran
  }
  await admin.query('create schema made; grant create on schema made to public')
  const told = await run('--only', 'schemas', '--json')
  assert.equal(told.exitCode, 6)
  assert.deepEqual(JSON.parse(told.written).findings.map(named), ['warning schemas.public made'])
  await admin.query('drop schema made')
  const well = await run('--only', 'schemas')
  assert.deepEqual([well.exitCode, well.written], [0, 'nothing found.\n'])
  assert.equal(exitCodeOf([{ severity: 'warning' }, { severity: 'critical' }]), 3)
  assert.equal(exitCodeOf([{ severity: 'info' }]), 0)
})
