import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import { type Scope, sql } from '#platform/database'
import { fetchPublic } from '#platform/http'
import { makeOperator } from '#platform/identity'
import { joinAs, newPerson, type Person, signIn, testWorld } from '#test/world.ts'
import { type ClientSecret, holdsSecret, listSecrets, type NewClientSecret } from './client-secrets.ts'
import { type Client, deviceGrant, findClient, type ListedClient } from './clients.ts'
import { findShowing } from './issuer-clients.ts'

const world = await testWorld()
const { app, admin, db, alice, bob, viewer, baseUrl } = world

type Made = Client & { secret: string | null }

const web = {
  type: 'confidential',
  name: 'Reports',
  grantTypes: ['authorization_code', 'refresh_token'],
  redirectUris: ['https://reports.example/callback'],
  scopes: ['openid', 'offline_access', 'contractors.lists.read'],
}
const phone = {
  type: 'public',
  name: 'Phone',
  grantTypes: ['authorization_code'],
  redirectUris: ['com.example.phone:/back', 'http://127.0.0.1/back'],
  scopes: ['openid', 'contractors.*'],
}

async function answer<T>(response: Response, status: number): Promise<T> {
  const text = await response.text()
  assert.equal(response.status, status, text)
  return (text ? JSON.parse(text) : undefined) as T
}

async function refusal(response: Response, status: number, code: string): Promise<{ detail: string }> {
  const problem = await answer<{ code: string; detail: string }>(response, status)
  assert.equal(problem.code, code, problem.detail)
  return problem
}

const clientsOf = '/oauth/clients'
const create = async (by: Person, wanted: object = web, path = clientsOf) =>
  await answer<Made>(await by.fetch(path, { method: 'POST', body: wanted }), 201)

const inTenant = (person: Person): Scope => ({ system: true, tenantId: person.tenantId })
const holds = async (client: Pick<Client, 'clientId'>, secret: string, person = alice) => {
  const tx = db.scoped(inTenant(person))
  const found = await findShowing(tx, client.clientId)
  return found !== undefined && (await holdsSecret(tx, found.secrets, secret))
}

/** A member of Alice's tenant who may do this and nothing else. */
async function memberWho(...permissions: string[]): Promise<Person> {
  const body = { name: `Role ${permissions.join(' ')}`.slice(0, 50).trim(), description: '', permissions, scopes: [] }
  await answer(await alice.fetch('/roles', { method: 'POST', body }), 201)
  const person = await newPerson(world)
  await joinAs(world, person.userId, alice.tenantId, body.name)
  return await signIn(baseUrl, person, alice.tenantId)
}

async function newService(role: string): Promise<string> {
  const { rows } = await admin.query('select id from access.roles where tenant_id = $1 and name = $2', [
    alice.tenantId,
    role,
  ])
  const body = { name: `Program as ${role}`, description: null, roleIds: [rows[0].id] }
  return (await answer<{ id: string }>(await alice.fetch('/service-accounts', { method: 'POST', body }), 201)).id
}

test('GG-13 VS-02 a client is made with a secret that is shown once, and only its hash is kept', async () => {
  const made = await create(alice)
  assert.match(made.clientId, /^app_[A-Za-z0-9]{24}$/)
  assert.match(made.secret ?? '', /^chs_[A-Za-z0-9_-]{43}$/)
  assert.equal(made.tokenEndpointAuthMethod, 'client_secret_basic')
  const kept = await admin.query(
    `select to_jsonb(client)::text || to_jsonb(secret)::text as row
     from oauth.oauth_clients as client
     join oauth.client_secrets as secret on secret.client_id = client.id
     where client.id = $1`,
    [made.id],
  )
  assert.equal(kept.rows.length, 1)
  assert.ok(!kept.rows[0].row.includes(made.secret))
  const shown = await answer<Client>(await alice.fetch(`${clientsOf}/${made.id}`), 200)
  const { secret: _, ...client } = made
  assert.deepEqual(shown, client)
  const listed = await answer<{ items: ListedClient[] }>(await alice.fetch(clientsOf), 200)
  assert.ok(listed.items.some(({ id }) => id === made.id))
  const logged = await admin.query(
    `select action, resource, changes::text as changes from audit.audit_logs
     where tenant_id = $1 and (resource_id = $2 or details ->> 'client_id' = $2) order by resource desc`,
    [alice.tenantId, made.id],
  )
  assert.deepEqual(
    logged.rows.map(({ action, resource }) => `${action} ${resource}`),
    ['insert oauth.oauth_clients', 'insert oauth.client_secrets'],
  )
  assert.ok(await holds(made, made.secret ?? ''), 'control: it is the secret')
  assert.equal(await holds(made, `${made.secret}x`), false)
})

