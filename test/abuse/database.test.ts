import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import pg from 'pg'
import { testDatabase } from '#test/database.ts'
import { type Person, testWorld } from '#test/world.ts'

const { admin, alice, bob, viewer, login } = await testWorld()

// A person with SQL as the program's own login, inside a scope that he cannot leave without saying so.
const client = new pg.Client(login)
await client.connect()
// The database is dropped before this hook runs.
client.on('error', () => {})
after(() => client.end())
const { rows: administrators } = await admin.query('select current_user as name')
const administrator = client.escapeIdentifier(administrators[0].name)

for (const person of [alice, bob]) {
  await person.fetch('/contractor-lists', { method: 'POST', body: { name: `Secret of ${person.fullName}` } })
}
await bob.fetch('/contractor-lists', {
  method: 'POST',
  body: { name: 'Kept' },
  headers: { 'idempotency-key': 'bob' },
})
await admin.query('analyze')

type Outcome = { code: string; rows: Record<string, unknown>[] }

/** What the statements lead to in a transaction of the person's scope, which is rolled back. */
async function attempt(who: Person | undefined, statements: string): Promise<Outcome> {
  await client.query('begin')
  try {
    if (who) {
      await client.query(`select set_config('app.tenant_id', $1, true), set_config('app.user_id', $2, true)`, [
        who.tenantId,
        who.userId,
      ])
    }
    const results = [await client.query(statements)].flat()
    return { code: 'done', rows: results.at(-1)?.rows ?? [] }
  } catch (error) {
    return { code: (error as pg.DatabaseError).code ?? String(error), rows: [] }
  } finally {
    await client.query('rollback')
  }
}

async function assertRefused(codes: readonly string[], attempts: readonly string[]): Promise<void> {
  for (const statements of attempts) {
    const { code } = await attempt(alice, statements)
    assert.ok(codes.includes(code), `${statements}: ${code}`)
  }
  assert.equal((await attempt(alice, 'select 1')).code, 'done', 'control')
}

const denied = ['42501']

test('AG-01 the program’s login becomes nobody else and turns no protection off', async () => {
  await assertRefused(denied, [
    'set role commonhold_owner',
    `set role ${administrator}`,
    `set session authorization ${administrator}`,
    'set session_replication_role = replica',
    'alter role current_user bypassrls',
    `alter role current_user set app.system = 'on'`,
    'grant commonhold_owner to current_user',
    'set local row_security = off; select * from contractors.contractor_lists',
    'alter table contractors.contractor_lists disable row level security',
    'alter table contractors.contractor_lists no force row level security',
    'drop policy tenant_isolation on contractors.contractor_lists',
    'create policy open on contractors.contractor_lists using (true)',
    `select platform.isolate('contractors.contractor_lists')`,
    'truncate contractors.contractor_lists',
    'truncate contractors.contractor_profiles',
  ])
})

test('AG-01 the program’s login makes no object, not even a temporary one, by which a function could be misled', async () => {
  await assertRefused(denied, [
    'create temp table mine (id int)',
    'create function pg_temp.now() returns int language sql as $$select 1$$',
    'create function public.now() returns int language sql as $$select 1$$',
    'create schema mine',
    'create table contractors.mine (id int)',
    'create view public.mine as select * from contractors.contractor_lists',
    'create extension dblink',
    'create publication mine for all tables',
    'create event trigger mine on ddl_command_start execute function audit.refuse_change()',
    // The one function that makes temporary tables does not open the temporary schema.
    'select contractors.open_import_staging(); create temp table mine (id int)',
    'select contractors.open_import_staging(); create function pg_temp.now() returns int language sql as $$select 1$$',
    'select contractors.open_import_staging(); alter table pg_temp.import_rows add column mine int',
    'select contractors.open_import_staging(); create trigger t before insert on pg_temp.import_rows for each row execute function audit.refuse_change()',
    `select platform.ensure_month_partitions('identity.users', 3)`,
    `select platform.keep_updated_at('identity.users')`,
    `select jobs.job_table_run('select 1')`,
  ])
})

test('AG-01 the program’s login reads no file, starts no program and ends no other login’s session', async () => {
  await assertRefused(denied, [
    `copy (select 1) to program 'id'`,
    `copy contractors.awards from '/etc/passwd'`,
    `select pg_read_file('/etc/passwd')`,
    `select pg_ls_dir('.')`,
    `select lo_import('/etc/passwd')`,
    'select * from pg_hba_file_rules',
    'select rolpassword from pg_authid',
    'select stavalues1::text from pg_statistic',
    'select pg_reload_conf()',
    `select pg_create_physical_replication_slot('mine')`,
    `select pg_terminate_backend(pid) from pg_stat_activity where usename <> current_user`,
  ])
})

