import assert from 'node:assert/strict'
import { test } from 'node:test'
import { announceRevocation } from '#platform/identity'
import { rowMaker } from '#test/rows.ts'
import { joinAs, newPerson, type Person, signIn, testWorld } from '#test/world.ts'
import { isSecret, listPersonalTables } from './exports.ts'

const world = await testWorld()
const { app, admin, alice, bob } = world

type Table = { table: string; description: string | null; columns: object; rows: Record<string, unknown>[] }
type Export = {
  about: { account: { id: string; email: string } }
  account: Table[]
  workspaces: { id: string; name: string; roles: string[]; tables: Table[] }[]
  mails: { name: string; createdAt: string }[]
  log: { action: string; resource: string; isByOthers?: boolean; workspace?: string }[]
}

async function exportOf(person: Person): Promise<{ data: Export; text: string; response: Response }> {
  const response = await person.fetch('/me/export')
  const text = await response.text()
  assert.equal(response.status, 200, text.slice(0, 500))
  return { data: JSON.parse(text) as Export, text, response }
}

const tables = await listPersonalTables(app.db.scoped({ system: true }))

test('MT-08 the export is a file of JSON with my rows in every table that leads to an account', async () => {
  const ada = await newPerson(world, { tenantName: 'Export Ltd' })
  const row = rowMaker(admin, ada)
  for (const { name } of tables) await row(name)
  const { data, response } = await exportOf(ada)
  assert.match(
    response.headers.get('content-disposition') ?? '',
    /^attachment; filename="commonhold-my-data-[\d-]+\.json"$/,
  )
  assert.match(response.headers.get('content-type') ?? '', /^application\/json/)
  assert.match(response.headers.get('cache-control') ?? '', /no-store/)
  assert.deepEqual(data.about.account, { id: ada.userId, email: ada.email })

  const { rows } = await admin.query(`
    select distinct conrelid::regclass::text as name
    from pg_constraint
    where contype = 'f' and conparentid = 0
      and confrelid in ('identity.users'::regclass)
    order by 1`)
  const shown = [...data.account, ...(data.workspaces[0]?.tables ?? [])]
  // Rows of nobody's, where operators work on what all tenants share, name who did it; the log has it for him. That they
  // go with no account and belong to no tenant is what tells them.
  const ofNobody = [
    ...['import_files', 'imports', 'match_decisions', 'mentions'].map(name => `contractors.${name}`),
    ...['alarms', 'legal_holds'].map(name => `operations.${name}`),
  ]
  const { rows: naming } = await admin.query(`
    select conrelid::regclass::text as name
    from pg_constraint as k
    where contype = 'f' and conparentid = 0 and confrelid = 'identity.users'::regclass
      and conrelid <> confrelid
      and not exists (select from pg_attribute where attrelid = conrelid and attname = 'tenant_id')
    group by conrelid
    having bool_and(confdeltype = 'n')
    order by 1`)
  assert.deepEqual(
    naming.map(row => row.name),
    ofNobody,
  )
  for (const { name } of rows.filter(row => !ofNobody.includes(row.name))) {
    const table = shown.find(each => each.table === name)
    assert.ok(table, `${name} refers to accounts and is not in the export`)
    assert.ok(table.rows.length > 0, `${name} has a row of his, and the export none`)
    assert.ok(table.description, `${name} is explained`)
  }
  assert.deepEqual(
    data.workspaces.map(({ name, roles }) => ({ name, roles })),
    [{ name: 'Export Ltd', roles: ['owner'] }],
  )
  assert.ok(data.log.some(({ action }) => action === 'sign_up'))
})

