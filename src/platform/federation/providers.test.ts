import assert from 'node:assert/strict'
import { test } from 'node:test'
import { accountsOf } from '#platform/accounts'
import { fetchPublic } from '#platform/http'
import { changeProvider, proveDomain, setUpProvider, visitor } from '#test/federation.ts'
import { identityProviderEnvironment, type ProductType, startIdentityProvider } from '#test/identity-providers.ts'
import { joinAs, newPerson, testWorld } from '#test/world.ts'
import { issuerOf, products } from './products.ts'

const world = await testWorld({ environment: identityProviderEnvironment, hasRouteLimits: false })
const { admin, alice, bob, viewer } = world
await proveDomain(world, alice.tenantId, 'acme.example')

type Lines = { step: string; outcome: string; message: string }[]
async function check(
  id: string,
): Promise<{ isUsable: boolean; of: Record<string, string>; lines: Lines; redirectUri: string }> {
  const answer = await alice.fetch(`/federation/providers/${id}/check`, { method: 'POST' })
  assert.equal(answer.status, 200, await answer.clone().text())
  const told = await answer.json()
  const of = Object.fromEntries((told.lines as Lines).map(({ step, outcome }) => [step, outcome]))
  return { ...told, of }
}
const create = (body: object, person = alice) => person.fetch('/federation/providers', { method: 'POST', body })
const codeOf = async (answer: Response) => (await answer.json()).code

test('AG-04 an issuer is made of what the product is told apart by, and one that stands for many is refused (CVE-2026-31813)', () => {
  assert.equal(issuerOf('okta', { domain: 'acme.okta.com' }).issuer, 'https://acme.okta.com')
  assert.equal(issuerOf('auth0', { domain: 'acme.eu.auth0.com' }).issuer, 'https://acme.eu.auth0.com/')
  const directory = '6f1e2d3c-4b5a-4978-8695-a4b3c2d1e0f1'
  assert.deepEqual(issuerOf('azure', { domain: directory }), {
    issuer: `https://login.microsoftonline.com/${directory}/v2.0`,
    domain: directory,
  })
  assert.equal(issuerOf('google', {}).issuer, 'https://accounts.google.com')
  assert.equal(
    issuerOf('custom_oidc', { issuer: 'https://id.acme.example/realm/.well-known/openid-configuration' }).issuer,
    'https://id.acme.example/realm',
  )
  for (const many of [
    'common',
    'organizations',
    'consumers',
    '{tenantid}',
    '%7Btenantid%7D',
    '9188040d-6c67-4c5b-b112-36a304b66dad',
  ]) {
    const issuer = `https://login.microsoftonline.com/${many}/v2.0`
    assert.throws(() => issuerOf('azure', { issuer }), { code: 'federation.issuer_of_many' }, many)
  }
  for (const [type, wanted] of [
    ['azure', { domain: 'acme.example' }],
    ['azure', { domain: 'common' }],
    ['okta', { domain: 'acme.okta.com/oauth2' }],
    ['okta', { domain: 'user@acme.okta.com' }],
    ['okta', {}],
    ['custom_oidc', {}],
    ['custom_oidc', { issuer: 'ftp://id.acme.example' }],
    ['custom_oidc', { issuer: 'https://id.acme.example?x=1' }],
    ['custom_oidc', { issuer: 'https://user@id.acme.example' }],
    ['custom_oidc', { issuer: 'id.acme.example' }],
  ] as const) {
    assert.throws(() => issuerOf(type, wanted), { code: 'federation.issuer_invalid' }, JSON.stringify([type, wanted]))
  }
})

test('AG-05 what proves an address is the word of each product, and nothing else', () => {
  const proves = (type: ProductType, claims: object, domain: string | null = null) =>
    products[type].isVerified({ email: 'ada@acme.example', ...claims }, { domain })
  for (const type of ['okta', 'auth0', 'custom_oidc'] as const) {
    assert.ok(proves(type, { email_verified: true }))
    for (const said of [undefined, false, null, 'true', 1])
      assert.ok(!proves(type, { email_verified: said }), `${type} ${said}`)
  }
  // Entra: not its e-mail alone (nOAuth), and not `email_verified`, which it does not send.
  assert.ok(!proves('azure', {}))
  assert.ok(!proves('azure', { email_verified: true }))
  for (const said of [true, 1, '1', 'true']) assert.ok(proves('azure', { xms_edov: said }))
  for (const said of [false, 0, '0', 'false']) assert.ok(!proves('azure', { xms_edov: said }))
  // Google: a private account with an address of the domain is none of the Workspace.
  assert.ok(!proves('google', { email_verified: true }))
  assert.ok(proves('google', { email_verified: true, hd: 'acme.example' }))
  assert.ok(!proves('google', { email_verified: true, hd: 'cme.example' }))
  assert.ok(!proves('google', { email_verified: true, hd: 'acme.example' }, 'other.example'))
})

