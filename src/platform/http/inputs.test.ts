import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { bearer, call, post, thing } from './server.test.world.ts'

test('an unlisted property of a body is refused by name, at every depth', async () => {
  for (const [payload, pointer] of [
    [{ name: 'a', tenantId: 'x' }, '/tenantId'],
    [{ name: 'a', isAdmin: true }, '/isAdmin'],
    [{ name: 'a', inner: { owner: 1 } }, '/inner/owner'],
    [{ name: 'a', 'a/b~c': 1 }, '/a~1b~0c'],
  ] as const) {
    const { status, json } = await post(payload)
    assert.equal(status, 400)
    assert.equal(json.code, 'http.request_invalid')
    assert.deepEqual(json.errors, [{ in: 'body', pointer, message: 'is not a known property' }])
    assert.match(json.detail, new RegExp(`body${pointer}`))
  }
})

test('a body of wrong types is refused with every fault', async () => {
  for (const [payload, pointers] of [
    [{}, ['/name']],
    [{ name: 1 }, ['/name']],
    [{ name: '', size: 'x' }, ['/name', '/size']],
    [{ name: 'x'.repeat(21) }, ['/name']],
    [{ name: 'a', size: 1.5 }, ['/size']],
    [{ name: 'a', size: '1' }, ['/size']],
    [{ name: null }, ['/name']],
    [[], ['']],
    [null, ['']],
  ] as const) {
    const { status, json } = await post(payload === null ? ('null' as never) : payload, {
      'content-type': 'application/json',
    })
    assert.equal(status, 400, JSON.stringify(payload))
    assert.deepEqual(
      json.errors.map((fault: { pointer: string }) => fault.pointer),
      pointers,
    )
  }
})

test('a body that is not JSON in UTF-8, or holds what text columns cannot, is refused', async () => {
  const send = (payload: string | Buffer, type = 'application/json') =>
    call({ method: 'POST', url: '/api/v1/things', headers: { ...bearer, 'content-type': type }, payload })
  for (const [payload, status, code, type] of [
    ['{"name":', 400, 'http.body_malformed'],
    ['', 400, 'http.request_invalid'],
    ['{"name":"a","__proto__":{"isAdmin":true}}', 400, 'http.body_malformed'],
    ['{"name":"a","inner":{"__proto__":{}}}', 400, 'http.body_malformed'],
    ['{"name":"a","constructor":{"prototype":{"isAdmin":true}}}', 400, 'http.body_malformed'],
    [`{"name":"a","inner":${'['.repeat(1_001)}${']'.repeat(1_001)}}`, 400, 'http.body_malformed'],
    [`{"name":"${'['.repeat(1_001)}\\"{"}`, 400, 'http.request_invalid'],
    ['{"name":"a\\u0000b"}', 400, 'http.text_unfit'],
    ['{"name":"\\ud800"}', 400, 'http.text_unfit'],
    ['{"name":"a","a\\u0000":1}', 400, 'http.text_unfit'],
    [Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), 400, 'http.body_malformed'],
    ['{"name":"a"}', 415, 'http.media_type_unsupported', 'text/plain'],
    ['name=a', 415, 'http.media_type_unsupported', 'application/x-www-form-urlencoded'],
    ['<a/>', 415, 'http.media_type_unsupported', 'application/xml'],
    ['{"name":"a"}', 415, 'http.media_type_unsupported', 'application/json; charset=latin1'],
    [`{"name":"${'x'.repeat(1_100_000)}"}`, 413, 'http.body_too_large'],
  ] as const) {
    const { status: got, json, headers } = await send(payload, type)
    assert.deepEqual([got, json.code], [status, code], String(payload).slice(0, 80))
    assert.match(String(headers['content-type']), /^application\/problem\+json/)
  }
  for (const leaf of ['1', '"\\u0041"', '"\\u0000"']) {
    const deep = `{"inner":${'['.repeat(400_000)}${leaf}${']'.repeat(400_000)}}`
    assert.equal((await send(deep)).status, 400, 'a body nested ever so deep is refused like any other')
  }
  const escaped = await send('{"name":"a\\\\u0000 \\u00e9"}')
  assert.deepEqual([escaped.status, escaped.json.name], [201, 'a\\u0000 é'], 'an escaped backslash is no NUL')
})

