import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testDatabase } from '#test/database.ts'
import { resources } from './resources.ts'

test('PE-08 the audit log can tell of each table of assignments that it tracks, and of its columns', async () => {
  const { admin } = await testDatabase()
  const { rows } = await admin.query<{ name: string; columns: string[] }>(`
    select t.table_name as name, array_agg(a.attname::text) as columns
    from audit.tracked_tables as t
    join pg_attribute as a on a.attrelid = to_regclass(t.table_name) and a.attnum > 0 and not a.attisdropped
    where t.table_name like 'assignments.%'
    group by t.table_name
  `)
  assert.ok(rows.length > 10, 'control: there are such tables')
  assert.deepEqual(
    rows.map(({ name }) => name).filter(name => !(name in resources)),
    [],
  )
  for (const { name, columns } of rows) {
    const { columns: words = {}, technical = [], refers = {}, sentences = {} } = resources[name] ?? {}
    const said = Object.values(sentences).flatMap(text => [...text.matchAll(/\{(\w+)\}/g)].map(match => match[1]))
    const named = [...Object.keys(words), ...technical, ...Object.keys(refers), ...said]
    const unknown = named.filter(column => column && !['who', 'columns', 'this', ...columns].includes(column))
    assert.deepEqual(unknown, [], name)
    assert.ok(
      Object.values(refers).every(table => table in resources),
      name,
    )
  }
})
