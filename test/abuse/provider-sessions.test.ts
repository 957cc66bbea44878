import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as openid from 'openid-client'
import { changeProvider, setUpProvider, visitor } from '#test/federation.ts'
import { identityProviderEnvironment, startIdentityProvider } from '#test/identity-providers.ts'
import {
  callerBy,
  discover,
  OAuthBrowser,
  refusalOf,
  registerClient,
  signInAgain,
  signInBy,
} from '#test/oauth-browser.ts'
import { joinAs, newPerson, testWorld } from '#test/world.ts'
import { modules } from '../../src/main/modules.ts'

const world = await testWorld({ environment: identityProviderEnvironment, hasRouteLimits: false })
const { admin, alice, bob } = world
const evil = await startIdentityProvider('custom_oidc')
const provider = await setUpProvider(bob, evil)
const person = await newPerson(world, { email: 'both@elsewhere.example', tenantName: 'His Own' })
await joinAs(world, person.userId, bob.tenantId, 'member')
await joinAs(world, person.userId, alice.tenantId, 'member')
const theirs = await registerClient(alice)
const ours = await registerClient(bob)
await signInBy(world, person, { slug: 'meridian-capture', client: theirs })
await signInBy(world, person, { slug: 'northgate-partners', client: ours })
await admin.query(
  `insert into federation.iam_user_mappings (tenant_id, provider_id, user_id, external_id, sync_status)
   values ($1, $2, $3, 'both', 'synced')`,
  [bob.tenantId, provider.id, person.userId],
)
evil.accounts.set('both', { sub: 'both' })

