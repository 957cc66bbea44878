import assert from 'node:assert/strict'
import { request } from 'node:http'
import { test } from 'node:test'
import { canonicalHost } from '#platform/http'
import { believedNoLonger, newPerson, type Person, signIn, testWorld } from '#test/world.ts'
import { addressOf, resolveHost } from './hosts.ts'

const world = await testWorld({ environment: { COMMONHOLD_PUBLIC_URL: 'https://hold.example' } })
const { admin, app, alice, bob, baseUrl } = world
const port = new URL(baseUrl).port

type Asked = {
  host: string
  path?: string
  method?: string
  headers?: Record<string, string>
  person?: Person
  body?: unknown
}
type Answer = {
  status: number
  headers: Record<string, string | undefined>
  text: string
  json: () => Record<string, never>
}

/** `fetch` sends no Host of one's own. */
function ask({ host, path = '/api/v1/tenant', method = 'GET', headers = {}, person, body }: Asked): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, path, method }, response => {
      let text = ''
      response.on('data', chunk => {
        text += chunk
      })
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers as Answer['headers'],
          text,
          json: () => JSON.parse(text),
        }),
      )
    })
    sent.setHeader('host', host)
    if (person) sent.setHeader('authorization', `Bearer ${person.accessToken}`)
    if (body !== undefined) sent.setHeader('content-type', 'application/json')
    for (const [name, value] of Object.entries(headers)) sent.setHeader(name, value)
    sent.on('error', reject)
    sent.end(body === undefined ? undefined : JSON.stringify(body))
  })
}

const slugOf = async ({ tenantId }: Person) =>
  (await admin.query('select slug from tenancy.tenants where id = $1', [tenantId])).rows[0].slug as string
const aliceHost = `${await slugOf(alice)}.hold.example`
const prove = async (person: Person, domain: string) => {
  await admin.query(
    `insert into tenancy.tenant_domains (tenant_id, domain, token, proven_at, proven_by) values ($1, $2, 'x', now(), 'dns')`,
    [person.tenantId, domain],
  )
}

test('GG-03 host names are compared in one form: case, port, trailing dot, IDNA', () => {
  for (const host of ['Bücher.Example', 'bücher.example:443', 'XN--BCHER-KVA.example.', 'xn--bcher-kva.example:80'])
    assert.equal(canonicalHost(host), 'xn--bcher-kva.example', host)
  assert.equal(canonicalHost('[::1]:3000'), '[::1]')
  assert.equal(canonicalHost('127.0.0.1:1'), '127.0.0.1')
  for (const wrong of [
    '',
    ':80',
    'a b',
    'a/b',
    'a@b',
    'user:pass@b',
    'a..b',
    '.a',
    'a:b',
    'a:999999',
    '[::1',
    'a\\b',
    `${'x'.repeat(64)}.example`,
  ])
    assert.equal(canonicalHost(wrong), undefined, wrong)
})

test('GG-03 a host name by its slug is its tenant’s and no other’s, and a proven domain leads to it', async () => {
  await prove(bob, 'portal.northgate.example')
  const tenant = { kind: 'tenant', tenantId: alice.tenantId }
  for (const host of [aliceHost, aliceHost.toUpperCase(), `${aliceHost}.`, `${aliceHost}:8443`])
    assert.deepEqual(await resolveHost(app, host), tenant, host)
  assert.deepEqual(await resolveHost(app, 'Portal.Northgate.example:443'), {
    kind: 'elsewhere',
    label: await slugOf(bob),
    isOwnDomain: true,
  })
  const kindOf = async (host: string) => (await resolveHost(app, host)).kind
  for (const host of [
    `x.${aliceHost}`,
    'nobody.hold.example',
    'www.hold.example',
    '.hold.example',
    'a_b.hold.example',
    'a b.hold.example',
  ])
    assert.equal(await kindOf(host), 'unknown', host)
  const foreign = [
    'elsewhere.example',
    `${aliceHost}.evil.example`,
    `evil-${aliceHost}x`,
    'xportal.northgate.example',
    'x.portal.northgate.example',
  ]
  for (const host of foreign) {
    assert.deepEqual(await resolveHost(app, host), { kind: 'installation', isKnown: false }, host)
  }
  for (const host of ['hold.example', 'HOLD.example:1', '127.0.0.1:3000', '[::1]', 'localhost:3000'])
    assert.deepEqual(await resolveHost(app, host), { kind: 'installation', isKnown: true }, host)
})