test('query text becomes the declared type; what does not is refused', async () => {
  const list = (query: string) => call({ url: `/api/v1/things?${query}`, headers: bearer })
  const { json } = await list('limit=5&big=true&tag=a&tag=b&ratio=-1.5&q=')
  assert.deepEqual(json.query, { limit: 5, big: true, tag: ['a', 'b'], ratio: -1.5 })
  assert.deepEqual((await list('')).json.query, { limit: 25 })
  assert.deepEqual((await list('tag=a&limit=')).json.query, { limit: 25, tag: ['a'] })
  for (const query of [
    'limit=0',
    'limit=101',
    'limit=1e1',
    'limit=x',
    'limit=1&limit=2',
    'limit=%31%30x',
    'big=1',
    'ratio=NaN',
    'unknown=1',
    'offset=10',
    '__proto__=1',
    'constructor=1',
    'q=a&q=b',
  ]) {
    const { status, json } = await list(query)
    assert.deepEqual([status, json.code], [400, 'http.request_invalid'], query)
  }
  const nul = await list('q=a%00b')
  assert.deepEqual([nul.status, nul.json.code], [400, 'http.text_unfit'])
})

test('an id that is no UUID is refused before it reaches the database', async () => {
  const { status, json } = await call({ url: '/api/v1/things/1%20or%201=1', headers: bearer })
  assert.deepEqual([status, json.errors[0].pointer], [400, '/id'])
  assert.equal((await call({ url: '/api/v1/things/%E0%A4%A', headers: bearer })).status, 400)
  assert.equal((await call({ url: `/api/v1/things/${'x'.repeat(600)}`, headers: bearer })).status >= 400, true)
})

test('whatever is sent, the answer is never a failure of the server', async () => {
  const text = fc.oneof(
    fc.string(),
    fc.string({ unit: 'binary' }),
    fc.constantFrom('\0', '\ud800', '__proto__', '%00', '%', '../'),
  )
  const member = fc.oneof(text, fc.constantFrom('name', 'size', 'inner', 'constructor', 'toString'))
  const json = fc.oneof(fc.jsonValue(), fc.dictionary(member, fc.oneof(text, fc.jsonValue())), text)
  await fc.assert(
    fc.asyncProperty(json, text, text, async (payload, parameter, query) => {
      const headers = { ...bearer, 'content-type': 'application/json' }
      const [path, value] = [encodeURIComponent(parameter.toWellFormed()), encodeURIComponent(query.toWellFormed())]
      const answers = await Promise.all([
        call({ method: 'POST', url: '/api/v1/things', headers, payload: JSON.stringify(payload) }),
        call({ method: 'POST', url: '/api/v1/things', headers, payload: query }),
        call({ method: 'PATCH', url: `/api/v1/things/${path}`, headers, payload: JSON.stringify(payload) }),
        call({ url: `/api/v1/things?q=${value}&limit=${value}&${path}=1`, headers }),
        call({ url: `/api/v1/things/${path}`, headers: { ...headers, 'if-none-match': value, 'x-tenant-id': value } }),
      ])
      for (const { status, text } of answers) assert.ok(status < 500, text)
    }),
    { numRuns: 150 },
  )
  assert.equal(({} as Record<string, unknown>).isAdmin, undefined)
})

test('a route without a body takes none', async () => {
  const leave = (payload: string) =>
    call({
      method: 'POST',
      url: '/api/v1/auth/leave',
      headers: { ...bearer, 'content-type': 'application/json' },
      payload,
    })
  assert.equal((await leave('')).status, 204)
  assert.equal((await leave('{}')).status, 204)
  assert.equal((await leave('{"a":1}')).status, 400)
  assert.equal((await leave('[1]')).status, 400)
})

test('every write refuses what is no JSON with 415, also where it takes no body', async () => {
  const headers = { ...bearer, 'content-type': 'text/plain' }
  for (const [method, url] of [
    ['POST', '/api/v1/things'],
    ['POST', '/api/v1/auth/leave'],
    ['DELETE', `/api/v1/things/${thing.id}`],
  ] as const) {
    assert.equal((await call({ method, url, headers, payload: 'a' })).status, 415, `${method} ${url}`)
  }
})