for (const type of ['okta', 'azure', 'auth0', 'google', 'custom_oidc'] as const) {
  test(`AG-04 ${type} is set up, checked, tried and used`, async () => {
    const product = await startIdentityProvider(type)
    const set = await setUpProvider(alice, product, { isActive: false, domains: [] })
    const checked = await check(set.id)
    assert.equal(checked.isUsable, true, JSON.stringify(checked.lines))
    assert.deepEqual(
      checked.lines.filter(({ outcome }) => outcome !== 'passed').map(({ step }) => step),
      ['domains'],
    )
    assert.equal(checked.redirectUri, set.redirectUri)
    const email = `ada-${type}@acme.example`
    const xms_edov = type === 'azure' ? { claims: { xms_edov: true } } : {}
    product.accounts.set('ada', {
      sub: `${type}-1`,
      email,
      emailVerified: true,
      name: 'Ada Acme',
      secondFactor: true,
      ...xms_edov,
    })
    if (type === 'azure') product.accounts.set('ada', { sub: `${type}-1`, email, name: 'Ada Acme', ...xms_edov })
    // A try lets nobody in, and works before it is switched on.
    const trying = visitor(world)
    await trying.signInOwn(alice)
    const query = await trying.through(`/federation/providers/${set.id}/test`, {}, 'ada')
    assert.equal(await trying.comeBack(set.id, query), `/identity-providers/${set.id}`)
    const { lastTest, people } = await (await alice.fetch(`/federation/providers/${set.id}`)).json()
    assert.deepEqual(
      [lastTest.subject, lastTest.email, lastTest.isEmailVerified, people],
      [`${type}-1`, email, true, 0],
    )
    assert.equal(await trying.whoIs(), alice.email)
    await changeProvider(alice, set.id, { isActive: true, domains: ['acme.example'] })
    const realm = await (await visitor(world).post('/federation/home-realm', { email })).json()
    assert.equal(realm.provider.id, set.id)
    const browser = visitor(world)
    assert.equal(await browser.signIn(alice.tenantId, set.id, 'ada'), '/')
    assert.equal(await browser.whoIs(), email)
    await changeProvider(alice, set.id, { domains: [] })
  })
}

test('AG-04 the check names what is wrong', async () => {
  const product = await startIdentityProvider('custom_oidc')
  const set = await setUpProvider(alice, product)
  for (const [misbehaviour, step, words] of [
    [{ discovery: { status: 404 } }, 'reachable', /answers 404/],
    [
      { discovery: { status: 302, headers: { location: 'http://169.254.169.254/latest' } } },
      'reachable',
      /sends us elsewhere/,
    ],
    [{ discovery: { status: 200, body: '<html>' } }, 'answer', /no JSON/],
    [
      { discovery: { status: 200, body: '[]', headers: { 'content-type': 'application/json' } } },
      'answer',
      /no JSON object/,
    ],
    [{ metadata: { issuer: 'https://accounts.google.com' } }, 'issuer', /calls itself https:\/\/accounts.google.com/],
    [{ metadata: { issuer: `${product.issuer}/` } }, 'issuer', /not what is configured/],
    [{ metadata: { issuer: 'https://login.microsoftonline.com/{tenantid}/v2.0' } }, 'issuer', /many directories/],
    [{ metadata: { issuer: undefined } }, 'issuer', /does not say/],
    [{ metadata: { token_endpoint: undefined } }, 'endpoints', /no token_endpoint/],
    [{ metadata: { response_types_supported: ['id_token'] } }, 'code_flow', /authorization code flow/],
    [{ metadata: { grant_types_supported: ['implicit'] } }, 'code_flow', /authorization code flow/],
    [{ metadata: { code_challenge_methods_supported: ['plain'] } }, 'pkce', /without S256/],
    [{ metadata: { id_token_signing_alg_values_supported: ['HS256', 'none'] } }, 'algorithms', /HS256, none/],
    [{ keys: { status: 200, body: { keys: [] } } }, 'keys', /no key/],
    [{ keys: { status: 200, body: { keys: [{ kty: 'oct', k: 'x' }] } } }, 'keys', /no key/],
    [{ keys: { status: 500 } }, 'keys', /cannot be read/],
    [{ token: { status: 401, body: { error: 'invalid_client' } } }, 'client', /secret is wrong/],
  ] as const) {
    product.misbehaviour = misbehaviour
    const { isUsable, of, lines } = await check(set.id)
    assert.equal(of[step], 'failed', `${step}: ${JSON.stringify(lines)}`)
    assert.match(lines.find(line => line.step === step)?.message ?? '', words)
    assert.equal(isUsable, false)
    const kept = await (await alice.fetch(`/federation/providers/${set.id}`)).json()
    assert.deepEqual(
      [kept.status, kept.lastError],
      ['error', lines.find(({ outcome }) => outcome === 'failed')?.message],
    )
    assert.ok(kept.lastErrorAt)
  }
  product.misbehaviour = { metadata: { code_challenge_methods_supported: undefined } }
  assert.equal((await check(set.id)).of.pkce, 'warned')
  product.misbehaviour = {}
  const well = await check(set.id)
  assert.deepEqual(
    [well.isUsable, (await (await alice.fetch(`/federation/providers/${set.id}`)).json()).status],
    [true, 'active'],
  )
  await changeProvider(alice, set.id, { clientSecret: 'a wrong one' })
  assert.equal((await check(set.id)).of.client, 'failed')
  // Rotated: from the next sign-in on it is the new one.
  await changeProvider(alice, set.id, { clientSecret: product.clientSecret })
  assert.equal((await check(set.id)).of.client, 'passed')
})

