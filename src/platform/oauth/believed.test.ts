import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { accountsOf } from '#platform/accounts'
import { Keyring } from '#platform/crypto'
import { buildServer, createLogger } from '#platform/http'
import { announceRevocation } from '#platform/identity'
import { makeServiceAccount, type RegisteredClient, registerClient, signInBy } from '#test/oauth-browser.ts'
import { believedNoLonger, joinAs, newPerson, type Person, testWorld } from '#test/world.ts'
import { loadConfig } from '../../main/config.ts'
import { modules } from '../../main/modules.ts'
import { createApp } from '../../main/program.ts'
import { believe } from './believed.ts'

const world = await testWorld()
const { app, alice, bob, baseUrl: here } = world
const elsewhere = await startAnother()
const scope = 'openid profile email offline_access'
const slugs = new Map([
  [alice, 'meridian-capture'],
  [bob, 'northgate-partners'],
])

describe('what is believed for two seconds', () => {
  const never = () => null

  test('MT-21 what was found is asked for once, and again after an announcement', async () => {
    let reads = 0
    const ask = () => believe(app, 'an answer', async () => ++reads, never)
    assert.deepEqual([await ask(), await ask()], [1, 1])
    announceRevocation(app)
    assert.deepEqual([await ask(), await ask()], [2, 2])
    await believedNoLonger()
    assert.equal(await ask(), 3)
  })

  test('MT-21 that there is nothing is never believed, and a failure neither', async () => {
    let reads = 0
    const read = async () => {
      reads++
      return undefined
    }
    const nothing = () => believe(app, 'nothing', read, never)
    await Promise.all([nothing(), nothing()])
    await nothing()
    assert.equal(reads, 3)
    const failing = () => believe(app, 'a failure', () => Promise.reject(new Error(`${++reads}`)), never)
    await assert.rejects(failing(), { message: '4' })
    await assert.rejects(failing(), { message: '5' })
  })

  test('MT-21 what was being read while something ended is not believed afterwards', async () => {
    const { promise, resolve } = Promise.withResolvers<string>()
    const first = believe(app, 'a race', () => promise, never)
    announceRevocation(app)
    resolve('as it was')
    assert.equal(await first, 'as it was')
    assert.equal(await believe(app, 'a race', async () => 'as it is', never), 'as it is')
  })

  test('MT-21 what time ends is not believed beyond that', async () => {
    const ends = new Date(Date.now() + 300)
    assert.equal(
      await believe(
        app,
        'an end',
        async () => 'living',
        () => ends,
      ),
      'living',
    )
    await new Promise(resolve => setTimeout(resolve, 350))
    assert.equal(await believe(app, 'an end', async () => 'read again', never), 'read again')
  })
})