test('MT-21 a public client has no secret, and can be given none', async () => {
  const made = await create(alice, phone)
  assert.equal(made.secret, null)
  assert.equal(made.tokenEndpointAuthMethod, 'none')
  await refusal(
    await alice.fetch(`${clientsOf}/${made.id}/secrets`, { method: 'POST', body: {} }),
    409,
    'oauth.secrets_not_taken',
  )
  const path = `${clientsOf}/${made.id}`
  await refusal(
    await alice.fetch(path, { method: 'PATCH', body: { tokenEndpointAuthMethod: 'client_secret_post' } }),
    400,
    'oauth.auth_method_unfit',
  )
  await assert.rejects(
    admin.query(
      `insert into oauth.client_secrets (tenant_id, client_id, secret_hash, hint) values ($1, $2, $3, 'abcd')`,
      [alice.tenantId, made.id, Buffer.alloc(32)],
    ),
    { constraint: 'client_secrets_client_id_fkey' },
  )
})

test('GG-13 a secret is replaced with overlap: both work, then one; a second rotation ends the first at once', async () => {
  const made = await create(alice)
  const path = `${clientsOf}/${made.id}/secrets`
  const rotate = async (overlapHours: number) =>
    await answer<NewClientSecret>(await alice.fetch(path, { method: 'POST', body: { overlapHours } }), 201)
  const second = await rotate(1)
  const first = made.secret ?? ''
  assert.deepEqual([await holds(made, first), await holds(made, second.secret)], [true, true])
  const listed = await answer<{ items: ClientSecret[] }>(await alice.fetch(path), 200)
  assert.deepEqual(
    listed.items.map(({ hint, expiresAt }) => [hint, expiresAt === null]),
    [
      [second.secret.slice(-4), true],
      [first.slice(-4), false],
    ],
  )
  assert.ok(listed.items.every(({ lastUsedAt }) => lastUsedAt !== null))
  assert.ok(!JSON.stringify(listed).includes(second.secret))
  await admin.query(`update oauth.client_secrets set expires_at = now() where client_id = $1 and hint = $2`, [
    made.id,
    first.slice(-4),
  ])
  assert.deepEqual([await holds(made, first), await holds(made, second.secret)], [false, true])

  const third = await rotate(1)
  const fourth = await rotate(1)
  const works = await Promise.all([second, third, fourth].map(({ secret }) => holds(made, secret)))
  assert.deepEqual(works, [false, true, true])
  await answer(await alice.fetch(`${path}/${third.id}`, { method: 'DELETE' }), 204)
  assert.equal(await holds(made, third.secret), false)
  await refusal(await alice.fetch(`${path}/${third.id}`, { method: 'DELETE' }), 404, 'oauth.secret_not_found')
  const fifth = await rotate(0)
  assert.deepEqual([await holds(made, fourth.secret), await holds(made, fifth.secret)], [false, true])
})

test('GG-13 of many rotations at once one secret stays, and no more than one more works', async () => {
  const made = await create(alice)
  const answers = await Promise.all(
    Array.from({ length: 8 }, () =>
      alice.fetch(`${clientsOf}/${made.id}/secrets`, { method: 'POST', body: { overlapHours: 1 } }),
    ),
  )
  assert.ok(answers.every(({ status }) => status === 201))
  const living = await listSecrets(db.scoped(alice.scope), made.id)
  assert.equal(living.length, 2)
  assert.equal(living.filter(({ expiresAt }) => expiresAt === null).length, 1)
})

const impossible = [
  'http://reports.example/callback',
  'https://reports.example/callback#part',
  'https://*.example/callback',
  'https://reports.example/*',
  'https://user@reports.example/',
  'https://user:word@reports.example/',
  'https://reports.example@evil.example/',
  'https://reports.example\\@evil.example/',
  'https://reports example/',
  'http://localhost.evil.example/',
  'http://127.0.0.1.evil.example/',
  'http://127.0.0.1@evil.example/',
  'javascript:alert(1)',
  'data:text/html,x',
  'com.example.phone:/back',
  '//evil.example/',
  '/callback',
  'https:///callback',
  'HTTPS://reports.example/',
]

