import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import { DomainError } from '#platform/errors.ts'
import { checkDomain, resolveHost, type TenantDomain } from '#platform/tenancy'
import { mailsTo } from '#test/mails.ts'
import { nameServer } from '#test/name-server.ts'
import { believedNoLonger, joinAs, newPerson, type Person, testWorld } from '#test/world.ts'
import { checkDomains } from './domain-checks.ts'

const world = await testWorld({ environment: { COMMONHOLD_PUBLIC_URL: 'https://hold.example' } })
const { admin, app, alice, bob, viewer } = world
const names = await nameServer()

/** The web server of `localhost`, with a certificate that tests know. */
let file: { status: number; text: string } | undefined
const tls = (name: string) => readFileSync(`test/support/tls/${name}`, 'utf8')
const web = createServer({ key: tls('server.key'), cert: tls('server.pem') }, (request, response) => {
  const found = request.url === '/.well-known/commonhold-domain.txt' ? file : undefined
  response.writeHead(found?.status ?? 404, { location: 'https://elsewhere.example/' }).end(found?.text ?? '')
})
await new Promise<void>(resolve => web.listen(0, '127.0.0.1', resolve))
after(() => {
  web.close()
  web.closeAllConnections()
})
const inside = { resolver: names.resolver, request: { resolve: async () => [{ address: '127.0.0.1', family: 4 }] } }

type Body = TenantDomain & { code: string; items: TenantDomain[] }
const call = async (person: Person, method: string, path: string, body?: unknown) => {
  const answer = await person.fetch(path, { method, ...(body !== undefined && { body }) })
  return { status: answer.status, json: (await answer.json().catch(() => ({}))) as Body }
}
const add = async (person: Person, domain: string) => (await call(person, 'POST', '/tenant/domains', { domain })).json
const check = (person: Person, { id }: { id: string }, outside = inside) => checkDomain(app, person.scope, id, outside)
const publish = ({ proof }: TenantDomain) => names.records.set(proof.record.name, proof.record.value)
const isCode = (code: string) => (error: unknown) => error instanceof DomainError && error.code === code
const domainOf = async (person: Person) =>
  (await admin.query('select domain from tenancy.tenants where id = $1', [person.tenantId])).rows[0].domain
const leadsTo = async (host: string) => {
  const answer = await resolveHost(app, host)
  if (answer.kind !== 'elsewhere') return answer.kind
  assert.ok(answer.isOwnDomain)
  const { rows } = await admin.query('select id from tenancy.tenants where slug = $1', [answer.label])
  return rows[0].id
}

test('GG-03 a domain is proven by a TXT record, becomes the tenant’s primary one, and leads to it', async () => {
  const added = await add(alice, 'HTTPS://Portal.Meridian.Example/')
  assert.deepEqual([added.domain, added.status, added.isPrimary], ['portal.meridian.example', 'unproven', false])
  assert.equal(added.proof.record.name, '_commonhold.portal.meridian.example')
  const missing = await check(alice, added)
  assert.equal(missing.status, 'unproven')
  assert.match(missing.fault ?? '', /There is no TXT record _commonhold\.portal\.meridian\.example/)
  assert.equal(await leadsTo(added.domain), 'installation')

  names.records.set(added.proof.record.name, `${added.proof.record.value}x`)
  assert.match((await check(alice, added)).fault ?? '', /holds something else/)
  publish(added)
  const proven = await check(alice, added)
  assert.deepEqual([proven.status, proven.provenBy, proven.isPrimary, proven.fault], ['proven', 'dns', true, null])
  assert.equal(await domainOf(alice), added.domain)
  assert.equal(await leadsTo(added.domain), alice.tenantId)
  const seen = (await (await viewer.fetch('/tenant')).json()) as { url: string }
  assert.equal(seen.url, 'https://portal.meridian.example')
})

