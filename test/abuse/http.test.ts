import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { testWorld } from '#test/world.ts'

const directory = mkdtempSync(join(tmpdir(), 'commonhold-abuse-'))
after(() => rmSync(directory, { recursive: true, force: true }))
const consoleDirectory = join(directory, 'console')
mkdirSync(join(consoleDirectory, 'assets'), { recursive: true })
writeFileSync(join(consoleDirectory, 'index.html'), '<!doctype html><title>Console</title>')
writeFileSync(join(consoleDirectory, 'assets/app.js'), 'console')
writeFileSync(join(consoleDirectory, '.env'), 'hidden secret')
writeFileSync(join(directory, 'outside.json'), 'outside secret')

const { alice, bob, admin, baseUrl } = await testWorld({ consoleDirectory })
const { port } = new URL(baseUrl)

/** Sends bytes as they are and answers with all that comes back until the connection ends. */
function sendRaw(text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), '127.0.0.1')
    let answer = ''
    socket.setEncoding('latin1').on('data', chunk => {
      answer += chunk
    })
    socket.on('close', () => resolve(answer))
    socket.on('error', reject)
    socket.write(text, 'latin1')
  })
}
const get = (path: string, headers = '') =>
  sendRaw(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${headers}\r\n`)
const statusOf = (answer: string) => Number(answer.split(' ')[1])
const isAlive = async () => assert.equal((await fetch(`${baseUrl}/livez`)).status, 200)
const post = (path: string, body: string, headers: Record<string, string> = {}) =>
  fetch(`${baseUrl}/api/v1${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  })

test('no address leads out of the console’s directory or to its hidden files', async () => {
  assert.match(await get('/assets/app.js'), /console$/, 'control: its files are served')
  const paths = [
    '/../outside.json',
    '/..%2foutside.json',
    '/%2e%2e/outside.json',
    '/%2e%2e%2foutside.json',
    '/%252e%252e%252foutside.json',
    '/..\\outside.json',
    '/..%5coutside.json',
    '/assets/../../outside.json',
    '/assets/..%2f..%2foutside.json',
    '/assets/%2e%2e/%2e%2e/outside.json',
    '/%c0%ae%c0%ae/outside.json',
    '/..;/outside.json',
    '/.env',
    '/%2eenv',
    '/.env%00.js',
    '/assets/app.js/../../../outside.json',
    `//${directory}/outside.json`,
    `${baseUrl}/../outside.json`,
    '/assets/',
    '/assets/..',
  ]
  for (const path of paths) {
    for (const accept of ['', 'Accept: text/html\r\n']) {
      const answer = await get(path, accept)
      assert.ok(!answer.includes('secret'), path)
      assert.ok(statusOf(answer) < 500, `${path}: ${statusOf(answer)}`)
    }
  }
})

test('no answer repeats a host that the caller made up, and no address sends to another site', async () => {
  for (const path of [
    '/api/v1/openapi.json',
    '/api/docs',
    '/api/v1/me',
    '/nowhere',
    '/',
    '/sign-in?next=//evil.example',
  ]) {
    for (const headers of ['', 'X-Forwarded-Host: evil.example\r\n', 'Forwarded: host=evil.example\r\n']) {
      const answer = await sendRaw(`GET ${path} HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n${headers}\r\n`)
      assert.ok(!answer.includes('evil'), `${path} ${headers}`)
      assert.ok(!/^location:/im.test(answer), path)
    }
  }
  for (const path of [
    '//evil.example',
    '//evil.example/..',
    '/\\evil.example',
    '/%0d%0aLocation:%20//evil.example',
    '//evil.example/%2f..',
  ]) {
    const answer = await get(path, 'Accept: text/html\r\n')
    assert.ok(statusOf(answer) === 200 || statusOf(answer) >= 400, `${path}: ${statusOf(answer)}`)
    assert.ok(!/^location:/im.test(answer), path)
  }
})