test('GG-03 AG-01 on a tenant’s host all is about that tenant, and another one in X-Tenant-Id is refused', async () => {
  const both = await newPerson(world, { tenantName: 'Third' })
  const ownHost = `${await slugOf(both)}.hold.example`
  assert.equal((await ask({ host: aliceHost, person: alice })).json().id, alice.tenantId)
  assert.equal((await ask({ host: ownHost, person: both })).json().id, both.tenantId)
  const named = await ask({ host: aliceHost, person: alice, headers: { 'x-tenant-id': alice.tenantId.toUpperCase() } })
  assert.equal(named.status, 200, 'control: its own may be named')
  const wrong = await ask({ host: aliceHost, person: both, headers: { 'x-tenant-id': both.tenantId } })
  assert.deepEqual([wrong.status, wrong.json().code], [403, 'http.tenant_of_host'])
  for (const stranger of [both, bob]) {
    const refused = await ask({ host: aliceHost, person: stranger })
    assert.deepEqual([refused.status, refused.json().code], [403, 'accounts.not_a_member'])
  }
  const control = await ask({ host: 'hold.example', person: both })
  assert.equal(control.json().id, both.tenantId, 'on the installation’s own host the session says it')
})

test('GG-03 who signs in on a tenant’s host comes into that tenant, and who belongs to another does not', async () => {
  const path = '/api/v1/auth/sign-in'
  const body = ({ email, password }: Person) => ({ email, password })
  const browser = { origin: `https://${aliceHost}`, 'sec-fetch-site': 'same-origin' }
  const good = await ask({ host: aliceHost, path, method: 'POST', body: body(alice), headers: browser })
  assert.deepEqual([good.status, good.json().tenantId], [200, alice.tenantId])
  assert.match(String(good.headers['set-cookie']), /__Host-commonhold=[^;]+;(?!.*Domain)/i)
  const bad = await ask({ host: aliceHost, path, method: 'POST', body: body(bob), headers: browser })
  assert.deepEqual([bad.status, bad.json().code], [403, 'accounts.not_a_member'])
})

test('GG-03 a write from a page counts on hosts of this installation, each for itself', async () => {
  const write = (host: string, origin: string, site = 'same-origin') =>
    ask({
      host,
      path: '/api/v1/auth/sign-in',
      method: 'POST',
      body: { email: 'a@b.example', password: 'x' },
      headers: { origin, 'sec-fetch-site': site },
    })
  const isLetIn = async (answer: Promise<Answer>) => (await answer).json().code !== 'http.cross_site'
  assert.ok(await isLetIn(write('hold.example', 'https://hold.example')))
  assert.ok(await isLetIn(write(aliceHost, `https://${aliceHost}`)))
  assert.ok(await isLetIn(write('127.0.0.1:3000', 'https://127.0.0.1:3000')))
  assert.ok(!(await isLetIn(write(aliceHost, 'https://hold.example'))), 'the installation’s page on a tenant’s host')
  assert.ok(!(await isLetIn(write('hold.example', `https://${aliceHost}`))), 'a tenant’s page on the installation’s')
  assert.ok(!(await isLetIn(write(aliceHost, 'https://portal.northgate.example'))), 'another tenant’s')
  assert.ok(
    !(await isLetIn(write('rebound.example', 'https://rebound.example'))),
    'a name that is not ours (DNS rebinding)',
  )
  assert.ok(!(await isLetIn(write(aliceHost, `https://${aliceHost}`, 'cross-site'))))
})

test('GG-03 the host of an old slug leads to the new one, with path and query, as long as it is held', async () => {
  const ada = await newPerson(world, { tenantName: 'Mover' })
  const old = await slugOf(ada)
  const changed = await ada.fetch('/tenant/slug', { method: 'PUT', body: { slug: 'moved-here' } })
  assert.equal(changed.status, 200)
  const led = async (asked: Partial<Asked>) => {
    const { status, headers } = await ask({ host: `${old}.hold.example:8443`, ...asked })
    return [status, headers.location, headers['cache-control']]
  }
  assert.deepEqual(await led({ path: '/lists?q=a%20b&x=1' }), [
    302,
    'https://moved-here.hold.example:8443/lists?q=a%20b&x=1',
    'no-store',
  ])
  assert.deepEqual(await led({ path: '/api/v1/contractor-lists', method: 'POST', body: {} }), [
    308,
    'https://moved-here.hold.example:8443/api/v1/contractor-lists',
    'no-store',
  ])
  for (const path of ['//evil.example/', 'http://evil.example/x', '/\\evil.example']) {
    const [status, location] = await led({ path })
    assert.equal(status, 302)
    assert.equal(new URL(String(location)).host, 'moved-here.hold.example:8443', path)
  }
  await admin.query(`update tenancy.former_slugs set held_until = now() where slug = $1`, [old])
  await believedNoLonger()
  assert.equal((await ask({ host: `${old}.hold.example` })).status, 404)
})