/** The person as his provider's administrators could make him: signed in through it. */
async function throughProvider() {
  const through = visitor(world)
  assert.equal(await through.signIn(bob.tenantId, provider.id, 'both'), '/')
  const ask = (method: string, path: string, body?: unknown) =>
    through.browser.fetch(`${world.baseUrl}/api/v1${path}`, {
      method,
      headers: { 'sec-fetch-site': 'same-origin', ...(body !== undefined && { 'content-type': 'application/json' }) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
  return { through, ask }
}

test('AG-05 who came through a workspace’s provider leaves no other workspace, and takes back, makes and accepts nothing there', async () => {
  const { email, userId } = person
  const invited = await newPerson(world, { email: 'carol@third.example', tenantName: 'Third' })
  const { items: roles } = (await (await invited.fetch('/roles?limit=100')).json()) as {
    items: { id: string; name: string }[]
  }
  const roleIds = roles.filter(({ name }) => name === 'member').map(({ id }) => id)
  const made = await invited.fetch('/invitations', { method: 'POST', body: { email, roleIds } })
  assert.equal(made.status, 201, await made.clone().text())
  const { id: invitation } = (await made.json()) as { id: string }

  const { through, ask } = await throughProvider()
  const attempts: [string, string, unknown?][] = [
    ['DELETE', `/me/applications/${alice.tenantId}/${theirs.id}`],
    ['PUT', '/me/default-tenant', { tenantId: alice.tenantId }],
    ['POST', `/me/invitations/${invitation}/acceptance`, {}],
    ['POST', '/tenants', { name: 'Made by somebody else' }],
    ['POST', `/me/tenants/${alice.tenantId}/leave`, {}],
    ['POST', `/me/tenants/${alice.tenantId.toUpperCase()}/leave`, {}],
  ]
  for (const [method, path, body] of attempts) {
    const answer = await ask(method, path, body)
    assert.equal((await answer.json()).code, 'http.own_sign_in_required', `${method} ${path}`)
  }
  const { rows } = await admin.query(
    `select count(*)::int as living from oauth.grants where user_id = $1 and tenant_id = $2 and revoked_at is null`,
    [userId, alice.tenantId],
  )
  assert.equal(rows[0].living, 1)

  // The control: by his own password he does all of it.
  assert.equal((await through.post('/auth/step-up', { password: person.password })).status, 200)
  for (const [method, path, body] of attempts.slice(0, -1)) {
    const answer = await ask(method, path, body)
    assert.ok(answer.ok, `${method} ${path}: ${answer.status}`)
  }
})

test('AG-05 who came through a workspace’s provider sees and takes back what he allowed applications there, and only there', async () => {
  const { ask } = await throughProvider()
  const { items } = (await (await ask('GET', '/me/applications')).json()) as { items: { id: string }[] }
  assert.deepEqual(
    items.map(({ id }) => id),
    [ours.id],
  )
  assert.equal((await ask('DELETE', `/me/applications/${bob.tenantId}/${ours.id}`)).status, 204)
  assert.equal((await ask('POST', `/me/tenants/${bob.tenantId}/leave`, {})).status, 204)
})

const config = await discover(world, 'northgate-partners', ours)
const scope = 'openid offline_access contractors.lists.read'
const member = await newPerson(world, { email: 'member@elsewhere.example', tenantName: 'Her Own' })
await joinAs(world, member.userId, bob.tenantId, 'member')
evil.accounts.set('member', { sub: 'member' })
const addMapping = async () =>
  await admin.query(
    `insert into federation.iam_user_mappings (tenant_id, provider_id, user_id, external_id, sync_status)
     values ($1, $2, $3, 'member', 'synced')
     on conflict do nothing`,
    [bob.tenantId, provider.id, member.userId],
  )
const mapping = async () =>
  (await admin.query(`select id from federation.iam_user_mappings where external_id = 'member'`)).rows[0].id

async function allowThroughProvider() {
  const through = visitor(world)
  assert.equal(await through.signIn(bob.tenantId, provider.id, 'member'), '/')
  const browser = new OAuthBrowser(world)
  for (const [name, value] of through.browser.cookiesOf(world.baseUrl)) browser.cookies.push({ name, value, path: '/' })
  return await signInAgain(browser, config, { scope })
}
async function works({ access_token: token, refresh_token: next }: openid.TokenEndpointResponse) {
  const isHeard = (await callerBy(world, token)).status === 200
  return [isHeard, (await refusalOf(openid.refreshTokenGrant(config, next ?? ''))) === 'none']
}

for (const [what, end, again] of [
  [
    'the provider is switched off',
    () => changeProvider(bob, provider.id, { isActive: false }),
    () => changeProvider(bob, provider.id, { isActive: true }),
  ],
  [
    'the way in is closed',
    async () => await bob.fetch(`/federation/user-mappings/${await mapping()}/disable`, { method: 'POST' }),
    async () => await bob.fetch(`/federation/user-mappings/${await mapping()}/enable`, { method: 'POST' }),
  ],
  [
    'the link is removed',
    async () => await bob.fetch(`/federation/user-mappings/${await mapping()}`, { method: 'DELETE' }),
    addMapping,
  ],
] as const) {
  test(`AG-04 MT-21 what was allowed applications through a provider, to go on without the person too, ends when ${what}, for good`, async () => {
    await addMapping()
    const own = await signInBy(world, member, { slug: 'northgate-partners', client: ours })
    const [first, second] = [await allowThroughProvider(), await allowThroughProvider()]
    assert.deepEqual(await works(first), [true, true], 'the control')
    await end()
    assert.deepEqual(await works(second), [false, false])
    assert.deepEqual(await works(own.tokens), [true, true], 'what she allowed as herself stays')
    await again()
    assert.deepEqual(await works(second), [false, false])
    const { rows } = await admin.query(
      `select distinct revoked_reason as reason from oauth.grants where user_id = $1 and provider_id = $2`,
      [member.userId, provider.id],
    )
    assert.deepEqual(rows, [{ reason: 'provider' }])
  })
}

/** What somebody may change for whom a provider alone vouches; each other route wants himself, by `fresh` or by itself. */
const openToAll = [
  'POST /me/verify-email',
  'DELETE /me/sessions/{id}',
  'DELETE /me/sessions',
  'POST /notifications/{id}/read',
  'DELETE /notifications/{id}/read',
  'POST /notifications/read-all',
  'DELETE /notifications/{id}',
  'POST /oauth/interactions/{uid}',
  'POST /oauth/devices/find',
  'POST /oauth/devices/decide',
  'POST /auth/step-up',
  'POST /auth/step-up/passkey',
  'POST /auth/step-up/google',
  'POST /auth/sign-out',
  'POST /auth/switch-tenant',
  'POST /auth/invitation/acceptance',
  'POST /federation/step-ups',
  'POST /me/provider-links/offer',
]

test('AG-04 who came through a provider changes nothing of the account: each route that could wants the person himself', async () => {
  await addMapping()
  const through = visitor(world)
  assert.equal(await through.signIn(bob.tenantId, provider.id, 'member'), '/')
  const ask = (method: string, path: string, body?: unknown, type = 'application/json') =>
    through.browser.fetch(`${world.baseUrl}/api/v1${path}`, {
      method,
      headers: { 'sec-fetch-site': 'same-origin', ...(body !== undefined && { 'content-type': type }) },
      ...(body !== undefined && {
        body: type === 'application/json' ? JSON.stringify(body) : new Uint8Array(body as Buffer),
      }),
    })
  const picture = Buffer.from(
    'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==',
    'base64',
  )
  const { profile } = await (await ask('GET', '/me/profile')).json()
  const preferences = await (await ask('GET', '/me/notification-preferences')).json()
  const id = crypto.randomUUID()
  const attempts: [string, string, unknown?, string?][] = [
    ['PATCH', '/me/profile', { fullName: 'Renamed by somebody else' }],
    ['PUT', '/me/avatar', picture, 'image/png'],
    ['DELETE', '/me/avatar'],
    ['DELETE', '/me/email'],
    ['POST', '/me/two-factor/verify', { code: '123456' }],
    ['PATCH', `/me/passkeys/${id}`, { name: 'Mine' }],
    ['DELETE', `/me/devices/${id}`],
    [
      'PUT',
      '/me/notification-preferences',
      {
        wantsMails: false,
        digest: preferences.digest,
        digestHour: preferences.digestHour,
        digestWeekday: preferences.digestWeekday,
        kinds: {},
        quietTenantIds: [],
      },
    ],
  ]
  for (const [method, path, body, type] of attempts) {
    const answer = await ask(method, path, body, type)
    assert.equal((await answer.json()).code, 'http.own_sign_in_required', `${method} ${path}`)
  }
  assert.deepEqual((await (await ask('GET', '/me/profile')).json()).profile, profile)
  const undecided = modules
    .flatMap(({ routes = [] }) => routes)
    .filter(({ method, allow, fresh }) => method !== 'GET' && allow === 'session' && !fresh)
    .filter(({ refusals }) => !refusals?.includes('http.own_sign_in_required'))
    .map(({ method, path }) => `${method} ${path}`)
    .filter(route => !openToAll.includes(route))
  assert.deepEqual(undecided, [], 'each says http.own_sign_in_required, or stands among those that change no account')

  assert.equal((await through.post('/auth/step-up', { password: member.password })).status, 200)
  const renamed = await ask('PATCH', '/me/profile', { fullName: 'Renamed by herself' })
  assert.equal(renamed.status, 200, 'the control')
})

test('AG-04 who came through a provider signs out what came through it, and not the person’s own sessions', async () => {
  await addMapping()
  const own = visitor(world)
  await own.signInOwn(member)
  const [first, second] = [visitor(world), visitor(world)]
  for (const browser of [first, second]) assert.equal(await browser.signIn(bob.tenantId, provider.id, 'member'), '/')
  const end = (by: typeof own, path: string) =>
    by.browser.fetch(`${world.baseUrl}/api/v1/me/sessions${path}`, {
      method: 'DELETE',
      headers: { 'sec-fetch-site': 'same-origin' },
    })
  const { items } = (await (await own.get('/me/sessions')).json()) as { items: { id: string; isCurrent: boolean }[] }
  const ownId = items.find(({ isCurrent }) => isCurrent)?.id
  assert.equal((await (await end(first, `/${ownId}`)).json()).code, 'http.own_sign_in_required')
  assert.equal((await end(first, '')).status, 200)
  assert.deepEqual(
    [await own.whoIs(), await first.whoIs(), await second.whoIs()],
    [member.email, member.email, undefined],
  )
  assert.equal((await end(own, '')).status, 200)
  assert.deepEqual([await own.whoIs(), await first.whoIs()], [member.email, undefined], 'the control')
})

const keyWish = () => ({
  name: 'From a session',
  scopes: ['contractors.lists.read'],
  expiresAt: new Date(Date.now() + 86_400_000).toISOString(),
})
const heard = async (key: string) =>
  (await fetch(`${world.baseUrl}/api/v1/caller`, { headers: { authorization: `Bearer ${key}` } })).status

for (const [what, end] of [
  ['the provider is switched off', () => changeProvider(bob, provider.id, { isActive: false })],
  [
    'the link is removed',
    async () => await bob.fetch(`/federation/user-mappings/${await mapping()}`, { method: 'DELETE' }),
  ],
] as const) {
  test(`AG-04 an API key that was made in a session of a provider ends when ${what}, also one that replaces an own one there`, async () => {
    await addMapping()
    const through = visitor(world)
    assert.equal(await through.signIn(bob.tenantId, provider.id, 'member'), '/')
    const made = async (answer: Response) => {
      assert.equal(answer.status, 201, await answer.clone().text())
      return (await answer.json()) as { id: string; key: string }
    }
    const inSession = visitor(world)
    await inSession.signInOwn(member)
    assert.equal((await inSession.post('/auth/switch-tenant', { tenantId: bob.tenantId })).status, 200)
    const own = await made(await inSession.post('/me/api-keys', keyWish()))
    const other = await made(await inSession.post('/me/api-keys', keyWish()))
    const next = await made(await through.post(`/me/api-keys/${other.id}/rotation`, { overlapHours: 0 }))
    const key = await made(await through.post('/me/api-keys', keyWish()))
    const bobsOwn = await made(await bob.fetch('/me/api-keys', { method: 'POST', body: keyWish() }))
    assert.equal((await through.post('/auth/step-up', { password: member.password })).status, 200)
    const herself = await made(await through.post('/me/api-keys', keyWish()))
    const all = [own, next, key, herself, bobsOwn]
    assert.deepEqual(await Promise.all(all.map(each => heard(each.key))), [200, 200, 200, 200, 200], 'the control')
    await end()
    assert.deepEqual(await Promise.all(all.map(each => heard(each.key))), [200, 401, 401, 200, 200])
    await changeProvider(bob, provider.id, { isActive: true })
    assert.equal(await heard(key.key), 401, 'for good')
  })
}
