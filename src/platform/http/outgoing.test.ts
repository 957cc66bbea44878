import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo, Server } from 'node:net'
import { after, test } from 'node:test'
import fc from 'fast-check'
import type { App } from '#platform/app.ts'
import { DomainError } from '#platform/errors.ts'
import { fetchPublic, type PublicRequest } from './outgoing.ts'
import { isPublicAddress, readNetworks } from './public-addresses.ts'

/** What a caller reads of `app`. */
const appOf = (outgoingAllow: string) => ({ config: { outgoingAllow } }) as unknown as App
const strict = appOf('')
const open = appOf('127.0.0.1, ::1')

let asked: { method: string; url: string; host: string; body: string }[] = []
const answer = async (request: IncomingMessage, response: ServerResponse) => {
  let body = ''
  for await (const chunk of request) body += chunk
  asked.push({ method: request.method ?? '', url: request.url ?? '', host: request.headers.host ?? '', body })
  if (request.url === '/elsewhere') return response.writeHead(302, { location: 'http://169.254.169.254/' }).end()
  if (request.url === '/never') return
  if (request.url === '/slowly') {
    response.write('x')
    return
  }
  if (request.url === '/endless') {
    const more = () => response.write('x'.repeat(10_000), () => !response.destroyed && setImmediate(more))
    return more()
  }
  response.writeHead(200, { 'content-type': 'text/plain' }).end('hello')
}
const listen = (server: Server) =>
  new Promise<number>(resolve => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port))
    after(() => {
      server.close()
      ;(server as ReturnType<typeof createServer>).closeAllConnections()
    })
  })
const tls = (name: string) => readFileSync(`test/support/tls/${name}`, 'utf8')
const port = await listen(createServer(answer))
const securePort = await listen(createSecureServer({ key: tls('server.key'), cert: tls('server.pem') }, answer))
const to = (address: string) => async () => [{ address, family: address.includes(':') ? 6 : 4 }]

const refused = (work: Promise<unknown>, code = 'http.outgoing_refused') =>
  assert.rejects(work, error => error instanceof DomainError && error.code === code)

test('GHSA-5rr4-8452-hf4v no address of this machine, its networks or its cloud is public', () => {
  const inside = [
    '127.0.0.1',
    '127.8.9.1',
    '0.0.0.0',
    '10.1.2.3',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '100.100.100.200',
    '168.63.129.16',
    '192.0.0.192',
    '198.18.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '240.0.0.1',
    '::',
    '::1',
    '::127.0.0.1',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '::ffff:169.254.169.254',
    '64:ff9b::a9fe:a9fe',
    '64:ff9b::10.0.0.1',
    '64:ff9b:1::8.8.8.8',
    '2002:7f00:1::',
    '2001:0:4136:e378::',
    'fe80::1',
    'fe80::1%eth0',
    'fec0::1',
    'fc00::1',
    'fd00:ec2::254',
    'ff02::1',
    '2001:db8::1',
    '100::1',
    '4000::1',
    '0177.0.0.1',
    '2130706433',
    '127.1',
    '0x7f.1',
    '',
    'localhost',
  ]
  for (const address of inside) assert.equal(isPublicAddress(address), false, address)
  for (const address of [
    '8.8.8.8',
    '1.1.1.1',
    '172.32.0.1',
    '100.128.0.1',
    '2606:4700:4700::1111',
    '64:ff9b::808:808',
    '::ffff:8.8.8.8',
  ])
    assert.equal(isPublicAddress(address), true, address)
})

test('no form of a private IPv4 address becomes public by being written as IPv6', () => {
  const byte = fc.integer({ min: 0, max: 255 })
  const privates = fc.oneof(
    fc.tuple(fc.constant(10), byte, byte, byte),
    fc.tuple(fc.constant(127), byte, byte, byte),
    fc.tuple(fc.constant(169), fc.constant(254), byte, byte),
    fc.tuple(fc.constant(192), fc.constant(168), byte, byte),
    fc.tuple(fc.constant(172), fc.integer({ min: 16, max: 31 }), byte, byte),
  )
  fc.assert(
    fc.property(privates, fc.constantFrom('', '::ffff:', '::', '64:ff9b::', '::ffff:0:'), (bytes, prefix) => {
      assert.equal(isPublicAddress(`${prefix}${bytes.join('.')}`), false)
    }),
  )
})