test('a deep, wide, poisoned or packed body costs little and breaks nothing', async () => {
  const nested = (open: string, inner: string, close: string, times: number) =>
    open.repeat(times) + inner + close.repeat(times)
  const bodies: [string, string][] = [
    ['deep arrays', nested('[', '"\\u0041"', ']', 500_000)],
    ['deep objects', nested('{"a":', '"\\u0041"', '}', 150_000)],
    ['deep within a field', `{"email":${nested('[', '"\\u0041"', ']', 400_000)},"password":"x"}`],
    ['wide', `{${Array.from({ length: 60_000 }, (_, index) => `"k${index}":1`).join()}}`],
    ['numbers', `{"email":1e999999,"password":${'9'.repeat(500_000)}}`],
    ['__proto__', '{"email":"a@b.c","password":"x","__proto__":{"isAdmin":true}}'],
    ['escaped __proto__', '{"email":"a@b.c","password":"x","\\u005f_proto__":{"isAdmin":true}}'],
    ['constructor', '{"email":"a@b.c","password":"x","constructor":{"prototype":{"isAdmin":true}}}'],
  ]
  for (const [name, body] of bodies) {
    const began = performance.now()
    const { status } = await post('/auth/sign-in', body)
    assert.equal(status, 400, name)
    assert.ok(performance.now() - began < 3_000, name)
  }
  assert.equal(({} as { isAdmin?: boolean }).isAdmin, undefined)
  const packed = await post('/auth/sign-in', 'x'.repeat(100), { 'content-encoding': 'gzip' })
  assert.ok(packed.status >= 400 && packed.status < 500, 'a body is never unpacked')
  assert.equal((await post('/auth/sign-in', 'x'.repeat(2_000_000))).status, 413)
  await isAlive()
})

test('doubled, nested and strange parameters are refused, not guessed at', async () => {
  for (const query of [
    'q=a&q=b',
    'limit=1&limit=2',
    'q[]=a',
    'q[$ne]=a',
    'limit[gt]=1',
    '__proto__[x]=1',
    '__proto__=1',
    'constructor=1',
    'toString=1',
    'cursor=a&cursor=b',
    'limit=1e1',
    'limit=0x10',
    'limit=-1',
    'facets=1',
  ]) {
    assert.equal((await alice.fetch(`/contractors?${query}`)).status, 400, query)
  }
  for (const header of ['x-http-method-override', 'x-method-override', 'x-http-method']) {
    const { status } = await alice.fetch('/contractor-lists?_method=DELETE', { headers: { [header]: 'DELETE' } })
    assert.equal(status, 400, header)
    assert.equal((await alice.fetch('/contractor-lists', { headers: { [header]: 'DELETE' } })).status, 200, header)
  }
})

test('what is read twice by two servers is refused: smuggled lengths, doubled hosts, broken lines', async () => {
  const start = 'POST /api/v1/auth/sign-in HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n'
  const smuggled = 'GET /api/v1/me HTTP/1.1\r\nHost: localhost\r\n\r\n'
  for (const request of [
    `${start}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${smuggled}`,
    `${start}Content-Length: 2\r\nContent-Length: 40\r\n\r\n{}${smuggled}`,
    `${start}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`,
    `${start}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n`,
    `GET /api/v1/me HTTP/1.1\nHost: localhost\n\n`,
    `GET /api/v1/me HTTP/1.1\r\n\r\n`,
    `GET /livez HTTP/1.1\r\nHost: localhost\r\nX-A: a\rX-B: b\r\n\r\n`,
    `GET /livez HTTP/1.1\r\nHost: localhost\r\nX-A: ${'a'.repeat(20_000)}\r\n\r\n`,
  ]) {
    const answer = await sendRaw(request)
    const status = statusOf(answer)
    assert.ok(status >= 400 && status < 500, `${JSON.stringify(request.slice(0, 160))}: ${status}`)
    assert.equal(answer.split('HTTP/1.1 ').length, 2, 'one answer, and the connection ends')
  }
  await isAlive()
})