test('GG-03 a tenant’s own domain leads to its host here, and no session begins where somebody else rules the DNS', async () => {
  const target = `https://${await slugOf(bob)}.hold.example`
  const led = async (asked: Partial<Asked>) => {
    const { status, headers } = await ask({ host: 'portal.northgate.example:8443', ...asked })
    return [status, headers.location, headers['set-cookie']]
  }
  assert.deepEqual(await led({ path: '/lists?q=1' }), [302, `${target}/lists?q=1`, undefined])
  const { email, password } = alice
  const body = { email, password }
  const path = '/api/v1/auth/sign-in'
  const headers = { origin: 'https://portal.northgate.example', 'sec-fetch-site': 'same-origin' }
  assert.deepEqual(await led({ path, method: 'POST', body, headers }), [308, `${target}${path}`, undefined])
  assert.deepEqual(await led({ path: '/api/v1/tenant', person: bob }), [302, `${target}/api/v1/tenant`, undefined])
  for (const wanted of ['//evil.example/', 'http://evil.example/x', '/\\evil.example']) {
    const [, location] = await led({ path: wanted })
    assert.equal(new URL(String(location)).origin, target, wanted)
  }
})

test('GG-03 nobody’s host is answered with a plain page, but for who looks after the process', async () => {
  const { status, text, headers } = await ask({
    host: 'nobody.hold.example',
    path: '/sign-in',
    headers: { accept: 'text/html' },
  })
  assert.deepEqual([status, headers['content-type']], [404, 'text/plain; charset=utf-8'])
  assert.match(text, /no workspace at this address/)
  assert.equal((await ask({ host: 'nobody.hold.example', person: alice })).status, 404)
  assert.equal((await ask({ host: 'nobody.hold.example', path: '/livez' })).status, 200)
})

test('GG-03 a change of what a host stands for is felt within 5 seconds, also when made elsewhere', async () => {
  const ada = await newPerson(world, { tenantName: 'Domain Owner' })
  const isHers = async () => (await resolveHost(app, 'late.example')).kind === 'elsewhere'
  assert.equal(await isHers(), false)
  await prove(ada, 'late.example')
  await believedNoLonger()
  assert.equal(await isHers(), true)
  await admin.query(`delete from tenancy.tenant_domains where domain = 'late.example'`)
  await believedNoLonger()
  assert.equal(await isHers(), false)
})

test('GG-03 the address of a tenant is its domain, else its slug below the installation’s host, if that has a name', () => {
  const at = (publicUrl: string, domain: string | null = null) =>
    addressOf({ ...app, publicUrl }, { slug: 'one', domain })
  assert.equal(at('https://hold.example'), 'https://one.hold.example')
  assert.equal(at('http://localhost:3000'), 'http://one.localhost:3000')
  assert.equal(at('https://hold.example', 'portal.one.example'), 'https://portal.one.example')
  assert.equal(at('http://127.0.0.1:3000'), undefined)
  assert.equal(at('http://[::1]:3000'), undefined)
})

test('GHSA-3529-5m8x-rpv3 links in mails come from the configuration, whatever host was asked', async () => {
  const ada = await newPerson(world)
  await ask({
    host: 'evil.example',
    path: '/api/v1/auth/forgot-password',
    method: 'POST',
    body: { email: ada.email },
    headers: { 'x-forwarded-host': 'evil.example' },
  })
  const { mailsTo } = await import('#test/mails.ts')
  const { runJobs } = await import('#test/jobs.ts')
  await runJobs(world).catch(() => {})
  const [mail] = await mailsTo(world, ada.email)
  assert.ok(mail?.link?.startsWith('https://hold.example/'), mail?.link)
  assert.ok(await signIn(baseUrl, ada))
})