test('GG-13 nobody is sent back to an address that could be another’s', async () => {
  for (const uri of impossible) {
    const body = { ...web, redirectUris: ['https://reports.example/callback', uri] }
    const { detail } = await refusal(
      await alice.fetch(clientsOf, { method: 'POST', body }),
      400,
      'oauth.redirect_uri_invalid',
    )
    assert.ok(detail.includes(uri), detail)
    await assert.rejects(
      admin.query(
        `update oauth.oauth_clients set post_logout_redirect_uris = array[$2]
         where tenant_id = $1 and type = 'confidential'`,
        [alice.tenantId, uri],
      ),
      { constraint: 'oauth_clients_post_logout_redirect_uris_shape' },
    )
  }
  const fine = [
    'https://reports.example',
    'https://reports.example:8443/a/b?c=d&e=%20f',
    'http://localhost:3000/callback',
    'http://127.0.0.1:49152/',
    'http://[::1]/callback',
  ]
  assert.deepEqual((await create(alice, { ...web, redirectUris: fine })).redirectUris, fine)
})

test('GG-13 ways to a token that do not fit are refused', async () => {
  const serviceAccountId = await newService('viewer')
  const unfit: [object, string][] = [
    [{ ...web, redirectUris: [] }, 'oauth.grant_types_unfit'],
    [{ ...web, grantTypes: ['refresh_token'], redirectUris: [] }, 'oauth.grant_types_unfit'],
    [
      { ...phone, grantTypes: ['authorization_code', 'client_credentials'], serviceAccountId },
      'oauth.grant_types_unfit',
    ],
    [{ ...web, serviceAccountId }, 'oauth.grant_types_unfit'],
    [{ ...web, grantTypes: ['client_credentials'], redirectUris: [] }, 'oauth.service_account_needed'],
    [{ ...web, tokenEndpointAuthMethod: 'none' }, 'oauth.auth_method_unfit'],
    [{ ...web, tokenEndpointAuthMethod: 'private_key_jwt' }, 'oauth.auth_method_unfit'],
    [{ ...web, jwksUri: 'https://reports.example/jwks' }, 'oauth.auth_method_unfit'],
    [{ ...web, scopes: ['contractors.nothing'] }, 'access.scope_unknown'],
    [{ ...web, scopes: ['oauth.platform_clients.manage'] }, 'access.scope_unknown'],
  ]
  for (const [wanted, code] of unfit) {
    await refusal(await alice.fetch(clientsOf, { method: 'POST', body: wanted }), 400, code)
  }
  const both = { ...web, grantTypes: ['authorization_code', 'client_credentials', deviceGrant], serviceAccountId }
  assert.equal((await create(alice, both)).serviceAccountId, serviceAccountId)
  await answer(await alice.fetch(`/service-accounts/${serviceAccountId}`, { method: 'DELETE' }), 204)
  const { rows } = await admin.query(
    'select count(*)::int as count from oauth.oauth_clients where service_account_id = $1',
    [serviceAccountId],
  )
  assert.equal(rows[0].count, 0)
})

test('GG-13 a client with a key of its own has no secret, and nothing secret is taken in its keys', async () => {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const jwks = { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'a', use: 'sig', alg: 'ES256' }] }
  const wanted = { ...web, tokenEndpointAuthMethod: 'private_key_jwt', jwks }
  const made = await create(alice, wanted)
  assert.deepEqual([made.secret, made.jwks], [null, jwks])
  for (const keys of [[privateKey.export({ format: 'jwk' })], [{ kty: 'oct', k: 'c2VjcmV0' }], []]) {
    await refusal(
      await alice.fetch(clientsOf, { method: 'POST', body: { ...wanted, jwks: { keys } } }),
      400,
      'oauth.keys_invalid',
    )
  }
  // From a secret to a key: the secret ends with it.
  const other = await create(alice)
  const change = { tokenEndpointAuthMethod: 'private_key_jwt', jwksUri: 'https://reports.example/jwks' }
  await answer(await alice.fetch(`${clientsOf}/${other.id}`, { method: 'PATCH', body: change }), 200)
  assert.equal(await holds(other, other.secret ?? ''), false)
})

