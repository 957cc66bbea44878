import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testDatabase } from '#test/database.ts'
import { findOmissions } from './omissions.ts'

const { admin } = await testDatabase()
const lists = 'contractors.contractor_lists'
const text = `(select string_agg(md5(n::text || m::text), '') from generate_series(1, 4) as m)`
await admin.query(`
  set session_replication_role = replica;
  insert into ${lists} (tenant_id, user_id, name)
  select gen_random_uuid(), gen_random_uuid(), 'List ' || n from generate_series(1, 30000) as n;
  insert into tenancy.tenants (name, slug) select 'Tenant ' || n, 'tenant-' || n from generate_series(1, 20000) as n;
  create table public.large as select n as id, ${text} as words from generate_series(1, 60000) as n;
  create index large_id on public.large (id);
  set session_replication_role = origin`)

/** The files of a table, of its long values, and of the indexes of both. */
async function filesOf(table: string): Promise<{ path: string; bytes: number }[]> {
  const { rows } = await admin.query(
    `with own as (
      select oid from pg_class where oid = $1::regclass
      union
      select reltoastrelid from pg_class where oid = $1::regclass and reltoastrelid <> 0
    )
    select pg_relation_filepath(oid) as path, pg_relation_size(oid)::integer as bytes
    from (select oid from own union select indexrelid from pg_index join own on own.oid = indrelid) as files`,
    [table],
  )
  return rows
}

test('GG-21 a copy for one workspace has the tables that are read, whole with large indexes, and not what is beside', async () => {
  const omissions = await findOmissions(admin, {
    tables: [lists],
    platform: ['platform', 'tenancy'],
    target: { latest: true },
  })
  assert.ok(omissions)
  for (const table of [lists, 'tenancy.tenants']) {
    const files = await filesOf(table)
    const large = files.filter(({ bytes }) => bytes >= 2 ** 20)
    assert.ok(large.length > 2, `control: ${table} has large indexes`)
    assert.deepEqual(
      files.filter(({ path }) => omissions.portionOf(path) !== 'all'),
      [],
      `the planner opens every index of ${table}`,
    )
  }
  const { rows: others } = await admin.query<{ oid: string; isThis: boolean }>(
    'select oid::text, datname = current_database() as "isThis" from pg_database',
  )
  for (const { oid, isThis } of others)
    assert.equal(
      omissions.portionOf(`base/${oid}/1259`),
      isThis ? 'all' : 'nothing',
      'nobody connects to other databases, templates neither',
    )
  const beside = (await filesOf('public.large')).filter(({ bytes }) => bytes >= 2 ** 20)
  assert.equal(beside.length, 2, 'control: a table and its index')
  for (const { path } of beside) {
    for (const file of [path, `${path}_vm`, `${path}.1`]) assert.equal(omissions.portionOf(file), 'size', file)
  }
})
