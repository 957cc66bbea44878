import assert from 'node:assert/strict'
import dns from 'node:dns/promises'
import { createServer } from 'node:http'
import { syncBuiltinESMExports } from 'node:module'
import { after, mock, test } from 'node:test'
import { changeProvider, proveDomain, setUpProvider, visitor } from '#test/federation.ts'
import { type IdentityProvider, identityProviderEnvironment, startIdentityProvider } from '#test/identity-providers.ts'
import { testWorld } from '#test/world.ts'

// 127.0.0.1 stands for the public internet, and the rest of loopback for what lies inside.
const world = await testWorld({ environment: identityProviderEnvironment, hasRouteLimits: false })
const { admin, alice } = world
await proveDomain(world, alice.tenantId, 'acme.example')
const okta = await startIdentityProvider('okta')
const ours = await setUpProvider(alice, okta)
let people = 0
function newAccount(provider: IdentityProvider = okta) {
  const login = `person-${++people}`
  const account = { sub: `00u-${people}`, email: `${login}@acme.example`, emailVerified: true, name: login }
  provider.accounts.set(login, account)
  return { ...account, login }
}
const now = () => Math.floor(Date.now() / 1000)
const signIn = (login: string, providerId = ours.id) => visitor(world).signIn(alice.tenantId, providerId, login)
const refusal = (code: string) => `/sign-in?refused=federation.${code}`

for (const [what, claims, isTaken] of [
  ['issued 5 minutes ago', () => ({ iat: now() - 300 }), true],
  ['issued 20 seconds ahead', () => ({ iat: now() + 20 }), true],
  ['issued 5 minutes ahead', () => ({ iat: now() + 300, exp: now() + 600 }), false],
  ['that counts from 5 minutes ago on', () => ({ nbf: now() - 300 }), true],
  ['that counts from in 20 seconds on', () => ({ nbf: now() + 20 }), true],
  ['that counts from in 5 minutes on', () => ({ nbf: now() + 300, exp: now() + 600 }), false],
  ['that ended 20 seconds ago', () => ({ iat: now() - 300, exp: now() - 20 }), true],
  ['that ended 45 seconds ago', () => ({ iat: now() - 300, exp: now() - 45 }), false],
  ['that ended 5 minutes ago', () => ({ iat: now() - 600, exp: now() - 300 }), false],
  ['without an end', () => ({ exp: undefined }), false],
  ['without a beginning', () => ({ iat: undefined }), false],
  ['whose end is a text', () => ({ exp: String(now() + 600) }), false],
  // As numbers these two would be good.
  ['that counts from a text on', () => ({ nbf: String(now() - 60) }), false],
  ['whose beginning is a text', () => ({ iat: String(now()) }), false],
] as const) {
  test(`AG-04 clocks may be 30 seconds apart: an ID token ${what} is ${isTaken ? 'taken' : 'refused'}`, async () => {
    const ada = newAccount()
    okta.misbehaviour = { claims: claims() }
    const location = await signIn(ada.login)
    okta.misbehaviour = {}
    assert.equal(location, isTaken ? '/' : refusal('refused'))
  })
}

/** A service inside, which nobody outside may speak to; at the same port as the provider, where one is named. */
async function inside(port = 0) {
  const heard: string[] = []
  const server = createServer((request, response) => {
    heard.push(request.url ?? '')
    response.setHeader('content-type', 'application/json')
    response.end('{"secret":"inside"}')
  })
  await new Promise<void>((resolve, reject) => server.on('error', reject).listen(port, '127.0.0.2', resolve))
  after(() => server.close())
  const address = server.address() as { port: number }
  return { heard, origin: `http://127.0.0.2:${address.port}` }
}

test('GHSA-5rr4-8452-hf4v a provider that sends us inside by a redirect, at whatever step, is not followed', async () => {
  const { heard, origin } = await inside()
  assert.equal((await fetch(origin)).status, 200, 'the control: something is there')
  heard.length = 0
  const away = { status: 302, headers: { location: `${origin}/latest/meta-data` } }
  for (const step of ['discovery', 'keys', 'token', 'userInfo'] as const) {
    const provider = await startIdentityProvider('okta')
    const set = await setUpProvider(alice, provider)
    const ada = newAccount(provider)
    if (step === 'discovery') {
      provider.misbehaviour = { discovery: away }
      const begun = await visitor(world).post('/federation/sign-ins', { tenantId: alice.tenantId, providerId: set.id })
      assert.equal((await begun.json()).code, 'federation.unavailable', step)
    } else {
      const browser = visitor(world)
      provider.misbehaviour = { [step]: away }
      const location = await browser.signIn(alice.tenantId, set.id, ada.login)
      if (step === 'userInfo') assert.ok(location === '/' || location.startsWith('/sign-in?refused='), location)
      else assert.match(location, /^\/sign-in\?refused=/, step)
    }
    provider.misbehaviour = {}
  }
  assert.deepEqual(heard, [])
})