test('MT-21 what is ended at one server is ended there at once, and at another within two seconds', async t => {
  const programs = await Promise.all(
    ['token', 'client', 'secret', 'service'].map(async name => {
      const serviceAccountId = await makeServiceAccount(alice, `As ${name}`, 'viewer')
      const client = await registerClient(alice, { ...asProgram, name, serviceAccountId })
      return [name, { client, serviceAccountId }] as const
    }),
  ).then(made => new Map(made))
  const of = (name: string) => programs.get(name) as { client: RegisteredClient; serviceAccountId: string }
  const tokens = new Map<string, string>()
  for (const [name, { client }] of programs) tokens.set(name, (await grant(here, client)).access_token as string)
  const isActive = async (at: string, name: string) => {
    const { client } = of(name)
    return (await ask(at, alice, 'introspection', client, { token: tokens.get(name) as string })).active
  }
  const member = await newPerson(world)
  await joinAs(world, member.userId, alice.tenantId, 'viewer')
  const person = await signInAt(alice, member)
  const policed = await signInAt(bob, bob)

  // Each of them is known to both servers.
  for (const at of [here, elsewhere]) {
    for (const name of programs.keys()) assert.equal(await isActive(at, name), true)
    for (const { client } of programs.values()) assert.equal((await grant(at, client)).error, undefined)
    assert.deepEqual([await userinfo(at, alice, person), await userinfo(at, bob, policed)], [200, 200])
  }

  const revoked = await ask(here, alice, 'revocation', of('token').client, { token: tokens.get('token') as string })
  assert.equal(revoked.error, undefined)
  await change('PATCH', `/oauth/clients/${of('client').client.id}`, { isActive: false })
  const rotated = await change('POST', `/oauth/clients/${of('secret').client.id}/secrets`, { overlapHours: 0 })
  await change('DELETE', `/service-accounts/${of('service').serviceAccountId}`)
  await change('DELETE', `/members/${member.userId}`, { reason: 'He left' })
  const policy = (await (await bob.fetch('/tenant/security-policy')).json()) as { ipRestrictions: object }
  const ipRestrictions = { ...policy.ipRestrictions, enabled: true, allowedIPs: ['127.0.0.1', '::1'] }
  const set = await bob.fetch('/tenant/security-policy', {
    method: 'PUT',
    body: { ...policy, ipRestrictions, confirmed: true },
  })
  assert.equal(set.status, 200, await set.text())

  const refusals = async (at: string) => ({
    token: await isActive(at, 'token'),
    client: (await grant(at, of('client').client)).error,
    secret: (await grant(at, of('secret').client)).error,
    service: (await grant(at, of('service').client)).error,
    ofService: await isActive(at, 'service'),
    member: await userinfo(at, alice, person),
    policy: await userinfo(at, bob, policed, '203.0.113.77'),
  })
  const all = {
    token: false,
    client: 'invalid_client',
    secret: 'invalid_client',
    service: 'unauthorized_client',
    ofService: false,
    member: 401,
    policy: 400,
  }
  assert.deepEqual(await refusals(here), all)
  await t.test('GG-13 a secret that is a moment old is good at the other server', async () => {
    const { secret } = (await rotated.json()) as { secret: string }
    assert.equal((await grant(elsewhere, { ...of('secret').client, secret })).error, undefined)
  })
  await believedNoLonger()
  assert.deepEqual(await refusals(elsewhere), all)
})

test('MT-21 tokens of programs that are asked for at once are kept each for its own, whichever is gone', async () => {
  const make = async (owner: Person, name: string) =>
    await registerClient(owner, {
      ...asProgram,
      name,
      serviceAccountId: await makeServiceAccount(owner, `For ${name}`, 'viewer'),
    })
  const [first, second, gone, other] = [
    await make(alice, 'First'),
    await make(alice, 'Second'),
    await make(alice, 'Gone'),
    await make(bob, 'Other'),
  ]
  // Known to this server as it was; then it goes past the program.
  assert.equal((await grant(here, gone)).error, undefined)
  await world.admin.query('delete from oauth.oauth_clients where id = $1', [gone.id])
  const asked = [first, second, gone, first, second].flatMap(client => Array.from({ length: 6 }, () => client))
  const answers = await Promise.all([
    ...asked.map(client => grant(here, client)),
    ...Array.from({ length: 6 }, () => grant(here, other, bob)),
  ])
  const ofGone = answers.filter((_, index) => asked[index] === gone)
  assert.ok(ofGone.every(({ error }) => error !== undefined))
  const made = answers.flatMap(({ access_token: token }) => (typeof token === 'string' ? [token] : []))
  assert.equal(new Set(made).size, asked.length)
  const { rows } = await world.admin.query(
    `select client.client_id, count(*)::int as tokens
     from oauth.oauth_access_tokens as token
     join oauth.oauth_clients as client on client.id = token.oauth_client_id and client.tenant_id = token.tenant_id
     where token.token_hash = any(select sha256(convert_to(text, 'utf8')) from unnest($1::text[]) as text)
     group by client.client_id`,
    [made],
  )
  const kept = new Map(rows.map(({ client_id: clientId, tokens }) => [clientId, tokens]))
  assert.deepEqual(
    [first, second, other].map(({ clientId }) => kept.get(clientId)),
    [12, 12, 6],
  )
})

