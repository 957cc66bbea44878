import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { PlacedDatabase, sql } from '#platform/database'
import { findIsolationFaults } from '#platform/database/isolation.ts'
import { DomainError } from '#platform/errors.ts'
import { enqueue } from '#platform/jobs'
import { placeTenant } from '#platform/tenancy'
import { tenantDatabase } from '#test/tenant-databases.ts'
import { newPerson, signIn, testWorld } from '#test/world.ts'
import { createTenantFor } from '../src/platform/accounts/installation-tenants.ts'
import { removeTenant } from '../src/platform/accounts/tenant-removals.ts'

const world = await testWorld()
const elsewhere = await tenantDatabase(world, { isEmpty: true })
const { app, admin, alice, bob, viewer } = world
const { placements } = app
assert.ok(placements)

const contractor = '11111111-1111-4111-8111-111111111111'
await admin.query(
  `insert into contractors.contractor_profiles (id, uei, name, state, total_contract_value)
  values ($1, 'C12NSYAH27N4', 'LEIDOS, INC.', 'VA', 500.10), (gen_random_uuid(), 'H7PNSVNN5827', 'VERIZON', 'NJ', 7)`,
  [contractor],
)
const { id: databaseId } = await placements.register(elsewhere.url)
await app.db.transaction({ system: true, tenantId: alice.tenantId }, tx => placeTenant(tx, alice.tenantId, databaseId))
placements.forget()

async function answer(person: typeof alice, path: string, init?: Parameters<typeof alice.fetch>[1]) {
  const response = await person.fetch(path, init)
  const text = await response.text()
  return { status: response.status, headers: response.headers, body: text === '' ? null : JSON.parse(text) }
}

const listsIn = async (client: typeof admin) =>
  (await client.query('select tenant_id, name from contractors.contractor_lists order by name')).rows

test('MT-17 the application data of a placed tenant is in its own database and only there, that of others in the main one', async () => {
  const made = await answer(alice, '/contractor-lists', { method: 'POST', body: { name: 'Elsewhere' } })
  assert.equal(made.status, 201, JSON.stringify(made.body))
  assert.equal((await answer(bob, '/contractor-lists', { method: 'POST', body: { name: 'Here' } })).status, 201)
  assert.deepEqual(await listsIn(elsewhere.admin), [{ tenant_id: alice.tenantId, name: 'Elsewhere' }])
  assert.deepEqual(await listsIn(admin), [{ tenant_id: bob.tenantId, name: 'Here' }])

  const item = await answer(alice, `/contractor-lists/${made.body.id}/items`, {
    method: 'POST',
    body: { uei: 'C12NSYAH27N4' },
  })
  assert.equal(item.status, 201, JSON.stringify(item.body))
  assert.equal(item.body.contractor.name, 'LEIDOS, INC.')
  const again = await answer(alice, `/contractor-lists/${made.body.id}/items`, {
    method: 'POST',
    body: { contractorId: contractor },
  })
  assert.equal(again.body.code, 'contractors.already_in_list')
  const list = await answer(alice, `/contractor-lists/${made.body.id}`)
  assert.equal(list.body.totalValue, '500.10')
  assert.deepEqual(
    (await answer(alice, `/contractors/${contractor}/lists`)).body.items.map((one: { id: string }) => one.id),
    [made.body.id],
  )
  // The catalogue is everybody's, wherever his lists are.
  assert.equal((await answer(alice, '/contractors?q=verizon')).body.total.count, 1)
  assert.equal((await answer(alice, `/contractors/${contractor}`)).status, 200)
  assert.equal((await answer(bob, `/contractor-lists/${made.body.id}`)).status, 404)
})

test('MT-17 only what keys need is copied of the platform’s rows, and no secret', async () => {
  await answer(viewer, '/contractor-lists')
  const { rows: users } = await elsewhere.admin.query('select * from identity.users order by email')
  assert.deepEqual(users.map(user => user.id).sort(), [alice.userId, viewer.userId].sort())
  assert.ok(users.every(user => user.last_login_at === null && user.login_count === 0))
  for (const table of [
    'identity.passwords',
    'identity.user_sessions',
    'identity.two_factors',
    'identity.signing_keys',
  ]) {
    assert.equal((await elsewhere.admin.query(`select from ${table}`)).rowCount, 0, table)
    assert.ok(Number((await admin.query(`select from ${table}`)).rowCount) > 0 || table === 'identity.two_factors')
  }
  const { rows: profiles } = await elsewhere.admin.query('select uei from contractors.contractor_profiles')
  assert.deepEqual(profiles, [{ uei: 'C12NSYAH27N4' }])
})

test('MT-17 the url is encrypted at rest', async () => {
  const { rows } = await admin.query(
    `select to_jsonb(d)::text || (select to_jsonb(t)::text from tenancy.tenants as t where id = $1) as text,
      (select coalesce(jsonb_agg(l.changes)::text, '') from audit.audit_logs as l) as log
    from tenancy.databases as d`,
    [alice.tenantId],
  )
  for (const secret of ['postgres://', new URL(elsewhere.url).password].filter(text => text !== '')) {
    assert.ok(!rows[0].text.includes(secret) && !rows[0].log.includes(secret))
  }
  assert.match(rows[0].text, /v1\.k1\./)
})