test('PE-07 nobody forges, changes, hides or loses an audit entry with the program’s login', async () => {
  const part = `audit.audit_logs_${new Date().toISOString().slice(0, 7).replace('-', '_')}`
  await assertRefused(denied, [
    `insert into audit.audit_logs (tenant_id, action) values ('${alice.tenantId}', 'forged')`,
    `insert into ${part} (tenant_id, action) values ('${alice.tenantId}', 'forged')`,
    `update audit.audit_logs set action = 'changed'`,
    'delete from audit.audit_logs',
    'truncate audit.audit_logs',
    `truncate ${part}`,
    `select * from ${part}`,
    `delete from ${part}`,
    `alter table audit.audit_logs detach partition ${part}`,
    'alter table audit.audit_logs disable trigger append_only',
    'alter table contractors.contractor_lists disable trigger audit_update',
    'drop trigger audit_update on contractors.contractor_lists',
    `select audit.untrack('contractors.contractor_lists')`,
    'select audit.track_contractors_contractor_lists()',
    'delete from audit.tracked_tables',
    'select contractors.log_list_activity()',
    `insert into contractors.contractor_list_activity (tenant_id, list_id, action) values ('${alice.tenantId}', gen_random_uuid(), 'list.created')`,
    'lock table audit.audit_logs in access exclusive mode',
  ])
  // Who an event is said to be from is the scope's, not the caller's to choose.
  const event = await attempt(
    alice,
    `select audit.record_event('tried', null, null, null); select tenant_id, user_id from audit.audit_logs where action = 'tried'`,
  )
  assert.deepEqual(event.rows, [{ tenant_id: alice.tenantId, user_id: alice.userId }])
})

test('MT-20 permissions and built-in roles are not forged in the scope of a tenant', async () => {
  await assertRefused(
    ['42501', '23503', '23505', '23514'],
    [
      `insert into access.built_in_role_permissions select 'viewer', id from access.permissions`,
      `update access.permissions set name = 'a.b.c'`,
      'update access.roles set is_built_in = true',
      `insert into access.roles (name, is_built_in) values ('super', true)`,
      `update access.user_tenant_roles set role_id = (select id from access.roles where name = 'owner')`,
      `insert into access.user_tenant_roles (tenant_id, user_tenant_id, role_id) values ('${bob.tenantId}', gen_random_uuid(), gen_random_uuid())`,
      `insert into access.roles (tenant_id, name) values ('${bob.tenantId}', 'mine')`,
      `update tenancy.user_tenants set user_id = '${alice.userId}'`,
    ],
  )
})

test('AG-01 no write reaches, moves into or takes from the other tenant or another user', async () => {
  await assertRefused(
    ['42501', '23503'],
    [
      `insert into contractors.contractor_lists (tenant_id, user_id, name) values ('${bob.tenantId}', '${alice.userId}', 'mine')`,
      `insert into contractors.contractor_lists (user_id, name) values ('${viewer.userId}', 'his')`,
      `update contractors.contractor_lists set tenant_id = '${bob.tenantId}'`,
      `update contractors.contractor_lists set user_id = '${viewer.userId}'`,
      `insert into contractors.contractor_list_shares (list_id, shared_with_user_id, shared_by)
     select id, '${bob.userId}', user_id from contractors.contractor_lists limit 1`,
      `insert into contractors.contractor_list_shares (list_id, shared_with_user_id, shared_by)
     values (gen_random_uuid(), '${viewer.userId}', '${alice.userId}')`,
      `insert into tenancy.tenants (id, name, slug) values ('${bob.tenantId}', 'Mine', 'northgate-partners')
     on conflict (slug) do update set name = 'Mine'`,
      `merge into contractors.contractor_lists as list using (select 1) as one on list.tenant_id = '${bob.tenantId}'
     when matched then delete when not matched then insert (tenant_id, user_id, name) values ('${bob.tenantId}', '${alice.userId}', 'x')`,
    ],
  )
  for (const statement of [
    `update contractors.contractor_lists set name = 'Mine' where tenant_id = '${bob.tenantId}' returning id`,
    `delete from contractors.contractor_lists where tenant_id = '${bob.tenantId}' returning id`,
    `update tenancy.tenants set name = 'Mine' where id = '${bob.tenantId}' returning id`,
    `update identity.users set email = 'mine@example.com' where id = '${bob.userId}' returning id`,
    `delete from http.idempotency_keys returning user_id`,
  ]) {
    assert.deepEqual(await attempt(alice, statement), { code: 'done', rows: [] }, statement)
  }
  const own = await attempt(alice, `update contractors.contractor_lists set name = 'Mine' returning user_id`)
  assert.deepEqual([...new Set(own.rows.map(row => row.user_id))], [alice.userId], 'control')
})

