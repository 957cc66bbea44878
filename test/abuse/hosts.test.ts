import assert from 'node:assert/strict'
import { request } from 'node:http'
import { test } from 'node:test'
import { runJobs } from '#test/jobs.ts'
import { mailsTo } from '#test/mails.ts'
import { environmentOf, startProvider } from '#test/openid-provider.ts'
import { believedNoLonger, newPerson, type Person, randomAddress, testWorld } from '#test/world.ts'

const provider = await startProvider()
const publicUrl = 'https://commonhold.example'
const world = await testWorld({ environment: { ...environmentOf(provider), COMMONHOLD_PUBLIC_URL: publicUrl } })
const { admin, app, baseUrl } = world
assert.equal(app.publicUrl, publicUrl)

type Sent = { path: string; method?: string; headers?: Record<string, string>; body?: object }
type Got = { status: number; headers: Record<string, string | string[] | undefined>; body: string }

/** A request as bytes: fetch would set the host itself. `path` may be a whole address. */
function send({ path, method = 'POST', headers = {}, body }: Sent): Promise<Got> {
  const { hostname, port, host } = new URL(baseUrl)
  return new Promise((resolve, reject) => {
    const text = body === undefined ? undefined : JSON.stringify(body)
    const outgoing = request(
      {
        hostname,
        port,
        path,
        method,
        setHost: false,
        headers: {
          host,
          'x-forwarded-for': randomAddress(),
          ...(text !== undefined && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
          ...headers,
        },
      },
      answer => {
        let received = ''
        answer.setEncoding('utf8').on('data', chunk => {
          received += chunk
        })
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: received }))
      },
    )
    outgoing.on('error', reject).end(text)
  })
}

/** How a caller, or a proxy that passes on what it was sent, says another host. */
const poisons: Record<string, { headers?: Record<string, string>; target?: string }> = {
  'another Host': { headers: { host: 'evil.example' } },
  'a Host with our name before': { headers: { host: 'commonhold.example.evil.example' } },
  'a Host with another port': { headers: { host: 'commonhold.example:666' } },
  'X-Forwarded-Host': { headers: { 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'http' } },
  'two X-Forwarded-Hosts': { headers: { 'x-forwarded-host': 'commonhold.example, evil.example' } },
  'X-Forwarded-Port and -Prefix': {
    headers: {
      'x-forwarded-port': '666',
      'x-forwarded-prefix': '//evil.example',
      'x-forwarded-server': 'evil.example',
    },
  },
  Forwarded: { headers: { forwarded: 'for=evil.example;host=evil.example;proto=http' } },
  'X-Original-Host and its like': {
    headers: {
      'x-original-host': 'evil.example',
      'x-host': 'evil.example',
      'x-http-host-override': 'evil.example',
      'x-original-url': 'https://evil.example/',
      'x-rewrite-url': 'https://evil.example/',
      'x-forwarded-url': 'https://evil.example/',
      'true-client-host': 'evil.example',
    },
  },
  'Origin and Referer': { headers: { referer: 'https://evil.example/', 'x-requested-from': 'https://evil.example' } },
  'an absolute target': { target: 'http://evil.example', headers: { host: 'commonhold.example' } },
  'an absolute target and its Host': { target: 'https://evil.example:8443', headers: { host: 'evil.example:8443' } },
}

const said = ({ headers, body }: Got) => `${JSON.stringify(headers)}${body}`

/** Cookies of a page that another host might get to see. */
function areBound({ headers }: Got): void {
  for (const cookie of [headers['set-cookie'] ?? []].flat()) {
    assert.match(
      cookie,
      /^__Host-[a-z-]+=[^;]*(; Max-Age=0)?; Path=\/(; Expires=[^;]+)?; HttpOnly; Secure; SameSite=Lax$/,
    )
    assert.ok(!/domain/i.test(cookie), cookie)
  }
}

async function mailsOf(address: string) {
  await runJobs(world)
  return await mailsTo(world, address)
}

