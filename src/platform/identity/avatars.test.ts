import assert from 'node:assert/strict'
import { test } from 'node:test'
import sharp from 'sharp'
import { believedNoLonger, joinAs, newPerson, type Person, testWorld } from '#test/world.ts'
import { avatarLimit, makePicture } from './avatars.ts'

const world = await testWorld()
const { admin, alice, bob, viewer, baseUrl } = world

type Upload = Buffer | Uint8Array<ArrayBuffer>
const put = async (person: Person, bytes: Upload, type = 'image/png') => {
  const answer = await fetch(`${baseUrl}/api/v1/me/avatar`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${person.accessToken}`, 'content-type': type },
    body: new Uint8Array(bytes),
  })
  const json = (await answer.json()) as { avatarUrl: string; code: string }
  return { status: answer.status, ...json }
}
const pathOf = (url: string) => url.replace('/api/v1', '')
const kept = async (person: Person) =>
  (await admin.query('select content from identity.avatars where user_id = $1', [person.userId])).rows[0]?.content as
    | Buffer
    | undefined

const refusalOf = async (answer: Response) => {
  const { status, code, detail } = (await answer.json()) as { status: number; code: string; detail: string }
  return { status, code, detail }
}

/** Red on the left, blue on the right. */
const halves = (width = 400, height = 300) =>
  sharp({ create: { width, height, channels: 3, background: '#ff0000' } }).composite([
    {
      input: { create: { width: width / 2, height, channels: 3, background: '#0000ff' } },
      left: width / 2,
      top: 0,
    },
  ])
const colourAt = async (content: Buffer, x: number, y: number) => {
  const { data, info } = await sharp(content).removeAlpha().raw().toBuffer({ resolveWithObject: true })
  const at = (y * info.width + x) * info.channels
  return [data[at], data[at + 1], data[at + 2]].map(value => ((value ?? 0) > 127 ? 1 : 0)).join('')
}

test('PE-03 MT-08 a picture becomes 256 by 256 WebP, whatever it was sent as, and stands in the profile', async () => {
  for (const [type, bytes] of [
    ['image/png', await halves().png().toBuffer()],
    ['image/jpeg', await halves().jpeg().toBuffer()],
    ['image/webp', await halves().webp().toBuffer()],
    ['image/gif', await halves().gif().toBuffer()],
    ['image/png', await halves(2, 2).png().toBuffer()],
    [
      'image/png',
      await sharp(await halves().png().toBuffer())
        .ensureAlpha(0.5)
        .png({ palette: true })
        .toBuffer(),
    ],
    ['image/jpeg', await halves().toColourspace('cmyk').jpeg().toBuffer()],
    ['image/png', await halves().toColourspace('rgb16').png().toBuffer()],
  ] as const) {
    const { status, avatarUrl } = await put(alice, bytes, type)
    assert.equal(status, 200, type)
    assert.match(avatarUrl, new RegExp(`^/api/v1/users/${alice.userId}/avatar\\?v=[\\w-]{16}$`))
    const answer = await alice.fetch(pathOf(avatarUrl))
    const content = Buffer.from(await answer.arrayBuffer())
    const { format, width, height } = await sharp(content).metadata()
    assert.deepEqual([format, width, height], ['webp', 256, 256])
    assert.ok(content.length <= 100_000)
    if (type !== 'image/png') {
      assert.deepEqual([await colourAt(content, 20, 128), await colourAt(content, 236, 128)], ['100', '001'])
    }
    const profile = (await (await alice.fetch('/me/profile')).json()) as { avatarUrl: string }
    const me = (await (await alice.fetch('/me')).json()) as { user: { avatarUrl: string } }
    assert.deepEqual([profile.avatarUrl, me.user.avatarUrl], [avatarUrl, avatarUrl])
  }
})

test('MT-08 a picture is stored upright, without where it was taken and what else a camera tells', async () => {
  const bytes = await halves()
    .jpeg()
    .withExif({ IFD0: { Artist: 'secret-artist' }, IFD3: { GPSLatitude: '52/1 31/1 0/1' } })
    .withMetadata({ orientation: 6 })
    .toBuffer()
  assert.ok((await sharp(bytes).metadata()).exif, 'control: it has metadata')
  assert.equal((await put(alice, bytes, 'image/jpeg')).status, 200)
  const content = (await kept(alice)) as Buffer
  const { exif, icc, xmp, orientation } = await sharp(content).metadata()
  assert.deepEqual([exif, icc, xmp, orientation], [undefined, undefined, undefined, undefined])
  assert.ok(!content.includes('secret'))
  assert.deepEqual([await colourAt(content, 128, 20), await colourAt(content, 128, 236)], ['100', '001'], 'turned')
})

test('MT-08 a picture of noise fits too', async () => {
  const noise = await sharp({
    create: {
      width: 900,
      height: 900,
      channels: 3,
      background: '#000',
      noise: { type: 'gaussian', mean: 128, sigma: 90 },
    },
  })
    .png()
    .toBuffer()
  assert.equal((await put(alice, noise)).status, 200)
})

test('MT-08 the picture is for oneself and for who works in the same tenant; to others it is not there', async () => {
  const { avatarUrl } = await put(alice, await halves().png().toBuffer())
  const path = pathOf(avatarUrl)
  for (const person of [alice, viewer]) {
    const answer = await person.fetch(path)
    assert.equal(answer.status, 200, person.email)
    assert.equal(answer.headers.get('content-type'), 'image/webp')
    assert.match(answer.headers.get('cache-control') ?? '', /^private/)
    assert.equal(answer.headers.get('x-content-type-options'), 'nosniff')
    assert.match(
      answer.headers.get('content-security-policy') ?? '',
      /default-src 'none'; frame-ancestors 'none'; sandbox/,
    )
    const etag = answer.headers.get('etag') ?? ''
    const again = await person.fetch(path, { headers: { 'if-none-match': `W/"x", ${etag}` } })
    assert.deepEqual([again.status, (await again.arrayBuffer()).byteLength], [304, 0])
    assert.equal((await person.fetch(path, { headers: { 'if-none-match': '"x"' } })).status, 200)
  }
  const stranger = await newPerson(world)
  const ofNobody = await bob.fetch(`/users/${crypto.randomUUID()}/avatar`)
  const wanted = await refusalOf(ofNobody)
  assert.equal(wanted.status, 404)
  for (const person of [bob, stranger]) {
    const answer = await person.fetch(path)
    assert.equal(answer.status, 404, person.email)
    assert.deepEqual(await refusalOf(answer), wanted)
    const guessed = await person.fetch(path, { headers: { 'if-none-match': '*' } })
    assert.equal(guessed.status, 404)
  }
  assert.equal((await fetch(`${baseUrl}${avatarUrl}`)).status, 401)
})

test('MT-08 who joins a tenant sees its people from then on, and no longer than he belongs to it', async () => {
  const { avatarUrl } = await put(alice, await halves().png().toBuffer())
  const person = await newPerson(world, { tenantName: 'Elsewhere' })
  const here = { headers: { 'x-tenant-id': alice.tenantId } }
  assert.notEqual((await person.fetch(pathOf(avatarUrl), here)).status, 200)
  await joinAs(world, person.userId, alice.tenantId, 'viewer')
  await believedNoLonger()
  assert.equal((await person.fetch(pathOf(avatarUrl), here)).status, 200)
  assert.equal((await person.fetch(pathOf(avatarUrl))).status, 404, 'in his own tenant he does not')
  await admin.query('delete from tenancy.user_tenants where user_id = $1 and tenant_id = $2', [
    person.userId,
    alice.tenantId,
  ])
  await believedNoLonger()
  assert.notEqual((await person.fetch(pathOf(avatarUrl), here)).status, 200)
})

test('MT-08 a picture is taken away, and again', async () => {
  const person = await newPerson(world)
  const { avatarUrl } = await put(person, await halves().png().toBuffer())
  for (let time = 0; time < 2; time++) {
    assert.equal((await person.fetch('/me/avatar', { method: 'DELETE' })).status, 204)
    assert.equal((await person.fetch(pathOf(avatarUrl))).status, 404)
    const { avatarUrl: now } = (await (await person.fetch('/me/profile')).json()) as { avatarUrl: string | null }
    assert.equal(now, null)
  }
})

test('MT-08 of pictures sent at once one is kept, and the address is that one’s', async () => {
  const person = await newPerson(world)
  const uploads = await Promise.all(
    ['#111', '#555', '#999', '#ddd', '#f0f'].map(background =>
      sharp({ create: { width: 50, height: 50, channels: 3, background } })
        .png()
        .toBuffer(),
    ),
  )
  const answers = await Promise.all(uploads.map(bytes => put(person, bytes)))
  assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]))
  assert.equal(new Set(answers.map(({ avatarUrl }) => avatarUrl)).size, uploads.length)
  const { rows } = await admin.query(
    `select profile.avatar_url, encode(avatar.content_hash, 'base64') as hash
     from identity.avatars as avatar join identity.user_profiles as profile using (user_id)
     where user_id = $1`,
    [person.userId],
  )
  assert.equal(rows.length, 1)
  const hash = Buffer.from(rows[0].hash, 'base64').toString('base64url')
  assert.ok(rows[0].avatar_url.endsWith(`?v=${hash.slice(0, 16)}`))
})

test('MT-08 a picture goes with its person', async () => {
  const person = await newPerson(world)
  await put(person, await halves().png().toBuffer())
  assert.ok(await kept(person), 'control')
  await admin.query('delete from identity.users where id = $1', [person.userId])
  assert.equal(await kept(person), undefined)
})

test('GG-19 a new picture stands in the audit log, its content does not', async () => {
  const person = await newPerson(world)
  await put(person, await halves().png().toBuffer())
  const { rows } = await admin.query(
    `select changes::text as changes from audit.audit_logs where resource = 'identity.avatars' and resource_id = $1`,
    [person.userId],
  )
  assert.equal(rows.length, 1)
  assert.ok(rows[0].changes.length < 500, rows[0].changes)
  assert.match(rows[0].changes, /\[redacted\]/)
})

test('MT-08 the file is at most 5 MB', async () => {
  const person = await newPerson(world)
  const bytes = await halves().png().toBuffer()
  assert.equal((await put(person, Buffer.concat([bytes, Buffer.alloc(avatarLimit + 1 - bytes.length)]))).status, 413)
  assert.equal(await kept(person), undefined)
})

test('MT-08 what is made does not depend on what was said to be sent', async () => {
  const png = await halves().png().toBuffer()
  assert.deepEqual((await makePicture(png)).content, (await makePicture(png)).content)
})
