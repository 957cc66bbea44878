import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import * as openid from 'openid-client'
import { makeOperator } from '#platform/identity'
import {
  callerBy,
  type RegisteredClient,
  refusalOf,
  registerClient,
  type SignedIn,
  signInBy,
} from '#test/oauth-browser.ts'
import { joinAs, newPerson, type Person, signIn, testWorld } from '#test/world.ts'
import type { AllowedApplication, AllowingPerson, KnownApplication } from './allowances.ts'

const world = await testWorld()
const { app, admin, alice, bob, viewer, baseUrl } = world
const slugOf = async ({ tenantId }: Person): Promise<string> =>
  (await admin.query('select slug from tenancy.tenants where id = $1', [tenantId])).rows[0].slug
const slug = await slugOf(alice)

async function answer<T>(response: Response, status = 200): Promise<T> {
  const text = await response.text()
  assert.equal(response.status, status, text)
  return (text ? JSON.parse(text) : undefined) as T
}

async function refusal(response: Response, status: number, code: string): Promise<void> {
  assert.equal((await answer<{ code: string }>(response, status)).code, code)
}

const allowedBy = async (person: Person) =>
  (await answer<{ items: AllowedApplication[] }>(await person.fetch('/me/applications'))).items
const peopleOf = async ({ id }: RegisteredClient, by = alice) =>
  (await answer<{ items: AllowingPerson[] }>(await by.fetch(`/oauth/clients/${id}/people`))).items

/** Whether what an application got works: at the API, and for the next token. */
async function works({ tokens, config }: SignedIn): Promise<[boolean, boolean]> {
  const { status } = await callerBy(world, tokens.access_token)
  assert.ok([200, 401].includes(status), String(status))
  const refused = await refusalOf(openid.refreshTokenGrant(config, tokens.refresh_token ?? ''))
  return [status === 200, refused === 'none']
}

test('GG-13 a person sees what he allowed, and takes it back: all tokens of it end at once, and those of others stay', async () => {
  const client = await registerClient(alice, { name: 'Reporter' })
  const other = await registerClient(alice, { name: 'Another' })
  const [first, second] = [
    await signInBy(world, alice, { slug, client }),
    await signInBy(world, alice, { slug, client }),
  ]
  const elsewhere = await signInBy(world, alice, { slug, client: other })
  const vera = await signInBy(world, viewer, { slug, client })
  const shown = (await allowedBy(alice)).find(({ id }) => id === client.id)
  assert.ok(shown?.lastTokenAt)
  assert.deepEqual(
    { name: shown.name, scopes: shown.scopes, tenant: shown.tenant, isConnected: shown.isConnected },
    {
      name: 'Reporter',
      scopes: ['contractors.lists.read', 'offline_access', 'openid'],
      tenant: { id: alice.tenantId, name: 'Meridian Capture' },
      isConnected: true,
    },
  )
  const path = `/me/applications/${alice.tenantId}/${client.id}`
  await refusal(await bob.fetch(path, { method: 'DELETE' }), 404, 'oauth.allowance_not_found')
  await answer(await alice.fetch(path, { method: 'DELETE' }), 204)
  for (const ended of [first, second]) assert.deepEqual(await works(ended), [false, false])
  for (const left of [elsewhere, vera]) assert.deepEqual(await works(left), [true, true])
  assert.ok(!(await allowedBy(alice)).some(({ id }) => id === client.id))
  await refusal(await alice.fetch(path, { method: 'DELETE' }), 404, 'oauth.allowance_not_found')
  const { rows } = await admin.query(
    `select user_id, details from audit.audit_logs where action = 'oauth_allowance_revoked' and resource_id = $1`,
    [client.id],
  )
  assert.deepEqual(rows, [{ user_id: alice.userId, details: { userId: alice.userId, ended: 2 } }])
})

test('GG-13 an administrator sees who allowed an application what, and takes it back from one or from all', async () => {
  const client = await registerClient(alice, { name: 'Board' })
  const [ofAlice, ofVera] = [
    await signInBy(world, alice, { slug, client }),
    await signInBy(world, viewer, { slug, client }),
  ]
  const people = await peopleOf(client)
  assert.deepEqual(
    people.map(({ userId, name, isConnected }) => [userId, name, isConnected]),
    [
      [viewer.userId, 'Vera Viewer', true],
      [alice.userId, 'Alice Archer', true],
    ],
  )
  const path = `/oauth/clients/${client.id}/people`
  await refusal(await viewer.fetch(path), 403, 'http.permission_missing')
  await refusal(await viewer.fetch(path, { method: 'DELETE' }), 403, 'http.permission_missing')
  for (const [method, at] of [
    ['GET', path],
    ['DELETE', path],
    ['DELETE', `${path}/${viewer.userId}`],
  ] as const) {
    await refusal(await bob.fetch(at, { method }), 404, 'oauth.client_not_found')
  }
  await answer(await alice.fetch(`${path}/${viewer.userId}`, { method: 'DELETE' }), 204)
  assert.deepEqual(await works(ofVera), [false, false])
  assert.deepEqual(await works(ofAlice), [true, true])
  await refusal(await alice.fetch(`${path}/${viewer.userId}`, { method: 'DELETE' }), 404, 'oauth.allowance_not_found')
  await refusal(await alice.fetch(`${path}/${randomUUID()}`, { method: 'DELETE' }), 404, 'oauth.allowance_not_found')

  const again = await signInBy(world, viewer, { slug, client })
  assert.deepEqual(await answer(await alice.fetch(path, { method: 'DELETE' })), { people: 2 })
  for (const ended of [again, ofAlice]) assert.equal((await callerBy(world, ended.tokens.access_token)).status, 401)
  assert.deepEqual(await peopleOf(client), [])
  const [end] = (
    await admin.query(
      `select revoked_reason, revoked_by from oauth.grants where oauth_client_id = $1 and user_id = $2 order by created_at desc limit 1`,
      [client.id, viewer.userId],
    )
  ).rows
  assert.deepEqual(end, { revoked_reason: 'administrator', revoked_by: alice.userId })
})