test('GHSA-5rr4-8452-hf4v a provider is asked at public addresses only, whatever its name leads to', async () => {
  const guarded = await testWorld({ hasRouteLimits: false })
  const ask = async (issuer: string) => {
    const made = await guarded.alice.fetch('/federation/providers', {
      method: 'POST',
      body: { name: issuer.slice(0, 90), type: 'custom_oidc', issuer },
    })
    assert.equal(made.status, 201)
    const { id } = await made.json()
    const checked = await guarded.alice.fetch(`/federation/providers/${id}/check`, { method: 'POST' })
    await guarded.alice.fetch(`/federation/providers/${id}`, { method: 'DELETE' })
    return (await checked.json()).lines[0] as Lines[number]
  }
  for (const issuer of [
    'https://169.254.169.254/latest/meta-data',
    'https://[::ffff:7f00:1]',
    'https://127.0.0.1:8443',
    'https://localhost',
    'https://10.0.0.1',
    'https://[fd00:ec2::254]',
    'http://93.184.215.14',
    'https://0x7f000001',
  ]) {
    const line = await ask(issuer)
    assert.deepEqual([line.step, line.outcome], ['reachable', 'failed'], issuer)
    assert.match(line.message, /public internet|must be https|is no web server/, issuer)
  }
  // DNS rebinding: the connection goes to the address that was looked at.
  let asked = 0
  await assert.rejects(
    fetchPublic(guarded.app, 'https://rebinding.example', {
      resolve: async () => [{ address: asked++ === 0 ? '127.0.0.1' : '93.184.215.14', family: 4 }],
    }),
    { code: 'http.outgoing_refused' },
  )
  // Endpoints that a discovery document names are asked by the same way.
  const inside = await startIdentityProvider('custom_oidc')
  const set = await setUpProvider(alice, inside)
  inside.misbehaviour = { metadata: { jwks_uri: 'http://169.254.169.254/keys' } }
  assert.match((await check(set.id)).lines.find(({ step }) => step === 'keys')?.message ?? '', /public internet/)
})