test('GG-13 a client is changed as it was seen, and by one of two at once', async () => {
  const made = await create(alice)
  const path = `${clientsOf}/${made.id}`
  const etag = (await alice.fetch(path)).headers.get('etag') ?? ''
  const patch = (name: string) => alice.fetch(path, { method: 'PATCH', body: { name }, headers: { 'if-match': etag } })
  const statuses = (await Promise.all([patch('One'), patch('Other')])).map(({ status }) => status)
  assert.deepEqual(statuses.toSorted(), [200, 412])
  // Its use is no change.
  await db.scoped(inTenant(alice)).run(sql`update oauth.oauth_clients set last_used_at = now() where id = ${made.id}`)
  const seen = await alice.fetch(path)
  const before = await answer<Client>(seen, 200)
  const changed = { description: 'For the board', requirePushedAuthorizationRequests: true }
  const headers = { 'if-match': seen.headers.get('etag') ?? '' }
  const after = await answer<Client>(await alice.fetch(path, { method: 'PATCH', body: changed, headers }), 200)
  assert.deepEqual(after, { ...before, ...changed, updatedAt: after.updatedAt })
})

// CVE-2026-4629, CVE-2026-41427: what is checked when a client is made and not where else it is written.
test('MT-20 nobody gives a client more than he holds, at no verb; to stop one he needs nothing', async () => {
  const powerful = await create(alice, { ...web, scopes: ['openid', 'audit.logs.read', 'contractors.*'] })
  const modest = await create(alice, { ...web, scopes: ['openid', 'contractors.lists.read'] })
  const serviceAccountId = await newService('admin')
  const machine = await create(alice, {
    ...web,
    grantTypes: ['client_credentials'],
    redirectUris: [],
    scopes: ['openid'],
    serviceAccountId,
  })
  const clerk = await memberWho('oauth.clients.read', 'oauth.clients.write', 'contractors.lists.read')
  const own = await create(clerk, web)
  const tooMuch: [method: string, path: string, body?: object][] = [
    ['POST', clientsOf, { ...web, scopes: ['audit.logs.read'] }],
    ['POST', clientsOf, { ...web, scopes: ['contractors.*'] }],
    ['POST', clientsOf, { ...web, scopes: ['*'] }],
    ['POST', clientsOf, { ...web, grantTypes: ['client_credentials'], redirectUris: [], scopes: [], serviceAccountId }],
    ['PATCH', `${clientsOf}/${modest.id}`, { scopes: ['openid', 'contractors.lists.read', 'audit.logs.read'] }],
    ['PATCH', `${clientsOf}/${own.id}`, { scopes: ['contractors.lists.*'] }],
    ['PATCH', `${clientsOf}/${powerful.id}`, { redirectUris: ['https://evil.example/'] }],
    ['PATCH', `${clientsOf}/${powerful.id}`, { scopes: ['openid'] }],
    [
      'PATCH',
      `${clientsOf}/${powerful.id}`,
      { tokenEndpointAuthMethod: 'private_key_jwt', jwksUri: 'https://evil.example/' },
    ],
    ['PATCH', `${clientsOf}/${powerful.id}`, { isActive: false, redirectUris: ['https://evil.example/'] }],
    ['PATCH', `${clientsOf}/${machine.id}`, { name: 'Mine' }],
    ['DELETE', `${clientsOf}/${powerful.id}`],
    ['POST', `${clientsOf}/${powerful.id}/secrets`, {}],
    ['POST', `${clientsOf}/${machine.id}/secrets`, {}],
    ['POST', `${clientsOf}/${powerful.id}/tries`],
  ]
  const kept = async () =>
    (
      await admin.query('select to_jsonb(client) from oauth.oauth_clients as client where id = any ($1) order by id', [
        [powerful.id, modest.id, machine.id, own.id],
      ])
    ).rows
  const before = await kept()
  for (const [method, path, body] of tooMuch) {
    const { detail } = await refusal(await clerk.fetch(path, { method, body }), 403, 'access.grant_exceeded')
    assert.match(detail, /audit\.logs\.read|contractors\.|access\./, `${method} ${path}`)
  }
  assert.deepEqual(await kept(), before)
  assert.ok(await holds(powerful, powerful.secret ?? ''))

  // Past the program the database says the same.
  const statements = [
    sql`update oauth.oauth_clients set redirect_uris = '{https://evil.example/}' where id = ${powerful.id}`,
    sql`update oauth.oauth_clients set scopes = '{openid,audit.logs.read}' where id = ${own.id}`,
    sql`update oauth.oauth_clients set name = 'Mine' where id = ${machine.id}`,
    sql`delete from oauth.oauth_clients where id = ${powerful.id}`,
    sql`insert into oauth.client_secrets (client_id, secret_hash, hint) values (${powerful.id}, ${Buffer.alloc(32)}, 'abcd')`,
    sql`insert into oauth.oauth_clients (client_id, name, type, grant_types, scopes, token_endpoint_auth_method, redirect_uris)
      values ('app_AAAAAAAAAAAAAAAAAAAAAAAA', 'x', 'public', '{authorization_code}', '{audit.logs.read}', 'none', '{https://x.example}')`,
  ]
  for (const statement of statements) {
    await assert.rejects(db.scoped(clerk.scope).run(statement), { constraint: 'grants_within_own' })
  }

  // What he holds he may do, and the brakes are everybody's who may change clients at all.
  await answer(await clerk.fetch(`${clientsOf}/${modest.id}`, { method: 'PATCH', body: { name: 'Modest' } }), 200)
  await answer(await clerk.fetch(`${clientsOf}/${own.id}/secrets`, { method: 'POST', body: {} }), 201)
  const stopped = await answer<Client>(
    await clerk.fetch(`${clientsOf}/${powerful.id}`, { method: 'PATCH', body: { isActive: false } }),
    200,
  )
  assert.equal(stopped.isActive, false)
  await refusal(
    await clerk.fetch(`${clientsOf}/${powerful.id}`, { method: 'PATCH', body: { isActive: true } }),
    403,
    'access.grant_exceeded',
  )
  const [secret] = await listSecrets(db.scoped(alice.scope), powerful.id)
  await answer(await clerk.fetch(`${clientsOf}/${powerful.id}/secrets/${secret?.id}`, { method: 'DELETE' }), 204)
  await refusal(await viewer.fetch(clientsOf), 403, 'http.permission_missing')
})