const linksIn = (text: string) => text.match(/https?:\/\/[^\s"'<>)]+/g) ?? []

function leadHere(mails: Awaited<ReturnType<typeof mailsOf>>, what: string): void {
  assert.ok(mails.length > 0, `control: there is a mail, ${what}`)
  for (const { name, link, text, html, subject } of mails) {
    for (const each of [...linksIn(text), ...linksIn(html), ...(link ? [link] : [])]) {
      assert.ok(each.startsWith(`${publicUrl}/`) || each === publicUrl, `${name} after ${what}: ${each}`)
    }
    assert.ok(!/evil|127\.0\.0\.1|localhost/i.test(subject + text + html), `${name} after ${what}`)
  }
  assert.ok(
    mails.some(({ link }) => link?.startsWith(`${publicUrl}/`)),
    `control: there is a link, ${what}`,
  )
}

for (const [what, { headers = {}, target = '' }] of Object.entries(poisons)) {
  const at = (path: string) => `${target}/api/v1${path}`
  const post = (path: string, body: object, more: Record<string, string> = {}) =>
    send({ path: at(path), body, headers: { ...headers, ...more } })

  test(`GHSA-3529-5m8x-rpv3 ${what} gets into no mail`, async () => {
    const person = await newPerson(world)
    const bearer = { authorization: `Bearer ${person.accessToken}` }
    const fresh = `fresh-${person.userId}@people.example`
    const password = 'a rather long passphrase'
    await admin.query('update identity.users set email_verified_at = null where id = $1', [person.userId])
    const answers = [
      await post('/auth/forgot-password', { email: person.email }),
      await post('/auth/sign-up', { email: fresh, fullName: 'Fresh', password }),
      await post('/auth/sign-up', { email: person.email, fullName: 'Again', password }),
      await post('/me/email', { email: `new-${fresh}` }, bearer),
      await send({ path: at('/me/verify-email'), headers: { ...headers, ...bearer } }),
      await post(
        '/me/password',
        { currentPassword: person.password, newPassword: 'another passphrase of mine' },
        bearer,
      ),
    ]
    assert.deepEqual(
      answers.map(({ status }) => status),
      [202, 202, 202, 202, 204, 204],
    )
    for (const answer of answers) {
      assert.ok(!/evil\.example/.test(said(answer)), said(answer))
      assert.equal(answer.headers.location, undefined)
    }
    for (const address of [person.email, fresh, `new-${fresh}`]) leadHere(await mailsOf(address), what)
  })

  test(`VS-02 ${what} changes neither cookies, redirects nor the address that Google comes back to`, async () => {
    const person = await newPerson(world)
    const signedIn = await post('/auth/sign-in', { email: person.email, password: person.password })
    assert.equal(signedIn.status, 200)
    assert.equal(signedIn.headers['set-cookie']?.length, 3, 'control: cookies are set')
    areBound(signedIn)

    const begun = await post('/auth/google', { next: '/lists' })
    assert.equal(begun.status, 200)
    areBound(begun)
    const { url } = JSON.parse(begun.body) as { url: string }
    assert.equal(new URL(url).origin, provider.issuer)
    assert.equal(new URL(url).searchParams.get('redirect_uri'), `${publicUrl}/api/v1/auth/google/callback`)
    for (const [path, body] of [
      ['/me/external-identities/google', {}],
      ['/auth/step-up/google', {}],
    ] as const) {
      const own = await post(path, body, { authorization: `Bearer ${person.accessToken}` })
      const redirectUri = new URL((JSON.parse(own.body) as { url: string }).url).searchParams.get('redirect_uri')
      assert.equal(redirectUri, `${publicUrl}/api/v1/auth/google/callback`)
    }

    const returned = await send({ path: at('/auth/google/callback?state=x&code=y'), method: 'GET', headers })
    assert.deepEqual(
      [returned.status, returned.headers.location],
      [302, '/sign-in?refused=identity.google_not_begun_here'],
    )
    areBound(returned)

    for (const path of ['/auth/options', '/openapi.json', '/nothing/here', '/me']) {
      const answer = await send({ path: at(path), method: 'GET', headers })
      assert.ok(!/evil\.example/.test(said(answer)), path)
      assert.equal(answer.headers.location, undefined)
    }
    const refused = await send({ path: at('/me'), method: 'GET', headers: { ...headers, authorization: 'Bearer x' } })
    assert.equal(refused.status, 401)
    assert.ok(!/evil\.example/.test(said(refused)))
  })

  test(`MT-06 ${what} moves no passkey to another site, nor the audience of tokens`, async () => {
    const person = await newPerson(world)
    const bearer = { authorization: `Bearer ${person.accessToken}` }
    const registration = await send({ path: at('/me/passkeys/options'), headers: { ...headers, ...bearer } })
    assert.equal(registration.status, 200)
    assert.equal(
      (JSON.parse(registration.body) as { options: { rp: { id: string } } }).options.rp.id,
      'commonhold.example',
    )
    const options = await post('/auth/passkeys/options', {})
    assert.equal((JSON.parse(options.body) as { options: { rpId: string } }).options.rpId, 'commonhold.example')
    const answer = JSON.parse((await post('/auth/sign-in', { email: person.email, password: person.password })).body)
    const claims = JSON.parse(Buffer.from(answer.accessToken.split('.')[1], 'base64url').toString())
    assert.deepEqual([claims.iss, claims.aud], [publicUrl, publicUrl])
    const uri = await send({ path: at('/me/two-factor'), headers: { ...headers, ...bearer } })
    assert.ok(!/evil/.test(uri.body))
  })
}

test('GHSA-3529-5m8x-rpv3 a Host that is none, or of a workspace that is none, is refused before anything is done', async () => {
  const person = await newPerson(world)
  const before = (await mailsOf(person.email)).length
  for (const host of [
    'commonhold.example:1@evil.example',
    'evil.example/commonhold.example',
    'evil.commonhold.example',
  ]) {
    for (const [path, body] of [
      ['/auth/forgot-password', { email: person.email }],
      ['/auth/sign-in', { email: person.email, password: person.password }],
      ['/auth/passkeys/options', {}],
      ['/auth/google', { next: '/lists' }],
    ] as const) {
      const answer = await send({ path: `/api/v1${path}`, headers: { host }, body })
      assert.deepEqual([answer.status, answer.headers['set-cookie']], [404, undefined], `${path} at ${host}`)
      assert.ok(!/evil\.example/.test(said(answer)), said(answer))
    }
  }
  assert.equal((await mailsOf(person.email)).length, before)
  const control = await send({ path: '/api/v1/auth/forgot-password', body: { email: person.email } })
  assert.deepEqual([control.status, (await mailsOf(person.email)).length], [202, before + 1], 'control')
})

test('PE-04 a page of another host does not become ours because a header says so', async () => {
  const person: Person = await newPerson(world, { tenantName: 'Hosts' })
  const signedIn = await send({
    path: '/api/v1/auth/sign-in',
    body: { email: person.email, password: person.password },
  })
  const cookie = [signedIn.headers['set-cookie'] ?? []]
    .flat()
    .map(text => text.split(';')[0])
    .join('; ')
  const write = (headers: Record<string, string>) =>
    send({ path: '/api/v1/contractor-lists', body: { name: 'Forged' }, headers: { cookie, ...headers } })
  const origin = 'https://evil.example'
  for (const headers of [
    { origin },
    { origin, 'x-original-host': 'evil.example' },
    { origin, forwarded: 'host=evil.example;proto=https' },
    { origin, 'x-forwarded-host': 'evil.example', 'sec-fetch-site': 'cross-site' },
    { origin: 'http://evil.example', 'x-forwarded-host': 'evil.example' },
    { origin: 'null', 'x-forwarded-host': 'null' },
  ] as Record<string, string>[]) {
    assert.equal((await write(headers)).status, 403, JSON.stringify(headers))
  }
  assert.equal((await write({ origin: publicUrl, 'sec-fetch-site': 'same-origin' })).status, 201, 'control')
})

test('MT-04 what an operator does sends mails with our address too', async () => {
  const [operator, person] = [await newPerson(world), await newPerson(world)]
  await admin.query('insert into identity.operators (user_id) values ($1)', [operator.userId])
  await believedNoLonger()
  const headers = { authorization: `Bearer ${operator.accessToken}`, 'x-forwarded-host': 'evil.example' }
  const users = `/api/v1/users/${person.userId}`
  assert.equal((await send({ path: `${users}/password-reset`, headers })).status, 204)
  for (const status of ['suspended', 'active']) {
    assert.equal((await send({ path: `${users}/status`, headers, body: { status, reason: 'x' } })).status, 200)
  }
  leadHere(await mailsOf(person.email), 'an operator')
})