test('what leads inside is not asked: by name, by number, in any form, with a redirect', async () => {
  asked = []
  const urls = [
    `https://127.0.0.1:${securePort}/`,
    `https://127.1:${securePort}/`,
    `https://2130706433:${securePort}/`,
    `https://0x7f000001:${securePort}/`,
    `https://[::1]:${securePort}/`,
    `https://[::ffff:7f00:1]:${securePort}/`,
    `https://localhost:${securePort}/`,
    `http://127.0.0.1:${port}/`,
    'https://169.254.169.254/latest/meta-data/',
    'ftp://example.com/',
    'file:///etc/passwd',
    'https://user:secret@example.com/',
    'https://example.com:22/',
    'https://example.com:25/',
    'nonsense',
    '',
  ]
  for (const url of urls) await refused(fetchPublic(strict, url))
  for (const address of ['127.0.0.1', '10.0.0.1', '::1', '::ffff:10.0.0.1', 'fd00::1']) {
    await refused(fetchPublic(strict, `https://rebound.example:${securePort}/`, { resolve: to(address) }))
  }
  assert.deepEqual(asked, [])
  const control = await fetchPublic(open, `http://127.0.0.1:${port}/`)
  assert.equal(control.body.toString(), 'hello')
  assert.equal(asked.length, 1)
})

test('a name with one address inside is refused as a whole', async () => {
  const resolve: PublicRequest['resolve'] = async () => [
    { address: '8.8.8.8', family: 4 },
    { address: '127.0.0.1', family: 4 },
  ]
  asked = []
  await refused(fetchPublic(strict, `https://mixed.example:${securePort}/`, { resolve }))
  assert.deepEqual(asked, [])
})

test('a name is resolved once: what it leads to later does not count', async () => {
  let times = 0
  const resolve: PublicRequest['resolve'] = async () => {
    times++
    return [{ address: times === 1 ? '127.0.0.1' : '8.8.8.8', family: 4 }]
  }
  asked = []
  const { body, address } = await fetchPublic(open, `http://rebinding.example:${port}/`, { resolve })
  assert.deepEqual([body.toString(), address, times], ['hello', '127.0.0.1', 1])
  assert.equal(asked[0]?.host, `rebinding.example:${port}`)
})

test('a redirect is an answer, and nobody goes where it leads', async () => {
  asked = []
  const { status, headers } = await fetchPublic(open, `http://127.0.0.1:${port}/elsewhere`)
  assert.deepEqual([status, headers.location], [302, 'http://169.254.169.254/'])
  assert.equal(asked.length, 1)
})

test('the certificate must be the name’s, of a known authority', async () => {
  const url = `https://localhost:${securePort}/`
  const ca = tls('ca.pem')
  const good = await fetchPublic(open, url, { ca, method: 'POST', body: 'ö', headers: { 'x-one': '1' } })
  assert.equal(good.status, 200)
  assert.equal(asked.at(-1)?.body, 'ö')
  await assert.rejects(fetchPublic(open, url), /certificate is not valid/)
  const another = `https://other.example:${securePort}/`
  await assert.rejects(fetchPublic(open, another, { ca, resolve: to('127.0.0.1') }), /certificate is not valid/)
})

test('an answer that does not come, or not to its end, ends the question in time', async () => {
  for (const path of ['/never', '/slowly']) {
    const began = performance.now()
    await assert.rejects(
      fetchPublic(open, `http://127.0.0.1:${port}${path}`, { milliseconds: 300 }),
      /no answer within 0.3 seconds/,
    )
    assert.ok(performance.now() - began < 1500)
  }
  const never = () => new Promise<never>(() => {})
  await assert.rejects(
    fetchPublic(open, 'https://slow-name.example/', { milliseconds: 200, resolve: never }),
    /no answer within/,
  )
})

test('of a long answer as much is read as was asked for', async () => {
  const { body, isCut } = await fetchPublic(open, `http://127.0.0.1:${port}/endless`, { mostBytes: 1000 })
  assert.deepEqual([body.length, isCut], [1000, true])
})

test('who cannot be reached is told in words', async () => {
  await assert.rejects(
    fetchPublic(open, 'http://127.0.0.1:1024/'),
    /127\.0\.0\.1:1024 cannot be reached: the connection was refused/,
  )
  await refused(fetchPublic(open, 'http://127.0.0.1:1024/'), 'http.outgoing_failed')
})

test('allowed networks are addresses and ranges, and nothing else', () => {
  assert.equal(readNetworks('')?.length, 0)
  assert.equal(readNetworks('10.0.0.0/8, ::1, 192.0.2.7')?.length, 3)
  for (const wrong of ['10.0.0.0/33', 'localhost', '10.0.0', '1.2.3.4/'])
    assert.equal(readNetworks(wrong), undefined, wrong)
})