test('MT-17 what a member changes here is felt there, and who is erased is gone there', async () => {
  const guest = await newPerson(world, { fullName: 'Guest One' })
  await admin.query('insert into tenancy.user_tenants (tenant_id, user_id) values ($1, $2)', [
    alice.tenantId,
    guest.userId,
  ])
  await admin.query(`update identity.users set full_name = 'Alice Renamed' where id = $1`, [alice.userId])
  await admin.query('update contractors.contractor_profiles set total_contract_value = 900 where id = $1', [contractor])
  await placements.refresh(databaseId)
  const nameOf = async (id: string) =>
    (await elsewhere.admin.query('select full_name from identity.users where id = $1', [id])).rows[0]?.full_name
  assert.equal(await nameOf(alice.userId), 'Alice Renamed')
  assert.equal(await nameOf(guest.userId), 'Guest One')
  assert.equal(
    (await answer(alice, '/contractor-lists')).body.items.find((one: { name: string }) => one.name === 'Elsewhere')
      .totalValue,
    '900.00',
  )
  await admin.query('delete from identity.users where id = $1', [guest.userId])
  await placements.refresh(databaseId)
  assert.equal(await nameOf(guest.userId), undefined)
  const { rows } = await elsewhere.admin.query('select from tenancy.user_tenants where user_id = $1', [guest.userId])
  assert.equal(rows.length, 0)
})

test('MT-17 the audit page tells what happened in both places, page by page, each entry once', async () => {
  const all = (await answer(alice, '/audit-logs?limit=100')).body.items as {
    id: string
    resource: string
    createdAt: string
  }[]
  assert.ok(
    all.some(({ resource }) => resource === 'contractors.contractor_lists'),
    'from its own database',
  )
  assert.ok(
    all.some(({ resource }) => resource?.startsWith('tenancy.') || resource?.startsWith('access.')),
    'from the main one',
  )
  const paged: string[] = []
  let cursor: string | null = null
  do {
    const page: { items: { id: string }[]; nextCursor: string | null } = (
      await answer(alice, `/audit-logs?limit=3${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`)
    ).body
    paged.push(...page.items.map(({ id }) => id))
    cursor = page.nextCursor
  } while (cursor && paged.length < 100)
  assert.deepEqual(paged.slice(0, 100), all.map(({ id }) => id).slice(0, paged.length))
  const { resources } = (await answer(alice, '/audit-logs/options')).body
  assert.ok(
    resources.includes('contractors.contractor_list_items') &&
      resources.some((name: string) => name.startsWith('tenancy.')),
  )
  const ofBob = (await answer(bob, '/audit-logs?limit=100')).body.items as { id: string }[]
  assert.ok(ofBob.every(({ id }) => !paged.includes(id)))
})

test('MT-17 AG-01 the isolation check holds in a tenant’s database, and another tenant there sees nothing', async () => {
  const access = await placements.open(databaseId)
  try {
    assert.deepEqual(await findIsolationFaults(access.unscoped), [])
    const count = sql<{ count: number }>`select count(*)::integer as count from contractors.contractor_lists`
    assert.equal((await access.scoped(bob.scope).one(count)).count, 0)
    assert.ok((await access.scoped(alice.scope).one(count)).count > 0, 'control')
  } finally {
    await access.close()
  }
})

test('MT-17 work is not queued where no worker looks', async () => {
  const access = await placements.open(databaseId)
  try {
    await assert.rejects(
      enqueue(access.scoped(alice.scope), { name: 'mail.deliver', description: '', run: async () => {} }, {}),
      {
        code: '42501',
      },
    )
  } finally {
    await access.close()
  }
})

test('MT-17 all databases are brought up to date and asked together; one that fails holds up no other', async () => {
  const { id } = (
    await admin.query(
      `insert into tenancy.databases (name, url_encrypted, address_hash) values ('away:1/none', $1, '\\x00') returning id`,
      [app.keyring.encrypt('postgres://nobody:secret@127.0.0.1:9/none', 'elsewhere')],
    )
  ).rows[0]
  const done = await placements.migrateAll({ parallel: 2 })
  assert.deepEqual(
    done.map(({ name, applied, error }) => [name === 'away:1/none', applied, error === null]).toSorted(),
    [
      [false, [], true],
      [true, [], false],
    ],
  )
  const stored = await admin.query('select last_error from tenancy.databases where id = $1', [id])
  assert.ok(stored.rows[0].last_error && !stored.rows[0].last_error.includes('secret'))
  await admin.query('delete from tenancy.databases where id = $1', [id])
})

