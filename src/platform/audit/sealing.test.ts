import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testDatabase } from '#test/database.ts'

const { owner } = await testDatabase()

test('PE-07 looking for new entries does not read those that are sealed, however often it is done', async () => {
  await owner.query(`
    insert into audit.audit_logs (tenant_id, action)
    select gen_random_uuid(), 'old' from generate_series(1, 2000)`)
  await owner.query('begin')
  await owner.query('select audit.seal_entries(1000000)')
  // From the sixth time on a plan is kept that knows nothing of what it is asked.
  for (let round = 0; round < 8; round++) {
    await owner.query('select audit.seal_entries(1000000), audit.seal_lag()')
  }
  const { rows } = await owner.query(`
    select coalesce(sum(seq_scan), 0)::int as scans, coalesce(sum(seq_tup_read), 0)::int as entries
    from pg_stat_xact_user_tables
    where schemaname = 'audit' and relname like 'audit\\_logs%'`)
  await owner.query('rollback')
  assert.deepEqual(rows, [{ scans: 0, entries: 0 }])
})
