import assert from 'node:assert/strict'
import { test } from 'node:test'
import { crc32, deflateRawSync, deflateSync } from 'node:zlib'
import fc from 'fast-check'
import sharp from 'sharp'
import { DomainError } from '#platform/errors.ts'
import { sessionCookie } from '#platform/http'
import { mailsTo } from '#test/mails.ts'
import { newPerson, type Person, randomAddress, testWorld } from '#test/world.ts'
import { avatarTypes, makePicture } from '../../src/platform/identity/avatars.ts'

const world = await testWorld()
const { admin, alice, bob, baseUrl } = world

async function put(person: Person, bytes: Uint8Array, type = 'image/png', headers: Record<string, string> = {}) {
  const answer = await fetch(`${baseUrl}/api/v1/me/avatar`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${person.accessToken}`, 'content-type': type, ...headers },
    body: new Uint8Array(bytes),
  })
  const json = (await answer.json()) as { code?: string; avatarUrl?: string }
  return { status: answer.status, code: json.code, avatarUrl: json.avatarUrl }
}
const kept = async (person: Person) =>
  (await admin.query('select content from identity.avatars where user_id = $1', [person.userId])).rows[0]?.content as
    | Buffer
    | undefined
const plain = { create: { width: 300, height: 200, channels: 3, background: '#2b7a64' } } as const

function pngOf(width: number, height: number, data: Buffer): Buffer {
  const chunk = (type: string, content: Buffer) => {
    const body = Buffer.concat([Buffer.from(type), content])
    const frame = Buffer.alloc(body.length + 8)
    frame.writeUInt32BE(content.length, 0)
    body.copy(frame, 4)
    frame.writeUInt32BE(crc32(body), body.length + 4)
    return frame
  }
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header.set([1, 0, 0, 0, 0], 8)
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
  return Buffer.concat([signature, chunk('IHDR', header), chunk('IDAT', data), chunk('IEND', Buffer.alloc(0))])
}

test('MT-08 a bomb of 900 million pixels in a small file is refused fast, and others are still answered', async () => {
  const bomb = pngOf(30_000, 30_000, deflateSync(Buffer.alloc(30_000 * 3_751)))
  assert.ok(bomb.length < 200_000, `${bomb.length} bytes`)
  const lying = pngOf(65_000, 65_000, deflateSync(Buffer.alloc(10)))
  const wide = pngOf(2_000_000_000, 2, deflateSync(Buffer.alloc(10)))
  const before = process.memoryUsage().rss
  const began = performance.now()
  const answers = await Promise.all([
    ...[bomb, lying, wide, bomb, bomb].map(bytes => put(alice, bytes)),
    ...Array.from({ length: 5 }, async () => {
      const asked = performance.now()
      assert.equal((await bob.fetch('/me')).status, 200)
      assert.ok(performance.now() - asked < 2_000)
    }),
  ])
  assert.deepEqual(
    answers.slice(0, 5).map(answer => answer?.status),
    [400, 400, 400, 400, 400],
  )
  assert.ok(performance.now() - began < 5_000, `${performance.now() - began} ms`)
  assert.ok(process.memoryUsage().rss - before < 400 * 2 ** 20)
  assert.equal(await kept(alice), undefined)
  const largest = await sharp({ create: { width: 9_000, height: 6_000, channels: 3, background: '#888' } })
    .jpeg({ quality: 30 })
    .toBuffer()
  assert.equal((await put(alice, largest, 'image/jpeg')).status, 200, 'control: what a camera makes is taken')
})

test('MT-08 what is no picture of the four formats is refused, whatever it is said to be', async () => {
  const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><script>alert(1)</script></svg>'
  const include = `<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]><svg xmlns="http://www.w3.org/2000/svg"><text>&x;</text></svg>`
  const tiff = await sharp(plain).tiff().toBuffer()
  const avif = await sharp(plain).avif({ effort: 0 }).toBuffer()
  for (const [name, bytes] of [
    ['SVG', svg],
    ['SVG with an entity', include],
    ['SVG behind the first bytes of a GIF', `GIF89a${svg}`],
    ['HTML', '<!doctype html><script>alert(1)</script>'],
    ['PDF', '%PDF-1.7\n1 0 obj'],
    ['TIFF', tiff],
    ['AVIF', avif],
    ['a zip', deflateRawSync(Buffer.from('PK\u0003\u0004'))],
    ['a PNG’s first bytes', '\u0089PNG\r\n\u001a\n'],
    ['nonsense', 'x'.repeat(5_000)],
    [
      'a line for ImageMagick',
      'push graphic-context\nviewbox 0 0 640 480\nfill \'url(https://127.0.0.1/x.jpg"|ls "-la)\'',
    ],
    ['VIPS', `\u0008\u00f2\u00a6\u00b6${'\0'.repeat(100)}`],
  ] as const) {
    const content = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes
    await assert.rejects(makePicture(content), { code: 'identity.picture_unreadable' }, name)
    if (!name.startsWith('SVG')) continue
    for (const type of avatarTypes) {
      const { status, code } = await put(bob, content, type)
      assert.deepEqual([status, code], [400, 'identity.picture_unreadable'], `${name} as ${type}`)
    }
  }
  for (const type of ['image/svg+xml', 'text/html', 'application/octet-stream', 'image/avif', 'multipart/form-data']) {
    assert.equal((await put(bob, Buffer.from(svg), type)).status, 415, type)
  }
  assert.equal(await kept(bob), undefined)
  const jpeg = await sharp(plain).jpeg().toBuffer()
  const { status, avatarUrl } = await put(bob, jpeg, 'image/gif')
  assert.equal(status, 200, 'control: a JPEG that is called a GIF is a JPEG')
  const answer = await bob.fetch((avatarUrl as string).replace('/api/v1', ''))
  assert.equal(answer.headers.get('content-type'), 'image/webp')
})

test('MT-08 a picture that is cut off is refused, and the one before stays', async () => {
  const person = await newPerson(world)
  const noise = { create: { ...plain.create, noise: { type: 'gaussian', mean: 128, sigma: 60 } } } as const
  assert.equal((await put(person, await sharp(plain).png().toBuffer())).status, 200)
  const before = await kept(person)
  for (const format of ['png', 'jpeg', 'webp', 'gif'] as const) {
    const whole = await sharp(noise)[format]().toBuffer()
    for (const part of [0.05, 0.5, 0.9]) {
      const { status } = await put(person, whole.subarray(0, Math.floor(whole.length * part)))
      // A GIF decoder gives what it has.
      assert.ok(status === 400 || (format === 'gif' && status === 200), `${format} cut to ${part}: ${status}`)
    }
    if (format !== 'gif') assert.deepEqual(await kept(person), before)
  }
})

test('MT-08 of a file that is a picture and something else only the picture is kept', async () => {
  const script = '/*<script>alert(document.domain)</script>*/=1;'
  const zip = `PK\u0003\u0004 hidden archive`
  for (const format of ['png', 'jpeg', 'gif', 'webp'] as const) {
    const picture = await sharp(plain)[format]().toBuffer()
    const polyglot = Buffer.concat([picture, Buffer.from(script + zip, 'latin1')])
    assert.equal((await put(alice, polyglot)).status, 200, format)
    const content = (await kept(alice)) as Buffer
    for (const trace of ['script', 'PK\u0003', 'hidden']) assert.ok(!content.includes(trace), `${format} ${trace}`)
    assert.equal((await sharp(content).metadata()).format, 'webp')
  }
  const withComment = await sharp(plain).jpeg().withXmp('<x:xmpmeta>secret place</x:xmpmeta>').toBuffer()
  assert.ok(withComment.includes('secret place'), 'control')
  await put(alice, withComment)
  assert.ok(!((await kept(alice)) as Buffer).includes('secret'))
})

test('MT-08 of an animation the first frame is kept, however many there are', async () => {
  const frames = Array.from({ length: 200 }, (_, index) => ({
    create: {
      width: 64,
      height: 64,
      channels: 3 as const,
      background: index === 0 ? '#ff0000' : { r: 0, g: index, b: 255 },
    },
  }))
  const animated = await sharp(await Promise.all(frames.map(frame => sharp(frame).png().toBuffer())), {
    join: { animated: true },
  })
    .gif({ delay: 20 })
    .toBuffer()
  assert.ok(((await sharp(animated, { animated: true }).metadata()).pages ?? 1) > 20, 'control')
  assert.equal((await put(alice, animated, 'image/gif')).status, 200)
  const content = (await kept(alice)) as Buffer
  const { pages } = await sharp(content).metadata()
  const { data } = await sharp(content).raw().toBuffer({ resolveWithObject: true })
  assert.deepEqual([pages ?? 1, (data[0] ?? 0) > 200, (data[2] ?? 255) < 60], [1, true, true])
})

test('MT-08 pictures with bytes changed at random are taken or refused, and nothing breaks', async () => {
  const originals = await Promise.all(
    (['png', 'jpeg', 'webp', 'gif'] as const).map(format =>
      sharp({ create: { width: 40, height: 30, channels: 3, background: '#369' } })
        [format]()
        .toBuffer(),
    ),
  )
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...originals),
      fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 8 }),
      async (original, changes) => {
        const bytes = Buffer.from(original)
        for (const [at, value] of changes) bytes[at % bytes.length] = value
        await makePicture(bytes).catch(error => assert.ok(error instanceof DomainError, String(error)))
      },
    ),
    { numRuns: 150 },
  )
  assert.equal((await fetch(`${baseUrl}/livez`)).status, 200)
})

test('CSRF: no other site changes a picture, a profile or an address with the session cookie', async () => {
  const session = await fetch(`${baseUrl}/api/v1/auth/sign-in`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-forwarded-for': randomAddress() },
    body: JSON.stringify({ email: bob.email, password: bob.password }),
  })
  const cookie = session.headers
    .getSetCookie()
    .find(text => text.startsWith(sessionCookie))
    ?.split(';')[0] as string
  const picture = await sharp(plain).png().toBuffer()
  const writes: [string, string, string, Uint8Array | string | undefined][] = [
    ['PUT', '/me/avatar', 'image/png', new Uint8Array(picture)],
    ['DELETE', '/me/avatar', '', undefined],
    ['PATCH', '/me/profile', 'application/json', '{"title":"Forged"}'],
    ['POST', '/me/email', 'application/json', '{"email":"forged@evil.example"}'],
    ['DELETE', '/me/email', '', undefined],
    ['POST', '/me/verify-email', '', undefined],
  ]
  const own = { 'sec-fetch-site': 'same-origin' }
  for (const [method, path, type, body] of writes) {
    const send = (headers: Record<string, string>) =>
      fetch(`${baseUrl}/api/v1${path}`, {
        method,
        headers: { cookie, ...(type && { 'content-type': type }), ...headers },
        body: body as BodyInit | undefined,
      })
    for (const headers of [
      {},
      { origin: 'https://evil.example' },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { origin: 'null', 'sec-fetch-site': 'cross-site' },
    ]) {
      assert.equal((await send(headers as Record<string, string>)).status, 403, `${method} ${path}`)
    }
    assert.notEqual((await send(own)).status, 403, `control: ${method} ${path} from a page of this site`)
  }
  // Another site may send a victim's browser to confirm the attacker's link only by a press of the page's button.
  const forged = await fetch(`${baseUrl}/api/v1/auth/confirm-email`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: 'https://evil.example' },
    body: '{"token":"x"}',
  })
  assert.equal(forged.status, 403)
})

test('GHSA-3529-5m8x-rpv3 links of mails lead to the configured address, never to a host that the caller named', async () => {
  const person = await newPerson(world)
  const email = 'hosted@elsewhere.example'
  for (const name of ['x-forwarded-host', 'forwarded', 'x-original-host', 'origin']) {
    const value =
      name === 'forwarded' ? 'host=evil.example' : name === 'origin' ? 'https://evil.example' : 'evil.example'
    await person.fetch('/me/email', { method: 'POST', body: { email }, headers: { [name]: value } })
  }
  const mails = [...(await mailsTo(world, email)), ...(await mailsTo(world, person.email))]
  assert.ok(mails.length >= 4)
  for (const { text, html } of mails) assert.ok(!`${text}${html}`.includes('evil.example'))
})

test('header injection: a name of several lines reaches no header of a mail', async () => {
  const person = await newPerson(world)
  await admin.query('update identity.users set full_name = $2 where id = $1', [
    person.userId,
    'Eve\r\nBcc: victim@example.com\r\n\r\n<a href="https://evil.example">Win</a> http://evil.example',
  ])
  await person.fetch('/me/email', { method: 'POST', body: { email: 'lines@elsewhere.example' } })
  const mail = (await mailsTo(world, person.email)).at(-1)
  assert.ok(mail)
  assert.ok(!/[\r\n]/.test(mail.subject))
  assert.ok(!mail.html.includes('<a href="https://evil.example"'))
  assert.equal((await mailsTo(world, 'victim@example.com')).length, 0)
})

test('enumeration: asking for an address takes as long whether or not it has an account', async () => {
  let asking: Person | undefined
  const times: Record<'known' | 'unknown', number[]> = { known: [], unknown: [] }
  for (let round = 0; round < 60; round++) {
    // Somebody else each time: nobody asks more than ten times a minute.
    const person = round % 5 === 0 || !asking ? await newPerson(world) : asking
    asking = person
    const known = `known${round}@elsewhere.example`
    await admin.query('insert into identity.users (email, full_name) values ($1, $2)', [known, 'Known'])
    const addresses = [['known', known] as const, ['unknown', `nobody${round}@elsewhere.example`] as const]
    for (const [kind, email] of round % 2 === 0 ? addresses : addresses.toReversed()) {
      const began = performance.now()
      const { status } = await person.fetch('/me/email', { method: 'POST', body: { email } })
      times[kind].push(performance.now() - began)
      assert.equal(status, 202)
    }
    await admin.query('delete from mail.quotas')
  }
  const median = (values: number[]) => values.sort((one, other) => one - other)[Math.floor(values.length / 2)] as number
  const ratio = median(times.known) / median(times.unknown)
  assert.ok(ratio > 0.7 && ratio < 1.4, `the ratio of the medians is ${ratio}`)
})