test('MT-20 an owner gives a client all that people may do, but not by its name what nobody may', async () => {
  for (const scope of ['*', 'federation.*']) {
    const made = await create(alice, { ...web, scopes: ['openid', scope] })
    assert.deepEqual(made.scopes, ['openid', scope])
  }
  const wanted = { ...web, scopes: ['openid', 'federation.directory.provision'] }
  const refused = await alice.fetch(clientsOf, { method: 'POST', body: wanted })
  await refusal(refused, 403, 'access.grant_exceeded')
})

test('AG-01 another tenant’s client is not there, and a client of the installation is everywhere', async () => {
  const made = await create(alice)
  for (const [method, path, body] of [
    ['GET', `${clientsOf}/${made.id}`],
    ['PATCH', `${clientsOf}/${made.id}`, { name: 'Mine' }],
    ['DELETE', `${clientsOf}/${made.id}`],
    ['GET', `${clientsOf}/${made.id}/secrets`],
    ['POST', `${clientsOf}/${made.id}/secrets`, {}],
    ['POST', `${clientsOf}/${made.id}/tries`],
  ] as const) {
    await refusal(await bob.fetch(path, { method, body }), 404, 'oauth.client_not_found')
  }
  const find = (person: Person) => findClient(db.scoped(inTenant(person)), made.clientId)
  assert.equal((await find(alice))?.id, made.id, 'control')
  assert.equal(await find(bob), undefined)
  assert.equal(await findClient(db.scoped({ system: true }), made.clientId), undefined)
  assert.equal(await holds(made, made.secret ?? '', bob), false)

  const installation = '/installation/oauth-clients'
  await refusal(await alice.fetch(installation), 403, 'http.permission_missing')
  const operator = await newPerson(world, { tenantName: 'Operations' })
  await app.db.transaction({ system: true }, tx => makeOperator(tx, operator.userId))
  const again = await signIn(baseUrl, operator)
  const common = await create(again, { ...web, name: 'Everywhere' }, installation)
  assert.match(common.clientId, /^platform_[A-Za-z0-9]{24}$/)
  assert.ok(common.isOfPlatform)
  for (const person of [alice, bob]) {
    assert.equal((await findClient(db.scoped(inTenant(person)), common.clientId))?.id, common.id)
    assert.ok(await holds(common, common.secret ?? '', person))
    await refusal(await person.fetch(`${clientsOf}/${common.id}`), 404, 'oauth.client_not_found')
    const listed = await answer<{ items: Client[] }>(await person.fetch(clientsOf), 200)
    assert.ok(!listed.items.some(({ id }) => id === common.id))
    // Seen in a tenant, and written in none.
    const own = db.scoped(person.scope)
    assert.deepEqual(
      await own.run(sql`update oauth.oauth_clients set name = 'x' where id = ${common.id} returning id`),
      [],
    )
    assert.deepEqual(await own.run(sql`delete from oauth.oauth_clients where id = ${common.id} returning id`), [])
  }
  await refusal(
    await again.fetch(installation, {
      method: 'POST',
      body: { ...web, grantTypes: ['client_credentials'], redirectUris: [] },
    }),
    400,
    'oauth.grant_types_unfit',
  )
  const path = `${installation}/${common.id}`
  await answer(await again.fetch(path, { method: 'PATCH', body: { isActive: false } }), 200)
  await answer(await again.fetch(`${path}/secrets`, { method: 'POST', body: {} }), 201)
  const { rows } = await admin.query(`select distinct tenant_id::text from audit.audit_logs where resource_id = $1`, [
    common.id,
  ])
  assert.deepEqual(rows, [{ tenant_id: '00000000-0000-0000-0000-000000000000' }])
  await answer(await again.fetch(path, { method: 'DELETE' }), 204)
  await refusal(await again.fetch(path), 404, 'oauth.client_not_found')
})

