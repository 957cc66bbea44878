import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Queryable, sql } from '#platform/database'
import { testDatabase } from '#test/database.ts'

const { db, admin } = await testDatabase()

/** Of what the program does with itself, and files that their owner may throw away: nobody has to answer for it. */
const passing = [
  'operations.leases',
  'operations.programs',
  'operations.tenant_export_parts',
  'operations.tenant_exports',
]

const records: Record<string, { columns: string; values: string; at: string; keptDays: number }> = {
  'operations.alarms': {
    columns: 'code, object, severity, message, advice',
    values: `'disk.full', gen_random_uuid()::text, 'critical', 'Full', 'Clear it'`,
    at: 'opened_at',
    keptDays: 400,
  },
  'operations.archive_runs': { columns: 'kind', values: `'verify'`, at: 'started_at', keptDays: 400 },
  'operations.backup_runs': { columns: 'kind', values: `'full'`, at: 'started_at', keptDays: 400 },
  'operations.doctor_runs': { columns: 'milliseconds, findings', values: `1, '[]'`, at: 'started_at', keptDays: 90 },
  'operations.maintenance_runs': { columns: 'task', values: `'vacuum'`, at: 'started_at', keptDays: 400 },
  'operations.relation_sizes': {
    columns: 'relation_name, kind, total_bytes',
    values: `'a.b', 'table', 1`,
    at: 'taken_on',
    keptDays: 400,
  },
  'operations.retention_runs': { columns: 'declaration', values: `'a.b'`, at: 'started_at', keptDays: 400 },
}

test('PE-11 of what was done and was wrong the program removes nothing that is not old', async () => {
  const { rows } = await admin.query(`
    select oid::regclass::text as name
    from pg_class
    where relnamespace = 'operations'::regnamespace
      and relkind in ('r', 'p')
      and has_table_privilege('commonhold_app', oid, 'delete')
    order by 1`)
  assert.deepEqual(
    rows.map(({ name }) => name).filter(name => !passing.includes(name)),
    Object.keys(records),
  )
  const left = async (tx: Queryable, name: string) =>
    (await tx.run(sql<{ count: number }>`select count(*)::integer as count from ${sql.raw(name)}`))[0]?.count
  for (const [name, { columns, values, at, keptDays }] of Object.entries(records)) {
    await db.transaction({ system: true }, async tx => {
      for (const days of [0, keptDays - 1, keptDays + 1])
        await tx.run(
          sql.raw(
            `insert into ${name} (${columns}, ${at}) values (${values}, now() - ${days} * interval '1 day')`,
          ) as never,
        )
      assert.equal(await left(tx, name), 3, name)
      await tx.run(sql`delete from ${sql.raw(name)}`)
      assert.equal(await left(tx, name), 2, name)
    })
  }
})
