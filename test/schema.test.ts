import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testDatabase } from '#test/database.ts'

const { admin } = await testDatabase()

/** Everything but pg-boss, whose tables are not ours. Partitions follow their parent. */
const ownTables = `
  with tables as (
    select c.oid, format('%I.%I', n.nspname, c.relname) as name
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p') and not c.relispartition
      and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast', 'public', 'jobs')
  )`

async function namesOf(statement: string): Promise<string[]> {
  const { rows } = await admin.query<{ name: string }>(`${ownTables} ${statement}`)
  return rows.map(({ name }) => name).sort()
}

const tablesWithoutComment = `
  select t.name
  from tables t
  where obj_description(t.oid, 'pg_class') is null`

const foreignKeysWithoutRule = `
  select format('%s.%I', t.name, k.conname) as name
  from pg_constraint k
  join tables t on t.oid = k.conrelid
  where k.contype = 'f' and k.confdeltype = 'a'`

// The columns of the key may stand in any order, but first: that is what a delete of the referenced row looks for.
// Where some of them are unique, their index finds the one row.
const foreignKeysWithoutIndex = `
  select format('%s.%I', t.name, k.conname) as name
  from pg_constraint k
  join tables t on t.oid = k.conrelid
  where k.contype = 'f'
    and not exists (
      select
      from pg_index x
      where x.indrelid = k.conrelid
        and x.indisvalid
        and (
          (x.indkey::smallint[])[0:cardinality(k.conkey) - 1] @> k.conkey
          or x.indisunique and x.indkey::smallint[] <@ k.conkey
        )
    )`

const idsThatAreGuessable = `
  select format('%s.id', t.name) as name
  from tables t
  join pg_attribute a on a.attrelid = t.oid and a.attname = 'id'
  left join pg_attrdef d on d.adrelid = t.oid and d.adnum = a.attnum
  where a.atttypid <> 'uuid'::regtype
    or pg_get_expr(d.adbin, d.adrelid) not in ('gen_random_uuid()', 'platform.uuid_v7()')`

const tablesThatForgetUpdatedAt = `
  select t.name
  from tables t
  join pg_attribute a on a.attrelid = t.oid and a.attname = 'updated_at'
  where not exists (
    select
    from pg_trigger g
    where g.tgrelid = t.oid and g.tgfoid = 'platform.touch_updated_at'::regproc and g.tgenabled = 'O'
  )`

test('VS-15 every foreign key says what a delete does and has an index', async () => {
  assert.deepEqual(await namesOf(foreignKeysWithoutRule), [])
  assert.deepEqual(await namesOf(foreignKeysWithoutIndex), [])
})

test('VS-15 ids are UUIDs that nobody guesses', async () => {
  assert.deepEqual(await namesOf(idsThatAreGuessable), [
    // A transaction's own number, a hash, a key's own name in tokens, and the one row that migrators queue at: no entities.
    'audit.erasing_transactions.id',
    'audit.unlogged_transactions.id',
    'http.idempotency_keys.id',
    'identity.signing_keys.id',
    'platform.migration_lock.id',
  ])
})

test('VS-16 updated_at is kept by the database wherever it is', async () => {
  assert.deepEqual(await namesOf(tablesThatForgetUpdatedAt), [
    // Written by imports only, which set it where the content changed.
    'contractors.contractor_profiles',
    'contractors.contractors',
  ])
  await admin.query(`insert into tenancy.tenants (name, slug, updated_at) values ('Kept', 'kept', '2001-01-01')`)
  await admin.query(`update tenancy.tenants set name = 'Kept on', updated_at = '2001-01-01' where slug = 'kept'`)
  const after = await admin.query(
    `select updated_at > now() - interval '1 minute' as kept from tenancy.tenants where slug = 'kept'`,
  )
  assert.deepEqual(after.rows, [{ kept: true }])
})

test('every table says what it is for', async () => {
  assert.deepEqual(await namesOf(tablesWithoutComment), [])
})

test('VS-15, VS-16 these checks find a table that breaks them', async () => {
  await admin.query('begin')
  await admin.query(`
    create schema planted;
    create table planted.weak (
      id bigint primary key,
      user_id uuid constraint weak_user_fkey references identity.users (id),
      updated_at timestamptz
    )`)
  const found = [
    await namesOf(foreignKeysWithoutRule),
    await namesOf(foreignKeysWithoutIndex),
    (await namesOf(idsThatAreGuessable)).filter(name => name.startsWith('planted.')),
    (await namesOf(tablesThatForgetUpdatedAt)).filter(name => name.startsWith('planted.')),
    await namesOf(tablesWithoutComment),
  ]
  await admin.query('rollback')
  assert.deepEqual(found, [
    ['planted.weak.weak_user_fkey'],
    ['planted.weak.weak_user_fkey'],
    ['planted.weak.id'],
    ['planted.weak'],
    ['planted.weak'],
  ])
})