test('GG-03 a domain is proven by a file on its own web server, whose answer is told to nobody', async () => {
  const added = await add(alice, 'files.meridian.example')
  // The name of the certificate is localhost: what is asked there stands for the domain's server.
  const outside = {
    ...inside,
    port: (web.address() as AddressInfo).port,
    request: { ...inside.request, ca: tls('ca.pem') },
  }
  const attempt = async (allowed: string, domain = added.domain) => {
    const { proveDomain } = await import('../tenancy/domain-proofs.ts')
    const withAllowed = { ...app, config: { ...app.config, outgoingAllow: allowed } }
    return await proveDomain(withAllowed, domain, 'the-token', outside)
  }
  file = { status: 200, text: ' commonhold-domain=the-token\n' }
  assert.deepEqual(await attempt('127.0.0.1', 'localhost'), { by: 'file' })
  file = { status: 200, text: 'secret of another server' }
  const other = await attempt('127.0.0.1', 'localhost')
  assert.ok('fault' in other && !other.fault.includes('secret'))
  file = { status: 302, text: '' }
  const redirected = await attempt('127.0.0.1', 'localhost')
  assert.ok('fault' in redirected && /status 302/.test(redirected.fault))
  file = { status: 200, text: 'commonhold-domain=the-token' }
  const foreign = await attempt('127.0.0.1')
  assert.ok('fault' in foreign && /certificate is not valid/.test(foreign.fault), 'a certificate of another name')
  const privately = await attempt('', 'localhost')
  assert.ok('fault' in privately && /does not lead to the public internet/.test(privately.fault))
})

test('GG-03 a claim without proof keeps nobody from a domain; of two that prove it the first has it', async () => {
  const [ours, theirs] = [await add(alice, 'wanted.example'), await add(bob, 'wanted.example')]
  assert.notEqual(ours.proof.record.value, theirs.proof.record.value)
  publish(ours)
  assert.equal((await check(bob, theirs)).status, 'unproven', 'another’s token proves nothing')
  publish(theirs)
  assert.equal((await check(bob, theirs)).status, 'proven')
  publish(ours)
  await assert.rejects(check(alice, ours), isCode('tenancy.domain_taken'))
  assert.equal(await leadsTo('wanted.example'), bob.tenantId)
  assert.equal((await call(bob, 'DELETE', `/tenant/domains/${theirs.id}`)).status, 204)
  assert.equal((await check(alice, ours)).status, 'proven', 'once it is given up')
  assert.equal(await leadsTo('wanted.example'), alice.tenantId)
})

test('GG-03 of tenants that prove one domain at the same moment one gets it', async () => {
  const people = await Promise.all([1, 2, 3].map(n => newPerson(world, { tenantName: `Racer ${n}` })))
  const claims = await Promise.all(people.map(person => add(person, 'raced.example')))
  const anyToken = {
    ...inside,
    resolver: { resolveTxt: async () => claims.map(({ proof }) => [proof.record.value]) },
  }
  const outcomes = await Promise.allSettled(
    people.map((person, n) => checkDomain(app, person.scope, claims[n]?.id ?? '', anyToken)),
  )
  assert.deepEqual(outcomes.map(({ status }) => status).toSorted(), ['fulfilled', 'rejected', 'rejected'])
  for (const outcome of outcomes)
    if (outcome.status === 'rejected') assert.ok(isCode('tenancy.domain_taken')(outcome.reason))
  const { rows } = await admin.query(`select from tenancy.proven_domains where domain = 'raced.example'`)
  assert.equal(rows.length, 1)
})

