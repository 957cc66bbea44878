import assert from 'node:assert/strict'
import { test } from 'node:test'
import { believedNoLonger, type Person, testWorld } from '#test/world.ts'
import type { BrowsedRows } from './rows.ts'
import type { BrowsedTable } from './tables.ts'

const { admin, alice, bob, viewer } = await testWorld()
await admin.query('insert into identity.operators (user_id) values ($1)', [alice.userId])
await believedNoLonger()

const lists = 'contractors.contractor_lists'
for (const person of [alice, bob]) {
  for (const name of ['Water', 'Wood', 'Zinc']) {
    const response = await person.fetch('/contractor-lists', {
      method: 'POST',
      body: { name: `${name} of ${person.fullName}`, isPublic: true },
    })
    assert.equal(response.status, 201)
  }
}

async function look(
  person: Person,
  query: Record<string, string>,
): Promise<{ status: number; code?: string } & BrowsedRows> {
  const response = await person.fetch(`/operations/data/rows?${new URLSearchParams(query)}`)
  return { status: response.status, ...((await response.json()) as BrowsedRows) }
}

/** The values of one column. */
function valuesOf({ table, items }: BrowsedRows, name: string): (string | null)[] {
  const at = table.columns.findIndex(column => column.name === name)
  assert.ok(at >= 0, name)
  return items.map(item => item[at] ?? null)
}

test('GG-14 an operator looks at the rows of the tenant that he has chosen, and at no other’s', async () => {
  for (const [person, other] of [
    [alice, bob],
    [bob, alice],
  ] as const) {
    const seen = await look(alice, { tenantId: person.tenantId, table: lists, limit: '100' })
    assert.equal(seen.status, 200, seen.code)
    assert.deepEqual(new Set(valuesOf(seen, 'tenant_id')), new Set([person.tenantId]))
    assert.ok(valuesOf(seen, 'name').includes(`Zinc of ${person.fullName}`))
    assert.ok(!JSON.stringify(seen.items).includes(other.tenantId))
  }
  const tenants = await look(alice, { tenantId: bob.tenantId, table: 'tenancy.tenants' })
  assert.deepEqual(valuesOf(tenants, 'id'), [bob.tenantId])
  // Nothing of the other tenant, whatever the table.
  const { items } = (await (await alice.fetch('/operations/data/tables')).json()) as { items: BrowsedTable[] }
  assert.ok(items.length > 60)
  for (const { name } of items) {
    const seen = await look(alice, { tenantId: bob.tenantId, table: name, limit: '100' })
    if (seen.status !== 200) {
      assert.equal(seen.code, 'operations.rows_closed', name)
      continue
    }
    if (seen.table.hasTenant)
      assert.deepEqual(
        valuesOf(seen, 'tenant_id').filter(id => id !== bob.tenantId),
        [],
        name,
      )
    assert.ok(!JSON.stringify(seen.items).includes(alice.tenantId), name)
  }
})

test('GG-14 pages follow each other by the key, and a filter finds equal values, beginnings and what is empty', async () => {
  const search = { tenantId: bob.tenantId, table: lists, limit: '1' }
  const found: (string | null)[] = []
  let cursor: string | undefined
  do {
    const page: BrowsedRows = await look(alice, { ...search, ...(cursor !== undefined && { cursor }) })
    found.push(...valuesOf(page, 'id'))
    cursor = page.nextCursor ?? undefined
  } while (cursor !== undefined)
  const { rows } = await admin.query(`select id from ${lists} where tenant_id = $1 order by id`, [bob.tenantId])
  assert.deepEqual(
    found,
    rows.map(({ id }) => id),
  )
  const by = async (column: string, match: string, value = '') =>
    valuesOf(await look(alice, { ...search, limit: '10', column, match, value }), 'name').sort()
  assert.deepEqual(await by('name', 'equals', 'Zinc of Bob Barker'), ['Zinc of Bob Barker'])
  assert.deepEqual(await by('name', 'prefix', 'W'), ['Water of Bob Barker', 'Wood of Bob Barker'])
  assert.deepEqual(await by('name', 'prefix', '%'), [])
  assert.equal((await by('description', 'empty')).length, rows.length)
  const first = await look(alice, search)
  const foreign = await look(alice, { ...search, tenantId: alice.tenantId, cursor: first.nextCursor ?? '' })
  assert.equal(foreign.code, 'http.cursor_invalid', 'a cursor of one tenant is none of another')
})