test('markup in names, notes and tags comes back as data that no browser runs', async () => {
  const markup = '<img src=x onerror=alert(1)>"\'</script><svg/onload=alert(1)>{{7*7}}'
  const { rows } = await admin.query(
    `insert into contractors.contractor_profiles (uei, name, field_sources) values ('MARKUP00AAA1', $1, '{}') returning id`,
    [markup],
  )
  const made = await alice.fetch('/contractor-lists', { method: 'POST', body: { name: markup, description: markup } })
  const { id, name } = (await made.json()) as { id: string; name: string }
  assert.equal(name, markup, 'control: it is kept as it is')
  const body = { contractorId: rows[0].id, notes: markup, tags: ['<b>x</b>'] }
  assert.equal((await alice.fetch(`/contractor-lists/${id}/items`, { method: 'POST', body })).status, 201)
  for (const path of [
    `/contractor-lists/${id}`,
    `/contractor-lists/${id}/items`,
    `/contractors/${rows[0].id}`,
    '/contractors?q=img',
    '/audit-logs',
    `/contractors/${encodeURIComponent(markup)}`,
    `/${encodeURIComponent(markup)}`,
  ]) {
    const response = await alice.fetch(path, { headers: { accept: 'text/html' } })
    assert.match(response.headers.get('content-type') ?? '', /^application\/(problem\+)?json/, path)
    assert.equal(response.headers.get('x-content-type-options'), 'nosniff', path)
    assert.match(response.headers.get('content-security-policy') ?? '', /default-src 'none'/, path)
  }
  for (const path of ['/', '/lists', '/sign-in?next=javascript:alert(1)', '/api/docs']) {
    const page = await fetch(`${baseUrl}${path}`, { headers: { accept: 'text/html' } })
    const policy = page.headers.get('content-security-policy') ?? ''
    assert.match(policy, /script-src 'self'(;|$)|default-src 'self'/, path)
    assert.ok(!/script-src[^;]*unsafe|default-src[^;]*unsafe|\*|http:/.test(policy), policy)
    for (const directive of ["base-uri 'none'", "object-src 'none'", "frame-ancestors 'none'", "form-action 'self'"]) {
      assert.ok(policy.includes(directive), `${path} ${directive}`)
    }
    assert.ok(!(await page.text()).includes('alert(1)'), path)
  }
})

test('a header of the caller never becomes a header of the answer', async () => {
  for (const value of ['x\r\nSet-Cookie: a=b', 'not-a-uuid', `${crypto.randomUUID()} x`]) {
    const answer = await sendRaw(
      `GET /api/v1/me HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX-Request-Id: ${value}\r\n\r\n`,
    )
    assert.ok(!/^set-cookie:/im.test(answer), value)
    assert.ok(!answer.includes('not-a-uuid'))
  }
  const page = await bob.fetch('/contractor-lists?limit=1')
  const { nextCursor } = (await page.json()) as { nextCursor: string | null }
  assert.equal(nextCursor, null)
  const link = await alice.fetch('/contractors?limit=1&q=%3E%3B%20rel%3D%22x%22%0d%0aSet-Cookie:%20a=b')
  assert.equal(link.headers.get('set-cookie'), null)
})

test('/metrics is not opened by saying that one is near', async () => {
  assert.equal((await fetch(`${baseUrl}/metrics`)).status, 200, 'control: directly from this machine')
  for (const header of [
    'X-Forwarded-For: 127.0.0.1',
    'X-Forwarded-For: ::1',
    'Forwarded: for=127.0.0.1',
    'X-Real-IP: 127.0.0.1',
    'Via: 1.1 near',
  ]) {
    assert.equal(statusOf(await get('/metrics', `${header}\r\n`)), 403, header)
  }
})
