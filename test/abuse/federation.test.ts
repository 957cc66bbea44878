import assert from 'node:assert/strict'
import { test } from 'node:test'
import { changeProvider, proveDomain, setUpProvider, visitor } from '#test/federation.ts'
import { identityProviderEnvironment, startIdentityProvider } from '#test/identity-providers.ts'
import { mailsTo } from '#test/mails.ts'
import { joinAs, newPerson, testWorld } from '#test/world.ts'

const world = await testWorld({ environment: identityProviderEnvironment, hasRouteLimits: false })
const { admin, alice, bob } = world
const okta = await startIdentityProvider('okta')
const evil = await startIdentityProvider('custom_oidc')
await proveDomain(world, alice.tenantId, 'acme.example')
await proveDomain(world, bob.tenantId, 'northgate.example')
const ours = await setUpProvider(alice, okta, { domains: ['acme.example'] })
const theirs = await setUpProvider(bob, evil, { domains: ['northgate.example'] })

const refused = (code: string) => `/sign-in?refused=federation.${code}`
let people = 0
/** Somebody in Acme's directory; a new one each time. */
function newAccount(provider = okta, more: object = {}) {
  const name = `person-${++people}`
  const account = {
    sub: `00u${people}`,
    email: `${name}@acme.example`,
    emailVerified: true,
    name: `Person ${people}`,
    ...more,
  }
  provider.accounts.set(name, account)
  return { ...account, login: name }
}
const mappingOf = async (sub: string) =>
  (await admin.query('select * from federation.iam_user_mappings where external_id = $1', [sub])).rows[0]

test('AG-04 AG-05 the control: who has an address of a proven domain comes in, gets an account and a membership', async () => {
  const ada = newAccount()
  const browser = visitor(world)
  assert.equal(await browser.signIn(alice.tenantId, ours.id, ada.login, '/lists'), '/lists')
  assert.equal(await browser.whoIs(), ada.email)
  const me = await (await browser.get('/me')).json()
  assert.equal(me.tenantId, alice.tenantId)
  assert.deepEqual(me.roles, ['viewer'])
  const mapping = await mappingOf(ada.sub)
  assert.equal(mapping.sync_status, 'synced')
  const again = visitor(world)
  await again.signIn(alice.tenantId, ours.id, ada.login)
  assert.equal((await (await again.get('/me')).json()).user.id, me.user.id)
})

test('AG-05 CVE-2026-9092 an address that is not verified, or of another domain, lets nobody in, and nobody is told whose it is', async () => {
  for (const [more, code] of [
    [{ emailVerified: false }, 'address_unverified'],
    [{ emailVerified: undefined }, 'address_unverified'],
    [{ claims: { email_verified: 'true' } }, 'address_unverified'],
    [{ email: undefined }, 'address_unverified'],
    [{ email: 'eve@elsewhere.example' }, 'address_elsewhere'],
    [{ email: 'eve@sub.acme.example' }, 'address_elsewhere'],
    [{ email: 'eve@notacme.example' }, 'address_elsewhere'],
    [{ email: bob.email }, 'address_elsewhere'],
  ] as const) {
    const eve = newAccount(okta, more)
    const browser = visitor(world)
    assert.equal(await browser.signIn(alice.tenantId, ours.id, eve.login), refused(code), JSON.stringify(more))
    assert.equal(await browser.whoIs(), undefined)
    const mapping = await mappingOf(eve.sub)
    assert.deepEqual([mapping.user_id, mapping.sync_status, mapping.conflict], [null, 'pending', code])
  }
})

test('AG-05 an account that was opened before with the address of somebody is not his (pre-hijack), until he links it himself', async () => {
  const attacker = await newPerson(world, { email: 'victim@acme.example', fullName: 'Not The Victim' })
  await joinAs(world, attacker.userId, alice.tenantId, 'viewer')
  const victim = newAccount(okta, { email: attacker.email })
  const browser = visitor(world)
  assert.equal(await browser.signIn(alice.tenantId, ours.id, victim.login), refused('address_taken'))
  assert.equal(await browser.whoIs(), undefined)
  assert.equal((await mappingOf(victim.sub)).user_id, null)
  const { rows } = await admin.query('select count(*)::int from identity.users where email = $1', [attacker.email])
  assert.equal(rows[0].count, 1)
})