test('GG-13 who leafs through the people sees each once', async () => {
  const client = await registerClient(alice, { name: 'Leaf' })
  for (const person of [alice, viewer]) await signInBy(world, person, { slug, client })
  const path = `/oauth/clients/${client.id}/people?limit=1`
  type Page = { items: AllowingPerson[]; nextCursor: string | null }
  const first = await answer<Page>(await alice.fetch(path))
  const second = await answer<Page>(await alice.fetch(`${path}&cursor=${encodeURIComponent(first.nextCursor ?? '')}`))
  assert.deepEqual(
    [...first.items, ...second.items].map(({ userId }) => userId),
    [viewer.userId, alice.userId],
  )
  assert.equal(second.nextCursor, null)
})

test('AG-01 of an application of the installation each tenant sees and ends only what its own people allowed', async () => {
  const operator = await newPerson(world, { tenantName: 'Operations' })
  await app.db.transaction({ system: true }, tx => makeOperator(tx, operator.userId))
  const again = await signIn(baseUrl, operator)
  const made = await again.fetch('/installation/oauth-clients', {
    method: 'POST',
    body: {
      type: 'confidential',
      name: 'Everywhere',
      grantTypes: ['authorization_code', 'refresh_token'],
      scopes: ['openid', 'offline_access', 'contractors.*'],
      redirectUris: ['https://app.example.org/callback'],
    },
  })
  const client = await answer<RegisteredClient>(made, 201)
  const ofAlice = await signInBy(world, alice, { slug, client })
  const ofBob = await signInBy(world, bob, { slug: await slugOf(bob), client })
  const known = await answer<{ items: KnownApplication[] }>(await alice.fetch('/oauth/known-applications'))
  assert.deepEqual(
    known.items.map(({ name, people }) => [name, people]),
    [['Everywhere', 1]],
  )
  assert.deepEqual(
    (await peopleOf(client)).map(({ userId }) => userId),
    [alice.userId],
  )
  assert.deepEqual(await answer(await alice.fetch(`/oauth/clients/${client.id}/people`, { method: 'DELETE' })), {
    people: 1,
  })
  assert.deepEqual(await works(ofAlice), [false, false])
  assert.deepEqual(await works(ofBob), [true, true])

  // One person in two tenants allowed it in each; in each he takes it back by itself.
  await joinAs(world, alice.userId, bob.tenantId, 'viewer')
  const [here, there] = [
    await signInBy(world, alice, { slug, client }),
    await signInBy(world, alice, { slug: await slugOf(bob), client }),
  ]
  const allowed = (await allowedBy(alice)).filter(({ id }) => id === client.id)
  assert.deepEqual(allowed.map(({ tenant, isOfPlatform }) => [tenant.name, isOfPlatform]).toSorted(), [
    ['Meridian Capture', true],
    ['Northgate Partners', true],
  ])
  const path = `/me/applications/${bob.tenantId}/${client.id}`
  await answer(await alice.fetch(path, { method: 'DELETE', headers: { 'x-tenant-id': bob.tenantId } }), 204)
  assert.deepEqual(await works(there), [false, false])
  assert.deepEqual(await works(here), [true, true])

  // Deleted by the operators, it works nowhere any more.
  await answer(await again.fetch(`/installation/oauth-clients/${client.id}`, { method: 'DELETE' }), 204)
  for (const { tokens } of [here, ofBob]) assert.equal((await callerBy(world, tokens.access_token)).status, 401)
  assert.ok(!(await allowedBy(bob)).some(({ id }) => id === client.id))
})

test('GG-13 a client that is switched off or deleted, or loses a scope, does so at the next request', async () => {
  const client = await registerClient(alice, { name: 'Ends' })
  const signedIn = await signInBy(world, alice, { slug, client })
  const { access_token: token } = signedIn.tokens
  const path = `/oauth/clients/${client.id}`
  assert.deepEqual((await callerBy(world, token)).permissions, ['contractors.lists.read'])
  await answer(await alice.fetch(path, { method: 'PATCH', body: { isActive: false } }))
  assert.deepEqual(await works(signedIn), [false, false])
  await answer(await alice.fetch(path, { method: 'PATCH', body: { isActive: true } }))
  assert.equal((await callerBy(world, token)).status, 200)
  await answer(await alice.fetch(path, { method: 'PATCH', body: { scopes: ['openid', 'offline_access'] } }))
  assert.deepEqual((await callerBy(world, token)).permissions, [])
  await answer(await alice.fetch(path, { method: 'DELETE' }), 204)
  assert.equal((await callerBy(world, token)).status, 401)
})