test('MT-08 VS-02 no hash, key or token is in the export', async () => {
  const suspicious = tables.flatMap(({ name, columns }) =>
    columns
      .filter(
        column => /hash|encrypted|token|secret|code|key|handle|credential/.test(column.name) || column.type === 'bytea',
      )
      .filter(column => !isSecret(name, column.name))
      .map(column => `${name}.${column.name}`),
  )
  assert.deepEqual(
    suspicious,
    [
      'federation.iam_providers.secret_changed_at',
      'federation.scim_users.user_name_key',
      'identity.avatars.content',
      'oauth.client_secrets.takes_secrets',
      'oauth.oauth_clients.token_endpoint_auth_method',
      'oauth.oauth_clients.takes_secrets',
      'operations.tenant_exports.file_hash',
      'webhooks.endpoints.previous_secret_until',
    ],
    'a name in small letters, a picture, a time, the sum of one’s own file, and whether there are secrets, are none',
  )

  const ada = await newPerson(world, { tenantName: 'Secrets Ltd' })
  const row = rowMaker(admin, ada)
  for (const { name } of tables) await row(name)
  const secrets: string[] = []
  for (const { name, columns } of tables) {
    for (const column of columns.filter(each => isSecret(name, each.name))) {
      const { rows } = await admin.query(
        `select "${column.name}"::text as text ${column.type === 'bytea' ? `, encode("${column.name}", 'base64') as base64` : ''} from ${name}`,
      )
      secrets.push(...rows.flatMap(each => [each.text?.replace(/^\\x/, ''), each.base64?.replaceAll('\n', '')]))
    }
  }
  const telling = secrets.filter(secret => secret && secret.length > 8)
  assert.ok(telling.length > 20, 'control: there are secrets')
  const { text } = await exportOf(ada)
  for (const secret of telling) assert.ok(!text.includes(secret), secret)
  assert.ok(!text.includes(ada.accessToken))
})

test('MT-08 AG-01 it has what is mine in each of my workspaces, and nothing of anybody else', async () => {
  const ada = await newPerson(world, { tenantName: 'Here Ltd' })
  await joinAs(world, ada.userId, alice.tenantId, 'member')
  const there = await signIn(world.baseUrl, ada, alice.tenantId)
  const make = async (person: Person, name: string) => {
    const response = await person.fetch('/contractor-lists', { method: 'POST', body: { name, isPublic: true } })
    assert.equal(response.status, 201)
  }
  await make(ada, 'Mine at home')
  await make(there, 'Mine as a guest')
  await make(alice, 'Of my host')
  await make(bob, 'Of a stranger')
  const { data, text } = await exportOf(ada)
  const lists = data.workspaces.flatMap(({ name, tables: shown }) =>
    (shown.find(({ table }) => table === 'contractors.contractor_lists')?.rows ?? []).map(row => [name, row.name]),
  )
  assert.ok(lists.some(([tenant, name]) => tenant === 'Here Ltd' && name === 'Mine at home'))
  assert.ok(lists.some(([tenant, name]) => tenant === 'Meridian Capture' && name === 'Mine as a guest'))
  for (const foreign of [
    'Of my host',
    'Of a stranger',
    alice.email,
    bob.email,
    bob.tenantId,
    bob.userId,
    alice.userId,
  ]) {
    assert.ok(!text.includes(foreign), foreign)
  }
  const { text: control } = await exportOf(alice)
  assert.ok(control.includes('Of my host'))
  assert.ok(!control.includes('Mine as a guest'))
})

test('MT-08 an operator’s export has what he did to others, without what that was; theirs has it without by whom', async () => {
  const [ada, ben] = [await newPerson(world), await newPerson(world)]
  await admin.query('insert into identity.operators (user_id) values ($1)', [ada.userId])
  announceRevocation(app)
  const change = (status: string) =>
    ada.fetch(`/users/${ben.userId}/status`, { method: 'POST', body: { status, reason: 'Very private' } })
  assert.equal((await change('suspended')).status, 200)
  assert.equal((await change('active')).status, 200)
  const operator = await exportOf(ada)
  assert.ok(operator.data.log.some(({ action }) => action === 'suspend'))
  assert.ok(!operator.text.includes(ben.email))
  assert.ok(!operator.text.includes('Very private'))
  const own = await exportOf(await signIn(world.baseUrl, ben))
  assert.ok(own.data.log.some(({ action, isByOthers }) => action === 'suspend' && isByOthers))
  assert.ok(own.data.mails.some(({ name }) => name === 'identity.account_closed'))
  assert.ok(!own.text.includes(ada.email))
})

test('GG-19 each export is in the log, and needs a fresh sign-in', async () => {
  const ada = await newPerson(world)
  await exportOf(ada)
  const exports = () =>
    admin.query(`select from audit.audit_logs where action = 'export' and user_id = $1 and resource_id = $1::text`, [
      ada.userId,
    ])
  assert.equal((await exports()).rowCount, 1)
  await admin.query(
    `update identity.user_sessions set authenticated_at = now() - interval '11 minutes' where user_id = $1`,
    [ada.userId],
  )
  announceRevocation(app)
  assert.equal((await ada.fetch('/me/export')).status, 403)
  assert.equal((await exports()).rowCount, 1)
})