test('MT-21 who leaves while his token is being made takes nothing from those who stay', async () => {
  const client = await registerClient(alice, {
    ...asProgram,
    name: 'Impatient',
    serviceAccountId: await makeServiceAccount(alice, 'For the impatient', 'viewer'),
  })
  // Whoever leaves does so before his request is whole, or at some step of the answer.
  const leaving = Array.from({ length: 60 }, async (_, index) => {
    const signal = AbortSignal.timeout(index * 5)
    const answer = await grant(here, client, alice, signal).catch((error: Error) => error.name)
    assert.ok(answer === 'TimeoutError' || typeof answer === 'object', `${answer}`)
    return answer
  })
  const staying = await Promise.all(Array.from({ length: 30 }, () => grant(here, client)))
  const left = (await Promise.all(leaving)).filter(answer => answer === 'TimeoutError')
  assert.ok(left.length > 0, 'control')
  assert.equal(new Set(staying.map(answer => answer.access_token ?? assert.fail(answer.error))).size, staying.length)
  const inspected = { token: staying.at(-1)?.access_token ?? '' }
  assert.equal((await ask(here, alice, 'introspection', client, inspected)).active, true)
})

const asProgram = { grantTypes: ['client_credentials'], redirectUris: [], scopes: ['contractors.lists.read'] }

async function change(method: string, path: string, body?: unknown): Promise<Response> {
  const response = await alice.fetch(path, { method, ...(body !== undefined && { body }) })
  assert.ok(response.ok, `${method} ${path}: ${response.status} ${await response.clone().text()}`)
  return response
}

type Answer = { active?: boolean; error?: string; access_token?: string }

async function ask(
  at: string,
  owner: Person,
  endpoint: string,
  { clientId, secret }: RegisteredClient,
  form: Record<string, string>,
  signal?: AbortSignal,
): Promise<Answer> {
  const response = await fetch(`${at}/t/${slugs.get(owner)}/${endpoint}`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(`${clientId}:${secret}`)}` },
    body: new URLSearchParams(form),
    ...(signal && { signal }),
  })
  const text = await response.text()
  return (text === '' ? {} : JSON.parse(text)) as Answer
}

const grant = (at: string, client: RegisteredClient, owner = alice, signal?: AbortSignal) =>
  ask(at, owner, 'token', client, { grant_type: 'client_credentials' }, signal)

async function signInAt(owner: Person, person: Person): Promise<string> {
  const slug = slugs.get(owner) as string
  const { tokens } = await signInBy(world, person, { slug, client: await registerClient(owner), scope })
  return tokens.access_token
}

async function userinfo(at: string, owner: Person, token: string, address = '127.0.0.1'): Promise<number> {
  const headers = { authorization: `Bearer ${token}`, 'x-forwarded-for': address }
  return (await fetch(`${at}/t/${slugs.get(owner)}/userinfo`, { headers })).status
}

/** Another server on the same database. */
async function startAnother(): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), 'commonhold-another-'))
  const { settings } = loadConfig(modules, { COMMONHOLD_PORT: '0', COMMONHOLD_DATA_DIR: directory })
  const database = { admin: world.adminConfig, isEmbedded: false, close: async () => {} }
  const log = createLogger('silent')
  const another = createApp({ settings, login: world.login, keyring: Keyring.parse(world.keys), log, database })
  const server = await buildServer({
    app: { ...another, modules },
    modules,
    authenticate: accountsOf(another).principals.authenticate,
    trustedProxies: ['127.0.0.1'],
    readiness: async () => {},
  })
  after(async () => {
    await server.close()
    await another.db.close()
    rmSync(directory, { recursive: true, force: true })
  })
  return await server.listen({ host: '127.0.0.1', port: 0 })
}