test('GG-13 a try opens a client for ten minutes, with a secret that ends with it', async () => {
  const made = await create(alice)
  type Try = { redirectUri: string; secret: string; until: string }
  const opened = await answer<Try>(await alice.fetch(`${clientsOf}/${made.id}/tries`, { method: 'POST' }), 201)
  assert.equal(opened.redirectUri, `${app.publicUrl}/oauth/try`)
  const minutes = (Date.parse(opened.until) - Date.now()) / 60_000
  assert.ok(minutes > 9 && minutes <= 10.1, String(minutes))
  assert.deepEqual([await holds(made, opened.secret), await holds(made, made.secret ?? '')], [true, true])
  const known = await findClient(db.scoped(inTenant(alice)), made.clientId)
  assert.ok(known?.triedUntil && known.triedUntil > new Date())
  assert.deepEqual(known.redirectUris, web.redirectUris)
  await admin.query(
    `update oauth.client_secrets set expires_at = now() where client_id = $1 and expires_at is not null`,
    [made.id],
  )
  assert.equal(await holds(made, opened.secret), false)
  await answer(await alice.fetch(`${clientsOf}/${made.id}`, { method: 'PATCH', body: { isActive: false } }), 200)
  await refusal(await alice.fetch(`${clientsOf}/${made.id}/tries`, { method: 'POST' }), 409, 'oauth.client_off')
})

test('GG-13 an application is not called what people cannot see', async () => {
  for (const name of ['Bank\u202e knaB', 'Ba\u200bnk', '\u2066Bank\u2069', '\u{e0041}Bank', 'Bank\ufe00']) {
    await refusal(await alice.fetch(clientsOf, { method: 'POST', body: { ...web, name } }), 400, 'oauth.name_unseen')
  }
  const { id } = await create(alice, { ...web, name: 'Bänk für Ökologie 銀行' })
  await refusal(
    await alice.fetch(`${clientsOf}/${id}`, { method: 'PATCH', body: { name: 'Bank\u202e' } }),
    400,
    'oauth.name_unseen',
  )
  await assert.rejects(admin.query(`update oauth.oauth_clients set name = $2 where id = $1`, [id, 'Bank\u202e']), {
    constraint: 'oauth_clients_name_shown',
  })
})

test('GG-13 a logout address that leads inside is refused when it is saved, and when it is asked', async () => {
  const inside = [
    '127.0.0.1',
    '10.1.2.3',
    '192.168.0.1',
    '169.254.169.254',
    '[::1]',
    '[fd00::1]',
    '2130706433',
    'localhost',
  ]
  for (const host of inside) {
    const backchannelLogoutUri = `https://${host}/`
    const answer = await alice.fetch(clientsOf, { method: 'POST', body: { ...web, backchannelLogoutUri } })
    await refusal(answer, 400, 'http.outgoing_refused')
    await assert.rejects(fetchPublic(app, backchannelLogoutUri), { code: 'http.outgoing_refused' })
  }
  const { id } = await create(alice, { ...web, backchannelLogoutUri: 'https://app.example.org/logout' })
  const changed = await alice.fetch(`${clientsOf}/${id}`, {
    method: 'PATCH',
    body: { backchannelLogoutUri: 'https://127.0.0.1/' },
  })
  await refusal(changed, 400, 'http.outgoing_refused')
})