test('GHSA-5rr4-8452-hf4v a provider that names an address inside as one of its own is not asked there', async () => {
  const { heard, origin } = await inside()
  for (const name of ['token_endpoint', 'jwks_uri', 'userinfo_endpoint']) {
    const provider = await startIdentityProvider('okta')
    provider.misbehaviour = { metadata: { [name]: `${origin}/${name}` } }
    const set = await setUpProvider(alice, provider)
    const ada = newAccount(provider)
    const checked = await alice.fetch(`/federation/providers/${set.id}/check`, { method: 'POST' })
    assert.equal(checked.status, 200, await checked.text())
    const location = await visitor(world).signIn(alice.tenantId, set.id, ada.login)
    if (name !== 'userinfo_endpoint') assert.match(location, /^\/sign-in\?refused=/, name)
  }
  assert.deepEqual(heard, [])
})

test('GHSA-5rr4-8452-hf4v a name that leads outside when it is looked at and inside the next time, leads nobody inside', async () => {
  const provider = await startIdentityProvider('custom_oidc')
  const { port } = new URL(provider.issuer)
  const { heard } = await inside(Number(port))
  const issuer = `http://rebinding.example:${port}`
  provider.misbehaviour = { metadata: { issuer, jwks_uri: `${issuer}/jwks`, token_endpoint: `${issuer}/token` } }
  const set = await setUpProvider(alice, { ...provider, issuer })
  let asked = 0
  let answers: string[] = []
  const lookup = mock.method(dns, 'lookup', (async (name: string) => {
    assert.equal(name, 'rebinding.example')
    return [{ address: answers[asked++ % answers.length] as string, family: 4 }]
  }) as unknown as typeof dns.lookup)
  syncBuiltinESMExports()
  after(() => {
    lookup.mock.restore()
    syncBuiltinESMExports()
  })
  const check = async () => {
    asked = 0
    const checked = await alice.fetch(`/federation/providers/${set.id}/check`, { method: 'POST' })
    return JSON.stringify(await checked.json())
  }
  answers = ['127.0.0.1']
  assert.doesNotMatch(await check(), /does not lead to the public internet/, 'the control')
  for (const order of [
    ['127.0.0.1', '127.0.0.2'],
    ['127.0.0.2', '127.0.0.1'],
  ]) {
    answers = order
    assert.match(await check(), /does not lead to the public internet/, order.join())
  }
  assert.deepEqual(heard, [])
})

test('AG-05 a provider that is removed and set up again with the same issuer takes over none of its old links', async () => {
  const again = await startIdentityProvider('okta')
  const first = await setUpProvider(alice, again)
  const ada = newAccount(again)
  assert.equal(await signIn(ada.login, first.id), '/')
  const linked = async () =>
    (
      await admin.query(
        `select mapping.provider_id, mapping.user_id is not null as "isLinked", mapping.conflict
         from federation.iam_user_mappings as mapping
         where mapping.external_id = $1`,
        [ada.sub],
      )
    ).rows
  assert.deepEqual(await linked(), [{ provider_id: first.id, isLinked: true, conflict: null }], 'the control')
  await changeProvider(alice, first.id, { isActive: false })
  assert.equal((await alice.fetch(`/federation/providers/${first.id}`, { method: 'DELETE' })).status, 204)
  assert.deepEqual(await linked(), [])

  const second = await setUpProvider(alice, again, { name: 'The same again' })
  assert.notEqual(second.id, first.id)
  // The subject may be somebody else's by now: the account is nobody's here until its owner links it.
  assert.equal(await signIn(ada.login, second.id), refusal('address_taken'))
  assert.deepEqual(await linked(), [{ provider_id: second.id, isLinked: false, conflict: 'address_taken' }])
  const { rowCount } = await admin.query(
    `select from identity.user_sessions where provider_id = $1 and revoked_at is null`,
    [first.id],
  )
  assert.equal(rowCount, 0)
})