test('AG-05 tenant A’s provider asserting tenant B’s user does not reach him, whatever it says', async () => {
  // Bob's tenant runs its own provider and lets it say anything.
  for (const more of [
    { email: alice.email, emailVerified: true },
    { email: 'ada@acme.example', emailVerified: true },
    { sub: '00u1', email: 'somebody@acme.example', emailVerified: true },
    { claims: { sub: '00u1', iss: okta.issuer, email: 'x@acme.example', email_verified: true } },
  ]) {
    const forged = newAccount(evil, more)
    const browser = visitor(world)
    const location = await browser.signIn(bob.tenantId, theirs.id, forged.login)
    assert.match(location, /^\/sign-in\?refused=federation\.(address_elsewhere|refused)$/)
    assert.equal(await browser.whoIs(), undefined)
  }
  // Nor by naming the other tenant beside its own provider.
  const browser = visitor(world)
  const begun = await browser.post('/federation/sign-ins', { tenantId: alice.tenantId, providerId: theirs.id })
  assert.equal(begun.status, 404)
})

test('AG-05 who is a member in two workspaces reaches by a provider only that of its tenant, and nothing of his account', async () => {
  const person = await newPerson(world, { email: 'both@northgate.example', tenantName: 'His Own' })
  await joinAs(world, person.userId, bob.tenantId, 'member')
  evil.accounts.set('both', { sub: 'both-1', email: 'both@northgate.example', emailVerified: true })
  const own = visitor(world)
  await own.signInOwn(person)
  const switched = await own.post('/auth/switch-tenant', { tenantId: bob.tenantId })
  assert.equal(switched.status, 200)
  const query = await own.through('/me/provider-links', { providerId: theirs.id, next: '/account/security' }, 'both')
  assert.equal(await own.comeBack(theirs.id, query), '/account/security')

  const through = visitor(world)
  assert.equal(await through.signIn(bob.tenantId, theirs.id, 'both'), '/')
  const me = await (await through.get('/me')).json()
  assert.deepEqual([me.user.email, me.tenantId], [person.email, bob.tenantId])
  const named = async (): Promise<string[][]> => {
    const lists = ['/tenants', '/me/tenants', '/me/provider-links'].map(async path => (await through.get(path)).json())
    const [tenants, own, links] = await Promise.all(lists)
    const told = (await (await through.get('/me')).json()).tenants
    return [told, tenants.items, own.items]
      .map(items => items.map(({ id }: { id: string }) => id).sort())
      .concat([links.items.map(({ tenantId }: { tenantId: string }) => tenantId)])
  }
  const here = [bob.tenantId]
  assert.deepEqual(await named(), [here, here, here, here], 'what it does not reach is not named either')
  const elsewhere = await through.post('/auth/switch-tenant', { tenantId: person.tenantId })
  assert.equal((await elsewhere.json()).code, 'accounts.provider_elsewhere')
  const asked = await through.browser.fetch(`${world.baseUrl}/api/v1/contractor-lists`, {
    headers: { 'x-tenant-id': person.tenantId },
  })
  assert.equal((await asked.json()).code, 'accounts.provider_elsewhere')
  for (const [method, path, body] of [
    ['POST', '/me/password', { newPassword: 'another long password 12' }],
    ['POST', '/me/external-identities/google', {}],
    ['POST', '/me/provider-links', { providerId: theirs.id }],
    ['POST', '/me/two-factor', {}],
    ['GET', '/me/export', undefined],
  ] as const) {
    const answer = await through.browser.fetch(`${world.baseUrl}/api/v1${path}`, {
      method,
      headers: { 'sec-fetch-site': 'same-origin', 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    })
    const told = await answer.json()
    // A password that is set wants the current one, which is something of his own.
    const code = path === '/me/password' ? 'accounts.current_password_wrong' : 'http.own_sign_in_required'
    assert.equal(told.code, code, `${method} ${path}: ${JSON.stringify(told)}`)
  }
  // The control: by his own password in the same session he is himself.
  const stepped = await through.post('/auth/step-up', { password: person.password })
  assert.equal(stepped.status, 200)
  const both = [person.tenantId, bob.tenantId].sort()
  assert.deepEqual(await named(), [both, both, both, here])
  assert.equal((await through.post('/auth/switch-tenant', { tenantId: person.tenantId })).status, 200)
})

test('MT-18 an operator who comes through a tenant’s provider is no operator', async () => {
  const operator = await newPerson(world, { email: 'operator@northgate.example' })
  await joinAs(world, operator.userId, bob.tenantId, 'member')
  await admin.query('insert into identity.operators (user_id) values ($1)', [operator.userId])
  await admin.query(
    `insert into federation.iam_user_mappings (tenant_id, provider_id, user_id, external_id, sync_status)
     values ($1, $2, $3, 'op-1', 'synced')`,
    [bob.tenantId, theirs.id, operator.userId],
  )
  evil.accounts.set('op', { sub: 'op-1' })
  const through = visitor(world)
  await through.signIn(bob.tenantId, theirs.id, 'op')
  assert.equal(await through.whoIs(), operator.email)
  assert.equal((await through.get('/installation/tenants')).status, 403)
  const own = visitor(world)
  await own.signInOwn(operator)
  assert.equal((await own.get('/installation/tenants')).status, 200, 'the control')
})

test('GHSA-x445-f3h2-j279 CVE-2025-46815 a way is bound to its browser and its provider, and is used once', async () => {
  const ada = newAccount()
  evil.accounts.set('mallory', { sub: 'mallory', email: 'mallory@northgate.example', emailVerified: true })
  const browser = visitor(world)
  const mine = { tenantId: alice.tenantId, providerId: ours.id }
  const query = await browser.through('/federation/sign-ins', mine, ada.login)
  // In another browser, at another provider's address, with another's state.
  assert.equal(await visitor(world).comeBack(ours.id, query), refused('not_begun_here'))
  assert.equal(await browser.comeBack(theirs.id, query), refused('not_begun_here'))
  assert.equal(await browser.comeBack(ours.id, { ...query, state: 'made-up' }), refused('not_begun_here'))
  assert.equal(await browser.comeBack(ours.id, { ...query, iss: evil.issuer }), refused('refused'), 'RFC 9207')
  const second = await browser.through('/federation/sign-ins', mine, ada.login)
  const outcomes = await Promise.all(
    Array.from({ length: 10 }, () => visitor(world, browser.browser).comeBack(ours.id, second)),
  )
  assert.equal(outcomes.filter(location => location === '/').length, 1, outcomes.join())
  assert.equal(await browser.comeBack(ours.id, second), refused('not_begun_here'))
  // Log-in forgery: a code of Mallory's own way, in Ada's browser.
  const planted = await visitor(world).through(
    '/federation/sign-ins',
    { tenantId: bob.tenantId, providerId: theirs.id },
    'mallory',
  )
  const victim = visitor(world)
  await victim.through('/federation/sign-ins', { tenantId: bob.tenantId, providerId: theirs.id }, 'mallory')
  assert.equal(await victim.comeBack(theirs.id, planted), refused('not_begun_here'))
})

test('GHSA-x445-f3h2-j279 each provider has a redirect URI of its own, so that a mixed-up code goes to nobody else', async () => {
  assert.notEqual(ours.redirectUri, theirs.redirectUri)
  const browser = visitor(world)
  const begun = await browser.post('/federation/sign-ins', { tenantId: bob.tenantId, providerId: theirs.id })
  const asked = new URL((await begun.json()).url)
  assert.equal(asked.searchParams.get('redirect_uri'), theirs.redirectUri)
  assert.equal(asked.searchParams.get('code_challenge_method'), 'S256')
  for (const name of ['state', 'nonce', 'code_challenge']) assert.ok((asked.searchParams.get(name) ?? '').length >= 43)
  // Okta's answer to a request that the attacker's provider has redirected there comes to Okta's address: the way that
  // this browser is on is another's, and the code is exchanged nowhere.
  const before = evil.asked.get('/token') ?? 0
  const state = asked.searchParams.get('state') ?? ''
  assert.equal(await browser.comeBack(ours.id, { state, code: 'code-of-okta' }), refused('not_begun_here'))
  assert.equal(evil.asked.get('/token') ?? 0, before)
})

const now = () => Math.floor(Date.now() / 1000)
const forgeries: Record<string, () => typeof okta.misbehaviour> = {
  'not signed (alg none)': () => ({ key: 'none', header: { alg: 'none' } }),
  'not signed': () => ({ key: 'none' }),
  'HS256 with the public key as secret': () => ({ key: { secret: okta.publicKey }, header: { alg: 'HS256' } }),
  'HS256 with the client secret': () => ({ key: { secret: okta.clientSecret }, header: { alg: 'HS256' } }),
  'signed with a key that is not published': () => ({ key: 'other' }),
  'signed with a key of its own in the header': () => ({
    key: 'other',
    header: { jwk: { kty: 'RSA' }, jku: `${evil.issuer}/jwks` },
  }),
  'naming a key that is not there': () => ({ header: { kid: 'x' } }),
  'RS512, which nobody agreed on': () => ({ header: { alg: 'RS512' } }),
  'of another issuer': () => ({ claims: { iss: evil.issuer } }),
  'of an issuer that looks alike': () => ({ claims: { iss: `${okta.issuer}/` } }),
  'CVE-2026-55669 for another client': () => ({ claims: { aud: 'another' } }),
  'for several clients': () => ({ claims: { aud: [okta.clientId, 'another'] } }),
  'issued to another client': () => ({ claims: { azp: 'another' } }),
  'for another sign-in': () => ({ claims: { nonce: 'another' } }),
  expired: () => ({ claims: { exp: now() - 120 } }),
  'of the far future': () => ({ claims: { iat: now() + 3600, exp: now() + 7200 } }),
  'of nobody': () => ({ claims: { sub: '' } }),
  'of an endless subject': () => ({ claims: { sub: 'x'.repeat(256) } }),
  'that is left out': () => ({ token: { status: 200, body: { access_token: 'a', token_type: 'Bearer' } } }),
}
for (const [what, forge] of Object.entries(forgeries)) {
  test(`AG-04 an ID token ${what} is refused`, async () => {
    const ada = newAccount()
    okta.misbehaviour = forge()
    const browser = visitor(world)
    const location = await browser.signIn(alice.tenantId, ours.id, ada.login)
    okta.misbehaviour = {}
    assert.equal(location, refused('refused'))
    assert.equal(await browser.whoIs(), undefined)
    assert.equal(await mappingOf(ada.sub), undefined)
  })
}

test('AG-04 key confusion: what another provider has signed for the same client is refused', async () => {
  const twin = await startIdentityProvider('okta')
  const twins = await setUpProvider(alice, twin)
  const ada = newAccount()
  twin.accounts.set('ada', { sub: ada.sub, email: ada.email, emailVerified: true })
  // The twin's token says that it is Okta's, with Okta's own client.
  twin.misbehaviour = { claims: { iss: okta.issuer, aud: okta.clientId } }
  const browser = visitor(world)
  assert.equal(await browser.signIn(alice.tenantId, twins.id, 'ada'), refused('refused'))
  twin.misbehaviour = {}
  assert.equal(await visitor(world).signIn(alice.tenantId, twins.id, 'ada'), '/', 'the control')
})

test('AG-05 an answer of the userinfo endpoint about somebody else is refused, and its proof belongs to its own address', async () => {
  const ada = newAccount()
  okta.misbehaviour = { userInfo: { status: 200, body: { sub: 'another', email: ada.email, email_verified: true } } }
  assert.equal(await visitor(world).signIn(alice.tenantId, ours.id, ada.login), refused('refused'))
  const eve = newAccount(okta, { email: 'ceo@acme.example', emailVerified: undefined })
  okta.misbehaviour = {
    userInfo: { status: 200, body: { sub: eve.sub, email: 'eve@acme.example', email_verified: true } },
  }
  assert.equal(await visitor(world).signIn(alice.tenantId, ours.id, eve.login), refused('address_unverified'))
  okta.misbehaviour = { thin: true }
  const thin = newAccount()
  assert.equal(await visitor(world).signIn(alice.tenantId, ours.id, thin.login), '/', 'the control: thin tokens')
  okta.misbehaviour = {}
})

test('AG-05 a subject that the provider gives to somebody else does not open the account of who is gone', async () => {
  const custom = await startIdentityProvider('custom_oidc')
  const set = await setUpProvider(alice, custom)
  custom.accounts.set('j.doe', { sub: 'j.doe', email: 'jane.doe@acme.example', emailVerified: true })
  const jane = visitor(world)
  assert.equal(await jane.signIn(alice.tenantId, set.id, 'j.doe'), '/')
  custom.accounts.set('j.doe', { sub: 'j.doe', email: 'john.doe@acme.example', emailVerified: true })
  const john = visitor(world)
  assert.equal(await john.signIn(alice.tenantId, set.id, 'j.doe'), refused('address_changed'))
  assert.equal(await john.whoIs(), undefined)
  // Again, so that the conflict has not taken the new address for the known one.
  assert.equal(await john.signIn(alice.tenantId, set.id, 'j.doe'), refused('address_changed'))
  const mapping = await mappingOf('j.doe')
  assert.deepEqual([mapping.sync_status, mapping.external_email], ['failed', 'jane.doe@acme.example'])
  // Where subjects are never used again an address may change: Okta's Ada marries.
  const ada = newAccount()
  await visitor(world).signIn(alice.tenantId, ours.id, ada.login)
  okta.accounts.set(ada.login, { ...ada, email: 'married@acme.example' })
  const married = visitor(world)
  assert.equal(await married.signIn(alice.tenantId, ours.id, ada.login), '/')
  assert.equal(await married.whoIs(), ada.email, 'and her account keeps its own')
  // An administrator forgets the link: who comes by it is new.
  assert.equal((await alice.fetch(`/federation/user-mappings/${mapping.id}`, { method: 'DELETE' })).status, 204)
  assert.equal(await john.signIn(alice.tenantId, set.id, 'j.doe'), '/')
  assert.equal(await john.whoIs(), 'john.doe@acme.example')
})

test('AG-04 CVE-2026-1486 switching a provider or a way in off ends its sessions at once, and no way through begins or ends', async () => {
  const provider = await startIdentityProvider('auth0')
  const set = await setUpProvider(alice, provider)
  const ada = newAccount(provider)
  const browser = visitor(world)
  await browser.signIn(alice.tenantId, set.id, ada.login)
  const underWay = visitor(world)
  const query = await underWay.through(
    '/federation/sign-ins',
    { tenantId: alice.tenantId, providerId: set.id },
    ada.login,
  )
  assert.equal(await browser.whoIs(), ada.email)
  await changeProvider(alice, set.id, { isActive: false })
  assert.equal(await browser.whoIs(), undefined)
  assert.equal(await underWay.comeBack(set.id, query), refused('provider_inactive'))
  const begun = await underWay.post('/federation/sign-ins', { tenantId: alice.tenantId, providerId: set.id })
  assert.equal((await begun.json()).code, 'federation.provider_inactive')

  await changeProvider(alice, set.id, { isActive: true })
  await browser.signIn(alice.tenantId, set.id, ada.login)
  assert.equal(await browser.whoIs(), ada.email)
  const { id } = await mappingOf(ada.sub)
  assert.equal((await alice.fetch(`/federation/user-mappings/${id}/disable`, { method: 'POST' })).status, 200)
  assert.equal(await browser.whoIs(), undefined)
  assert.equal(await browser.signIn(alice.tenantId, set.id, ada.login), refused('mapping_disabled'))
  assert.equal((await alice.fetch(`/federation/user-mappings/${id}/enable`, { method: 'POST' })).status, 200)
  assert.equal(await browser.signIn(alice.tenantId, set.id, ada.login), '/')
})

test('CVE-2026-9087 the owner of an account confirms by mail, signed in his own way, for this subject alone', async () => {
  const owner = await newPerson(world, { email: 'owner@acme.example', fullName: 'Olga Owner' })
  const first = newAccount(okta, { email: owner.email })
  assert.equal(await visitor(world).signIn(alice.tenantId, ours.id, first.login), refused('address_taken'))
  const mapping = await mappingOf(first.sub)
  const asked = await alice.fetch(`/federation/user-mappings/${mapping.id}/confirmation`, { method: 'POST' })
  assert.equal((await asked.json()).isConfirmationSent, true)
  const mail = (await mailsTo(world, owner.email)).find(({ subject }) => subject.startsWith('Is this you at'))
  const token = decodeURIComponent(/#token=([\w%-]+)/.exec(JSON.stringify(mail))?.[1] ?? '')
  assert.ok(token.length >= 40)
  // Nothing is linked by asking, by another's session, or by one that comes through a provider.
  assert.equal((await mappingOf(first.sub)).user_id, null)
  const stranger = await newPerson(world, {})
  const theft = await stranger.fetch('/me/provider-links/confirmation', { method: 'POST', body: { token } })
  assert.equal((await theft.json()).code, 'federation.link_invalid')
  // Another subject with the same address waits for its own confirmation.
  const second = newAccount(okta, { email: owner.email })
  await visitor(world).signIn(alice.tenantId, ours.id, second.login)
  const confirmed = await owner.fetch('/me/provider-links/confirmation', { method: 'POST', body: { token } })
  assert.equal(confirmed.status, 204)
  const again = await owner.fetch('/me/provider-links/confirmation', { method: 'POST', body: { token } })
  assert.equal((await again.json()).code, 'federation.link_invalid')
  const browser = visitor(world)
  assert.equal(await browser.signIn(alice.tenantId, ours.id, first.login), '/')
  assert.equal(await browser.whoIs(), owner.email)
  assert.equal(await visitor(world).signIn(alice.tenantId, ours.id, second.login), refused('address_taken'))
})

test('GHSA-g38m-r43w-p2q7 a link ends in the session that began it, and never takes who is another’s', async () => {
  const [person, stranger] = [await newPerson(world, {}), await newPerson(world, {})]
  for (const each of [person, stranger]) await joinAs(world, each.userId, alice.tenantId, 'viewer')
  const account = newAccount()
  const mine = visitor(world)
  await mine.signInOwn(person)
  const theirsBrowser = visitor(world)
  await theirsBrowser.signInOwn(stranger)
  for (const browser of [mine, theirsBrowser]) {
    assert.equal((await browser.post('/auth/switch-tenant', { tenantId: alice.tenantId })).status, 200)
  }
  const planted = await theirsBrowser.through('/me/provider-links', { providerId: ours.id }, account.login)
  assert.match(await mine.comeBack(ours.id, planted), /not_begun_here/)
  const query = await mine.through(
    '/me/provider-links',
    { providerId: ours.id, next: '/account/security' },
    account.login,
  )
  assert.equal(await mine.comeBack(ours.id, query), '/account/security')
  assert.match(await theirsBrowser.comeBack(ours.id, planted), /link_failed=federation\.subject_taken/)
  assert.equal((await mappingOf(account.sub)).user_id, person.userId)
  assert.ok((await mailsTo(world, person.email)).some(({ subject }) => subject.includes('was linked')))
})

test('AG-04 the home realm is told by the domain alone, and says nothing of accounts', async () => {
  const ada = newAccount()
  await visitor(world).signIn(alice.tenantId, ours.id, ada.login)
  const ask = async (email: string) =>
    JSON.stringify(await (await visitor(world).post('/federation/home-realm', { email })).json())
  const known = await ask(ada.email)
  assert.equal(known, await ask('nobody-at-all@acme.example'))
  assert.match(known, new RegExp(ours.id))
  assert.equal(await ask(alice.email), '{"provider":null}')
  assert.equal(await ask('ada@sub.acme.example'), '{"provider":null}')
  await admin.query(
    `update tenancy.tenant_domains set proven_at = null, proven_by = null where domain = 'acme.example'`,
  )
  assert.equal(await ask(ada.email), '{"provider":null}', 'a proof that is lost counts no more')
  const lost = newAccount()
  assert.equal(await visitor(world).signIn(alice.tenantId, ours.id, lost.login), refused('address_elsewhere'))
  await admin.query(
    `update tenancy.tenant_domains set proven_at = now(), proven_by = 'dns' where domain = 'acme.example'`,
  )
})

test('AG-05 AG-06 who comes again waits for nobody in his workspace, whatever is being changed there', async () => {
  const ada = newAccount()
  await visitor(world).signIn(alice.tenantId, ours.id, ada.login)
  await admin.query('begin')
  try {
    await admin.query('select from tenancy.tenants where id = $1 for no key update', [alice.tenantId])
    await admin.query('select from federation.iam_providers where id = $1 for no key update', [ours.id])
    const again = visitor(world).signIn(alice.tenantId, ours.id, ada.login)
    assert.equal(await doneOrWaiting(again), 'done')
    assert.equal(await again, '/')
  } finally {
    await admin.query('rollback')
  }
})

/** Resolves once the work is done, or a transaction waits for another one. */
async function doneOrWaiting(work: Promise<unknown>): Promise<'done' | 'waiting'> {
  let isDone = false
  work.then(
    () => {
      isDone = true
    },
    () => {
      isDone = true
    },
  )
  for (;;) {
    const { rows } = await admin.query(
      `select from pg_stat_activity where datname = current_database() and cardinality(pg_blocking_pids(pid)) > 0`,
    )
    if (isDone) return 'done'
    if (rows.length > 0) return 'waiting'
  }
}

test('AG-05 who comes for the first time in several windows at once gets one account, and comes in by each', async () => {
  const ada = newAccount()
  const windows = Array.from({ length: 4 }, () => visitor(world))
  const queries = await Promise.all(
    windows.map(window =>
      window.through('/federation/sign-ins', { tenantId: alice.tenantId, providerId: ours.id }, ada.login),
    ),
  )
  const ends = await Promise.all(windows.map((window, index) => window.comeBack(ours.id, queries[index] ?? {})))
  assert.deepEqual(ends, ['/', '/', '/', '/'])
  for (const window of windows) assert.equal(await window.whoIs(), ada.email)
  const { rows } = await admin.query('select id from identity.users where email = $1', [ada.email])
  assert.equal(rows.length, 1)
})

test('AG-05 whose membership ended, or whose address changed, comes in again once an administrator has settled it', async () => {
  const ada = newAccount()
  const browser = visitor(world)
  await browser.signIn(alice.tenantId, ours.id, ada.login)
  const { id, user_id: userId } = await mappingOf(ada.sub)
  const removed = await alice.fetch(`/members/${userId}`, { method: 'DELETE', body: { reason: 'left' } })
  assert.equal(removed.status, 204, await removed.text())
  assert.equal(await browser.signIn(alice.tenantId, ours.id, ada.login), refused('not_a_member'))
  const settle = (mapping: string, person = alice) =>
    person.fetch(`/federation/user-mappings/${mapping}/settle`, { method: 'POST' })
  assert.equal((await settle(id, bob)).status, 404)
  assert.equal((await settle(id)).status, 200)
  assert.equal((await (await settle(id)).json()).code, 'federation.mapping_settled', 'once')
  assert.equal(await browser.signIn(alice.tenantId, ours.id, ada.login), '/')
  assert.deepEqual((await (await browser.get('/me')).json()).roles, ['viewer'])

  const custom = await startIdentityProvider('custom_oidc')
  const set = await setUpProvider(alice, custom)
  const jane = { sub: 'jane', email: 'jane.miller@acme.example', emailVerified: true }
  custom.accounts.set('jane', jane)
  await visitor(world).signIn(alice.tenantId, set.id, 'jane')
  custom.accounts.set('jane', { ...jane, email: 'jane.smith@acme.example' })
  assert.equal(await visitor(world).signIn(alice.tenantId, set.id, 'jane'), refused('address_changed'))
  assert.equal((await settle((await mappingOf('jane')).id)).status, 200)
  const married = visitor(world)
  assert.equal(await married.signIn(alice.tenantId, set.id, 'jane'), '/')
  assert.equal(await married.whoIs(), jane.email, 'the account keeps its own address')
})

test('AG-05 a person takes his link back, and what came by it ends; through the provider he cannot', async () => {
  const person = await newPerson(world, { email: 'unlinks@acme.example' })
  await joinAs(world, person.userId, alice.tenantId, 'member')
  const account = newAccount(okta, { email: person.email })
  const own = visitor(world)
  await own.signInOwn(person)
  assert.equal((await own.post('/auth/switch-tenant', { tenantId: alice.tenantId })).status, 200)
  const query = await own.through('/me/provider-links', { providerId: ours.id }, account.login)
  await own.comeBack(ours.id, query)
  const through = visitor(world)
  assert.equal(await through.signIn(alice.tenantId, ours.id, account.login), '/')
  const { id } = await mappingOf(account.sub)
  const unlink = (by: ReturnType<typeof visitor>) =>
    by.browser.fetch(`${world.baseUrl}/api/v1/me/provider-links/${id}`, {
      method: 'DELETE',
      headers: { 'sec-fetch-site': 'same-origin' },
    })
  assert.equal((await (await unlink(through)).json()).code, 'http.own_sign_in_required')
  const another = visitor(world)
  await another.signInOwn(bob)
  assert.equal((await unlink(another)).status, 404)
  assert.equal((await unlink(own)).status, 204)
  assert.equal(await through.whoIs(), undefined)
  assert.equal(await own.whoIs(), person.email)
  assert.equal(await through.signIn(alice.tenantId, ours.id, account.login), refused('address_taken'))
})

test('AG-04 the provider shows that it is still he: as the same person, for its workspace, and his account stays closed', async () => {
  const [ada, eve] = [newAccount(), newAccount()]
  const browser = visitor(world)
  await browser.signIn(alice.tenantId, ours.id, ada.login)
  const stale = () =>
    admin.query(
      `update identity.user_sessions set authenticated_at = now() - interval '1 hour'
       where user_id = (select user_id from federation.iam_user_mappings where external_id = $1)`,
      [ada.sub],
    )
  const age = async () =>
    (
      await admin.query(
        `select extract(epoch from now() - max(authenticated_at))::integer as age from identity.user_sessions
         where user_id = (select user_id from federation.iam_user_mappings where external_id = $1)`,
        [ada.sub],
      )
    ).rows[0].age
  await stale()
  const other = await browser.through('/federation/step-ups', { next: '/lists' }, eve.login)
  assert.match(await browser.comeBack(ours.id, other), /federation\./, 'somebody else')
  assert.ok((await age()) > 3_000)
  const same = await browser.through('/federation/step-ups', { next: '/lists' }, ada.login)
  assert.equal(await browser.comeBack(ours.id, same), '/lists')
  assert.ok((await age()) < 600)
  assert.equal((await (await browser.get('/me/export')).json()).code, 'http.own_sign_in_required')
  const ownSession = visitor(world)
  await ownSession.signInOwn(bob)
  const none = await ownSession.post('/federation/step-ups', {})
  assert.equal((await none.json()).code, 'federation.of_another')
})