test('GG-03 AG-01 domains are seen and changed in their own tenant, by its administrators', async () => {
  const added = await add(alice, 'private.example')
  publish(added)
  await check(alice, added)
  assert.ok(
    (await call(viewer, 'GET', '/tenant/domains')).json.items.some(({ id }) => id === added.id),
    'control',
  )
  assert.ok(!(await call(bob, 'GET', '/tenant/domains')).json.items.some(({ domain }) => domain === 'private.example'))
  for (const [method, path] of [
    ['POST', 'check'],
    ['PUT', 'primary'],
  ] as const) {
    assert.equal((await call(bob, method, `/tenant/domains/${added.id}/${path}`)).status, 404)
    assert.equal((await call(viewer, method, `/tenant/domains/${added.id}/${path}`)).status, 403)
  }
  assert.equal((await call(bob, 'DELETE', `/tenant/domains/${added.id}`)).status, 404)
  const made = await call(alice, 'PUT', `/tenant/domains/${added.id}/primary`)
  assert.deepEqual([made.status, made.json.isPrimary, await domainOf(alice)], [200, true, 'private.example'])
  const unproven = await add(alice, 'unproven.example')
  assert.equal(
    (await call(alice, 'PUT', `/tenant/domains/${unproven.id}/primary`)).json.code,
    'tenancy.domain_unproven',
  )
  const scope = { ...alice.scope }
  await assert.rejects(
    world.db.transaction(scope, async tx => {
      const { sql } = await import('#platform/database')
      await tx.run(sql`update tenancy.tenants set domain = 'unproven.example' where id = ${alice.tenantId}`)
    }),
    /tenants_domain_fkey/,
    'the database says so too',
  )
  await call(alice, 'DELETE', `/tenant/domains/${added.id}`)
  assert.equal(await domainOf(alice), null)
  assert.equal(await leadsTo('private.example'), 'installation')
})

test('GG-03 what is no domain of the internet, or the installation’s own, is refused', async () => {
  for (const wrong of [
    'localhost',
    'x',
    '127.0.0.1',
    '[::1]',
    'a b.example',
    'x.localhost',
    'x.internal',
    'x.local',
    'a..b',
    '-a.example',
    'user@a.example',
    'a.example/path',
    'a.1',
  ]) {
    const refused = await call(alice, 'POST', '/tenant/domains', { domain: wrong })
    assert.deepEqual([refused.status, refused.json.code], [400, 'tenancy.domain_invalid'], wrong)
  }
  for (const own of ['hold.example', 'x.hold.example', 'HOLD.example.']) {
    assert.equal((await add(alice, own)).code, 'tenancy.domain_own', own)
  }
  assert.equal((await add(alice, 'bücher-portal.example')).domain, 'xn--bcher-portal-dlb.example')
  assert.equal((await add(alice, 'BÜCHER-portal.example.')).code, 'tenancy.domain_known')
})

test('GG-03 a proof that is gone counts for 7 days more, and the owners are told when it is missed and when it is lost', async () => {
  const ada = await newPerson(world, { tenantName: 'Losing Tenant' })
  const member = await newPerson(world)
  await joinAs(world, member.userId, ada.tenantId, 'member')
  const added = await add(ada, 'lost.example')
  publish(added)
  await check(ada, added)
  let now = Date.now()
  const later = { ...app, clock: { now: () => new Date(now) } }
  const day = 24 * 3600 * 1000
  const run = async () => {
    now += day
    return await checkDomains(later, inside)
  }
  const mails = async (person: Person) =>
    (await mailsTo(world, person.email))
      .filter(({ name }) => name === 'accounts.domain_fails')
      .map(({ subject }) => subject)

  await run()
  assert.deepEqual(await mails(ada), [], 'control: it is there')
  names.records.delete(added.proof.record.name)
  for (let days = 0; days < 7; days++) await run()
  assert.deepEqual(await mails(ada), ['The proof of lost.example is missing'])
  assert.equal(await leadsTo('lost.example'), ada.tenantId, 'it counts still')
  assert.equal((await call(ada, 'GET', '/tenant/domains')).json.items[0]?.status, 'failing')
  await run()
  assert.deepEqual(await mails(ada), [
    'The proof of lost.example is missing',
    'lost.example leads to your workspace no more',
  ])
  assert.deepEqual(await mails(member), [])
  await believedNoLonger()
  assert.equal(await leadsTo('lost.example'), 'installation')
  assert.equal(await domainOf(ada), null)

  publish(added)
  assert.equal((await check(ada, added)).status, 'proven', 'it can be proven again')
  names.silent.add(added.proof.record.name)
  await run()
  assert.match(
    (await call(ada, 'GET', '/tenant/domains')).json.items[0]?.fault ?? '',
    /name servers of the domain did not answer/,
  )
  names.silent.clear()
  await run()
  assert.equal((await call(ada, 'GET', '/tenant/domains')).json.items[0]?.status, 'proven', 'found again in time')
})