test('GG-14 secrets are neither shown nor compared', async () => {
  const endpoint = crypto.randomUUID()
  await admin.query(
    `insert into webhooks.endpoints (tenant_id, id, url, event_types, secret_encrypted) values ($1, $2, 'https://h.example', '{x}', 'v1.k1.secret')`,
    [bob.tenantId, endpoint],
  )
  const table = 'webhooks.endpoints'
  const seen = await look(alice, { tenantId: bob.tenantId, table })
  assert.deepEqual(valuesOf(seen, 'url'), ['https://h.example'], 'the control: the row is seen')
  assert.deepEqual(valuesOf(seen, 'secret_encrypted'), ['[redacted]'])
  assert.deepEqual(valuesOf(seen, 'previous_secret_encrypted'), [null])
  for (const match of ['equals', 'prefix', 'empty']) {
    const probed = await look(alice, { tenantId: bob.tenantId, table, column: 'secret_encrypted', match, value: 'v1' })
    assert.deepEqual([probed.status, probed.code], [400, 'operations.column_redacted'])
  }
  // Whatever the audit log redacts, and whatever is a hash or bytes.
  const { items } = (await (await alice.fetch('/operations/data/tables')).json()) as { items: BrowsedTable[] }
  const { rows } = await admin.query('select table_name, unnest(redacted) as column from audit.tracked_tables')
  assert.ok(rows.length > 5)
  const redacted = new Set(
    items.flatMap(({ name, columns }) => columns.filter(it => it.isRedacted).map(it => `${name}.${it.name}`)),
  )
  for (const row of rows) assert.ok(redacted.has(`${row.table_name}.${row.column}`), `${row.table_name}.${row.column}`)
  for (const column of [
    'identity.passwords.password_hash',
    'identity.one_time_tokens.details',
    'access.api_keys.secret_hash',
    'mail.messages.content',
    'jobs.job.data',
  ])
    assert.ok(redacted.has(column), column)
})

test('GG-14 no name and no value of the question becomes SQL', async () => {
  const search = { tenantId: bob.tenantId, table: lists }
  for (const table of [
    'contractors.contractor_lists; drop table x',
    'contractors.contractor_lists" as t, identity.passwords --',
    'pg_catalog.pg_authid',
    'pg_authid',
    'information_schema.tables',
    'contractors.nothing',
  ]) {
    const refused = await look(alice, { ...search, table })
    assert.deepEqual([refused.status, refused.code], [404, 'operations.table_unknown'], table)
  }
  for (const column of ['name"', "name' or true --", 'ctid', 'xmin', 'tableoid', '(select 1)']) {
    const refused = await look(alice, { ...search, column, value: 'x' })
    assert.deepEqual([refused.status, refused.code], [400, 'operations.column_unknown'], column)
  }
  const asked = await look(alice, { ...search, column: 'name', value: "' or true --" })
  assert.deepEqual([asked.status, asked.items.length], [200, 0])
  const unfit = await look(alice, { ...search, column: 'id', value: "' or true --" })
  assert.deepEqual([unfit.status, unfit.code], [400, 'operations.value_unfit'])
  const nobody = await look(alice, { ...search, tenantId: crypto.randomUUID() })
  assert.equal(nobody.code, 'tenancy.tenant_not_found')
})

test('GG-14 that somebody looked, and with which filter, is in the audit log of the tenant whose data it is', async () => {
  await look(alice, { tenantId: bob.tenantId, table: lists, column: 'name', match: 'prefix', value: 'Zi' })
  const { rows } = await admin.query(
    `select tenant_id, user_id, resource, details from audit.audit_logs where action = 'read_rows' order by created_at desc, id desc limit 1`,
  )
  assert.deepEqual(rows[0], {
    tenant_id: bob.tenantId,
    user_id: alice.userId,
    resource: lists,
    details: { tenantId: bob.tenantId, filter: { column: 'name', match: 'prefix', value: 'Zi' }, isNextPage: false },
  })
})

test('GG-14 nobody but operators looks, an owner of the tenant neither', async () => {
  for (const person of [bob, viewer]) {
    for (const path of ['tables', 'tenants', `rows?tenantId=${bob.tenantId}&table=${lists}`])
      assert.equal((await person.fetch(`/operations/data/${path}`)).status, 403, path)
  }
  const found = (await (await alice.fetch('/operations/data/tenants?q=northg')).json()) as { items: { id: string }[] }
  assert.deepEqual(
    found.items.map(({ id }) => id),
    [bob.tenantId],
  )
})

test('GG-14 what tables and columns mean is told without the ids of requirements', async () => {
  const { items } = (await (await alice.fetch('/operations/data/tables')).json()) as { items: BrowsedTable[] }
  const told = items.flatMap(({ comment, columns }) => [comment, ...columns.map(column => column.comment)])
  const anId = /\b[A-Z]{2}-\d{2}\b/
  assert.deepEqual(
    told.filter(comment => comment !== null && anId.test(comment)),
    [],
  )
  const written = await admin.query(`select from pg_description where description ~ '[A-Z]{2}-[0-9]{2}'`)
  assert.ok((written.rowCount ?? 0) > 50, 'control')
  assert.ok(told.some(comment => comment?.endsWith('if it is public or shared with them')))
  assert.ok(told.some(comment => comment?.startsWith('What became of a contractor')))
  assert.ok(told.some(comment => comment?.startsWith('Sessions, two-factor and addresses allowed, in the')))
})