test('MT-17 a tenant made with a database of its own has its data there from the first row on', async () => {
  const details = await createTenantFor(
    app,
    {},
    { name: 'Placed at birth', ownerEmail: bob.email, databaseUrl: elsewhere.url },
  )
  const inTenant = await signIn(world.baseUrl, bob, details.id)
  assert.equal((await answer(inTenant, '/contractor-lists', { method: 'POST', body: { name: 'First' } })).status, 201)
  const { rows } = await elsewhere.admin.query('select name from contractors.contractor_lists where tenant_id = $1', [
    details.id,
  ])
  assert.deepEqual(rows, [{ name: 'First' }])
  await admin.query(`select set_config('app.tenant_id', $1, false), set_config('app.system', 'on', false)`, [
    details.id,
  ])
  await admin.query(`select tenancy.request_deletion(0, true, 'Over')`)
  await admin.query(`select set_config('app.tenant_id', '', false), set_config('app.system', '', false)`)
  assert.equal(await removeTenant(app, details.id), true)
  const left = await elsewhere.admin.query('select from contractors.contractor_lists where tenant_id = $1', [
    details.id,
  ])
  assert.equal(left.rows.length, 0)
  assert.ok((await listsIn(elsewhere.admin)).length > 0, 'control: the other tenant’s are there')
})

test('MT-17 a tenant whose database is down answers 503 quickly and harms no other', async () => {
  await elsewhere.close()
  const first = await answer(alice, '/contractor-lists')
  assert.equal(first.status, 503, JSON.stringify(first.body))
  assert.equal(first.body.code, 'tenancy.database_unavailable')
  assert.ok(Number(first.headers.get('retry-after')) > 0)
  assert.ok(!JSON.stringify(first.body).includes(elsewhere.name))
  const began = performance.now()
  const many = await Promise.all(Array.from({ length: 50 }, () => answer(alice, '/contractor-lists')))
  assert.deepEqual(
    many.filter(({ status }) => status !== 503).map(({ body }) => body),
    [],
  )
  const took = performance.now() - began
  assert.ok(took < 2_000, `${took} ms`)
  assert.equal((await answer(bob, '/contractor-lists')).status, 200)
  assert.equal((await answer(alice, '/me')).status, 200)
  assert.equal((await answer(alice, '/contractors?q=leidos')).status, 200)
  assert.equal((await fetch(`${world.baseUrl}/readyz`)).status, 200)
  assert.match(
    await (await fetch(`${world.baseUrl}/metrics`)).text().catch(() => ''),
    /tenant_databases\{state="away"\} [01]/,
  )

  await elsewhere.reopen()
  for (let waited = 0; waited < 80; waited++) {
    if ((await answer(alice, '/contractor-lists')).status === 200) break
    await sleep(100)
  }
  assert.equal((await answer(alice, '/contractor-lists')).status, 200)
})

test('MT-17 a change of the placement is felt within two seconds elsewhere', async () => {
  assert.equal(await app.placed?.placeOf({ tenantId: bob.tenantId }), undefined)
  await admin.query('insert into tenancy.placements (tenant_id, database_id) values ($1, $2)', [
    bob.tenantId,
    databaseId,
  ])
  await sleep(1_500)
  assert.equal(await app.placed?.placeOf({ tenantId: bob.tenantId }), databaseId)
  await admin.query('delete from tenancy.placements where tenant_id = $1', [bob.tenantId])
  await sleep(1_500)
  assert.equal(await app.placed?.placeOf({ tenantId: bob.tenantId }), undefined)
})

test('MT-17 a database that cannot serve is refused: the main one, and one that is away', async () => {
  const main = elsewhere.url.replace(elsewhere.name, world.name)
  await assert.rejects(placements.register(main), (error: DomainError) => error.code === 'tenancy.database_unfit')
  const away = new URL(elsewhere.url)
  away.searchParams.delete('host')
  away.hostname = '127.0.0.1'
  away.port = '9'
  await assert.rejects(placements.register(away.href), (error: DomainError) => {
    assert.equal(error.code, 'tenancy.database_away')
    assert.ok(away.password === '' || !error.message.includes(away.password))
    return true
  })
})

test('MT-17 a thousand placed tenants have no more open databases than are allowed', async () => {
  const opened = new Set<string>()
  const places = {
    find: (tenantId: string) => tenantId,
    open: async (id: string) => {
      opened.add(id)
      return {
        scoped: () => ({ run: async () => sleep(1) }),
        close: async () => void opened.delete(id),
      } as never
    },
    bring: async () => false,
    bringMembers: async () => false,
    noteOutbox: async () => {},
    refusals: {
      away: (cause: unknown) => new DomainError('x.y', 'unavailable', String(cause)),
      moving: () => new DomainError('x.z', 'unavailable', ''),
    },
  }
  const main = { beforeClose() {} } as never
  const many = new PlacedDatabase(main, places, { most: 20, idle: 50 })
  let most = 0
  await Promise.all(
    Array.from({ length: 1_000 }, async (_, index) => {
      await many.scoped({ tenantId: `tenant ${index}` }).run({} as never)
      most = Math.max(most, opened.size)
    }),
  )
  // One more may be on its way out.
  assert.ok(most <= 21, `${most}`)
  await sleep(200)
  assert.equal(opened.size, 0)
  await many.close()
})