test('VS-02 secrets stay closed without the platform’s scope, statistics and plans tell nothing of protected rows', async () => {
  for (const table of [
    'passwords',
    'refresh_tokens',
    'signing_keys',
    'one_time_tokens',
    'two_factors',
    'backup_codes',
  ]) {
    for (const who of [undefined, alice, bob]) {
      assert.deepEqual(await attempt(who, `select * from identity.${table}`), { code: 'done', rows: [] }, table)
    }
  }
  const { rows } = await admin.query('select count(*)::int as kept from identity.passwords')
  assert.ok(rows[0].kept > 0, 'control: there are some')
  assert.equal((await attempt(bob, 'select body from http.idempotency_keys')).rows.length, 1, 'control')
  assert.deepEqual((await attempt(alice, 'select body from http.idempotency_keys')).rows, [])
  const protectedTables = `
    select s.tablename
    from pg_stats as s
    join pg_class as c on c.oid = format('%I.%I', s.schemaname, s.tablename)::regclass
    where c.relrowsecurity`
  assert.deepEqual((await attempt(alice, protectedTables)).rows, [])
  const { rows: known } = await admin.query(protectedTables)
  assert.ok(known.length > 0, 'control: the statistics are there')
  // A condition that fails on the other tenant's row would tell of it if it were evaluated before the policy.
  for (const condition of [`1 / (name not like 'Secret of Bob%')::int = 1`, `name::text::int = 1`]) {
    const probe = `select count(*) from contractors.contractor_lists where user_id = '${bob.userId}' and ${condition}`
    assert.deepEqual(await attempt(alice, probe), { code: 'done', rows: [{ count: '0' }] }, condition)
    assert.notEqual((await attempt(bob, probe)).code, 'done', 'control: on the own row it fails')
  }
})

test('AG-01 a query that forgets its where-clause shows the own tenant’s rows alone', async () => {
  const { rows: tables } = await admin.query(`
    select c.oid::regclass::text as name
    from pg_class c
    join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped
    join pg_namespace n on n.oid = c.relnamespace and n.nspname !~ '^pg_|^information_schema$'
    where c.relkind in ('r', 'p', 'v') and not c.relispartition
      and has_table_privilege('commonhold_app', c.oid, 'select')`)
  assert.ok(tables.length > 8)
  for (const { name } of tables) {
    const seen = await attempt(alice, `select distinct tenant_id from ${name}`)
    assert.ok(
      seen.rows.every(row => row.tenant_id === alice.tenantId),
      `${name}: ${JSON.stringify(seen.rows)}`,
    )
    assert.deepEqual((await attempt(undefined, `select tenant_id from ${name}`)).rows, [], `${name} without a scope`)
  }
  const people = await attempt(alice, 'select id from identity.users order by email')
  assert.deepEqual(
    people.rows.map(row => row.id),
    [alice.userId, viewer.userId],
  )
  assert.deepEqual((await attempt(alice, 'select id from tenancy.tenants')).rows, [{ id: alice.tenantId }])
})

test('AG-01 a stranger is not made a member in the scope of a tenant, so that who he is cannot be read', async () => {
  await assertRefused(denied, [`insert into tenancy.user_tenants (user_id) values ('${bob.userId}')`])
  const strangers = await attempt(alice, `select email from identity.users where id = '${bob.userId}'`)
  assert.deepEqual(strangers.rows, [])
  const members = await attempt(alice, `select email from identity.users where id = '${viewer.userId}'`)
  assert.equal(members.rows.length, 1, 'control')
})

test('CVE-2026-27946 nobody verifies, renames or unlocks himself in his own scope', async () => {
  for (const change of [
    `email = 'other@example.com'`,
    `email_verified_at = now()`,
    `status = 'active', account_locked_until = null`,
    `failed_login_attempts = 0`,
  ]) {
    const { rows } = await attempt(
      alice,
      `update identity.users set ${change} where id = '${alice.userId}' returning id`,
    )
    assert.deepEqual(rows, [], change)
  }
})

test('AG-01 the login of one installation does not enter the database of another on the same server', async () => {
  const other = await testDatabase()
  await other.admin.query(
    `revoke connect on database ${other.name} from ${client.escapeIdentifier(login.user as string)}`,
  )
  const intruder = new pg.Client({ ...login, database: other.name })
  await assert.rejects(intruder.connect(), /permission denied for database/)
  await intruder.end().catch(() => {})
})

test('AG-01 the program’s login stores no large objects, which know no tenants', async () => {
  await assertRefused(denied, [`select lo_from_bytea(0, 'x')`, `select lo_create(0)`, `select lo_creat(-1)`])
})