test('AG-01 GG-17 another tenant sees and changes nothing of a provider; its secret is encrypted and shown to nobody', async () => {
  const product = await startIdentityProvider('okta')
  const set = await setUpProvider(alice, product)
  for (const [method, path, body] of [
    ['GET', '', undefined],
    ['PATCH', '', { name: 'Mine' }],
    ['DELETE', '', undefined],
    ['POST', '/check', undefined],
    ['POST', '/test', undefined],
  ] as const) {
    const answer = await bob.fetch(`/federation/providers/${set.id}${path}`, { method, body })
    assert.equal(await codeOf(answer), 'federation.provider_not_found', `${method} ${path}`)
  }
  assert.equal((await viewer.fetch('/federation/providers')).status, 403)
  const shown = await (await alice.fetch(`/federation/providers/${set.id}`)).text()
  assert.ok(!shown.includes(product.clientSecret))
  const { rows } = await admin.query('select * from federation.iam_providers where id = $1', [set.id])
  assert.match(rows[0].client_secret_encrypted, /^v1\./)
  const log = await admin.query(
    `select jsonb_agg(entry)::text as text from audit.audit_logs as entry where resource_id = $1`,
    [set.id],
  )
  assert.ok(
    !log.rows[0].text.includes(product.clientSecret) && !log.rows[0].text.includes(rows[0].client_secret_encrypted),
  )
})

test('AG-04 names, clients and domains of a workspace are told apart', async () => {
  const product = await startIdentityProvider('okta')
  const set = await setUpProvider(alice, product, { name: 'One', domains: ['acme.example'] })
  assert.equal(
    await codeOf(await create({ name: ' oNE', type: 'okta', issuer: product.issuer })),
    'federation.provider_name_taken',
  )
  const second = await (await create({ name: 'Two', type: 'okta', issuer: product.issuer })).json()
  const change = (body: object) => alice.fetch(`/federation/providers/${second.id}`, { method: 'PATCH', body })
  assert.equal(await codeOf(await change({ isActive: true })), 'federation.provider_unregistered')
  assert.equal(
    await codeOf(await change({ clientId: product.clientId, clientSecret: 'x' })),
    'federation.provider_known',
  )
  assert.equal(await codeOf(await change({ domains: ['acme.example'] })), 'federation.domain_led')
  assert.equal(await codeOf(await change({ domains: ['unproven.example'] })), 'federation.domain_unproven')
  assert.equal((await alice.fetch(`/federation/providers/${second.id}`, { method: 'DELETE' })).status, 204)
  await changeProvider(alice, set.id, { domains: [] })
})

test('AG-04 a policy may require the provider; owners who are marked come in without it, and one stays marked', async () => {
  const owner = await newPerson(world, { email: 'boss@strict.example', tenantName: 'Strict' })
  await proveDomain(world, owner.tenantId, 'strict.example')
  const member = await newPerson(world, { email: 'mel@strict.example' })
  await joinAs(world, member.userId, owner.tenantId, 'member')
  const product = await startIdentityProvider('okta')
  const set = await setUpProvider(owner, product, { domains: ['strict.example'] })
  const policy = await (await owner.fetch('/tenant/security-policy')).json()
  const require = (requireProvider: boolean, more = {}) =>
    owner.fetch('/tenant/security-policy', {
      method: 'PUT',
      body: { ...policy, signIn: { requireProvider }, ...more },
    })
  const mark = (isBreakGlass: boolean) =>
    owner.fetch(`/federation/break-glass/${owner.userId}`, { method: 'PUT', body: { isBreakGlass } })
  const own = visitor(world)
  await own.signInOwn(member)
  const inTenant = async (browser = own) => {
    const answer = await browser.browser.fetch(`${world.baseUrl}/api/v1/contractor-lists`, {
      headers: { 'x-tenant-id': owner.tenantId },
    })
    return answer.ok ? 'open' : (await answer.json()).code
  }
  assert.equal(await inTenant(), 'open')
  assert.equal(await codeOf(await require(true)), 'accounts.policy_shuts_out')
  assert.equal(await codeOf(await require(true, { confirmed: true })), 'accounts.last_break_glass')
  const stranger = await owner.fetch(`/federation/break-glass/${member.userId}`, {
    method: 'PUT',
    body: { isBreakGlass: true },
  })
  assert.equal(await codeOf(stranger), 'federation.break_glass_owners_only')
  assert.equal((await mark(true)).status, 200)
  assert.equal((await require(true)).status, 200)
  assert.equal(await inTenant(), 'accounts.provider_required', 'at the next request')
  assert.equal((await owner.fetch('/contractor-lists')).status, 200, 'the marked owner')
  // A policy that is set without a word about it keeps it.
  const { signIn: _, ...silent } = policy
  assert.equal((await owner.fetch('/tenant/security-policy', { method: 'PUT', body: silent })).status, 200)
  assert.equal(await inTenant(), 'accounts.provider_required')
  assert.equal(await codeOf(await mark(false)), 'accounts.last_break_glass')
  // Nor by taking him out while there is another owner.
  const second = await newPerson(world, {})
  await joinAs(world, second.userId, owner.tenantId, 'owner')
  for (const [table, column] of [
    ['access.user_tenant_roles', 'user_tenant_id'],
    ['tenancy.user_tenants', 'id'],
  ]) {
    await assert.rejects(
      admin.query(
        `delete from ${table}
         where ${column} in (select id from tenancy.user_tenants where tenant_id = $1 and user_id = $2)`,
        [owner.tenantId, owner.userId],
      ),
      { constraint: 'accounts.last_break_glass' },
    )
  }
  assert.equal(
    await codeOf(await owner.fetch(`/federation/providers/${set.id}`, { method: 'DELETE' })),
    'federation.provider_required',
  )
  assert.equal(
    await codeOf(await owner.fetch(`/federation/providers/${set.id}`, { method: 'PATCH', body: { isActive: false } })),
    'federation.provider_required',
  )
  // Through the provider the member's account is a conflict, until he links it: while it is not required, or by mail.
  product.accounts.set('mel', { sub: 'mel', email: 'mel@strict.example', emailVerified: true })
  assert.match(await visitor(world).signIn(owner.tenantId, set.id, 'mel'), /address_taken/)
  await require(false)
  const linking = visitor(world)
  await linking.signInOwn(member)
  await linking.post('/auth/switch-tenant', { tenantId: owner.tenantId })
  const query = await linking.through('/me/provider-links', { providerId: set.id }, 'mel')
  await linking.comeBack(set.id, query)
  await require(true)
  assert.equal(await inTenant(linking), 'accounts.provider_required', 'a link is no sign-in')
  const through = visitor(world)
  assert.equal(await through.signIn(owner.tenantId, set.id, 'mel'), '/')
  assert.equal(await inTenant(through), 'open')
  // Members who are no owners have no use of a mark that stayed from before.
  await admin.query('update tenancy.user_tenants set is_break_glass = true where user_id = $1', [member.userId])
  accountsOf(world.app).principals.forgetAll()
  assert.equal(await inTenant(), 'accounts.provider_required')
})

test('MT-15 a provider’s second factor counts where its setting says so, and in its own workspace alone', async () => {
  const owner = await newPerson(world, { email: 'boss@factor.example', tenantName: 'Factor' })
  await proveDomain(world, owner.tenantId, 'factor.example')
  const product = await startIdentityProvider('okta')
  const set = await setUpProvider(owner, product, { trustsSecondFactor: true, secondFactorAcr: ['phr'] })
  await admin.query(
    `update tenancy.tenants
     set security_policy = jsonb_set(security_policy, '{session,requireMFA}', 'true')
     where id = $1`,
    [owner.tenantId],
  )
  const outcomeOf = async (account: object) => {
    product.accounts.set('fay', { sub: 'fay', email: 'fay@factor.example', emailVerified: true, ...account })
    const browser = visitor(world)
    assert.equal(await browser.signIn(owner.tenantId, set.id, 'fay'), '/')
    const answer = await browser.get('/contractor-lists')
    return answer.ok ? 'open' : (await answer.json()).code
  }
  assert.equal(await outcomeOf({ secondFactor: true }), 'open')
  assert.equal(await outcomeOf({ secondFactor: false }), 'accounts.second_factor_required')
  assert.equal(await outcomeOf({}), 'accounts.second_factor_required')
  assert.equal(await outcomeOf({ claims: { acr: 'phr' } }), 'open')
  assert.equal(await outcomeOf({ claims: { acr: 'another' } }), 'accounts.second_factor_required')
  assert.equal(await outcomeOf({ claims: { amr: 'mfa' } }), 'accounts.second_factor_required', 'no list')
  const trusted = visitor(world)
  product.accounts.set('fay', { sub: 'fay', email: 'fay@factor.example', emailVerified: true, secondFactor: true })
  await trusted.signIn(owner.tenantId, set.id, 'fay')
  assert.equal(await trusted.whoIs(), 'fay@factor.example')
  await admin.query(
    `update tenancy.tenants
     set security_policy = jsonb_set(security_policy, '{session,requireMFA}', 'false')
     where id = $1`,
    [owner.tenantId],
  )
  accountsOf(world.app).principals.forgetAll()
  await changeProvider(owner, set.id, { trustsSecondFactor: false })
  assert.equal(await trusted.whoIs(), undefined, 'what was believed is believed no more')
})
