import assert from 'node:assert/strict'
import { test } from 'node:test'
import sharp from 'sharp'
import { type Person, testWorld } from '#test/world.ts'

const world = await testWorld({ environment: { COMMONHOLD_PUBLIC_URL: 'https://hold.example' } })
const { admin, alice, bob, viewer, baseUrl } = world

type Brand = { id: string; name: string; logo: string | null; colors: { primary?: string }; code: string }
const call = async (person: Person, method: string, path: string, body?: unknown) => {
  const answer = await person.fetch(path, { method, ...(body !== undefined && { body }) })
  return { status: answer.status, json: (await answer.json().catch(() => ({}))) as Brand }
}
const put = async (person: Person, bytes: Buffer, type = 'image/png') => {
  const answer = await fetch(`${baseUrl}/api/v1/tenant/logo`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${person.accessToken}`, 'content-type': type },
    body: new Uint8Array(bytes),
  })
  return { status: answer.status, json: (await answer.json()) as Brand }
}
const picture = (width: number, height: number, alpha = 1) =>
  sharp({ create: { width, height, channels: 4, background: { r: 200, g: 0, b: 0, alpha } } })
    .png()
    .toBuffer()
const see = (url: string) => fetch(`${baseUrl}${url}`)

test('MT-10 a logo is made anew within bounds, keeps what is see-through, and is shown to who has its address', async () => {
  const { status, json } = await put(alice, await picture(2000, 500, 0.5))
  assert.equal(status, 200)
  assert.match(json.logo ?? '', new RegExp(`^/api/v1/tenant-logos/${alice.tenantId}\\?v=[\\w-]{22}$`))
  const answer = await see(json.logo ?? '')
  assert.equal(answer.status, 200, 'also before the sign-in')
  assert.deepEqual(
    [answer.headers.get('content-type'), answer.headers.get('x-content-type-options')],
    ['image/webp', 'nosniff'],
  )
  assert.match(answer.headers.get('content-security-policy') ?? '', /sandbox/)
  const { format, width, height, hasAlpha } = await sharp(Buffer.from(await answer.arrayBuffer())).metadata()
  assert.deepEqual([format, width, height, hasAlpha], ['webp', 512, 128, true])
  const small = await put(alice, await picture(40, 40))
  const { width: kept } = await sharp(Buffer.from(await (await see(small.json.logo ?? '')).arrayBuffer())).metadata()
  assert.equal(kept, 40, 'not made larger')
  assert.notEqual(small.json.logo, json.logo)
  assert.equal((await see(json.logo ?? '')).status, 404, 'the address of an earlier one leads nowhere')
})

test('MT-10 nobody finds out by trying which tenants there are and how they look', async () => {
  await put(bob, await picture(10, 10))
  const refusals = await Promise.all(
    [bob.tenantId, crypto.randomUUID()].map(async id => {
      const answer = await see(`/api/v1/tenant-logos/${id}?v=${'x'.repeat(22)}`)
      return [answer.status, ((await answer.json()) as Brand).code]
    }),
  )
  assert.deepEqual(refusals, Array(2).fill([404, 'tenancy.logo_not_found']))
})

test('MT-10 what is no picture is refused, and only administrators change how the tenant looks', async () => {
  assert.equal(
    (await put(alice, Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'))).json.code,
    'identity.picture_unreadable',
  )
  assert.equal((await put(alice, Buffer.from('x'), 'image/svg+xml')).status, 415)
  assert.equal((await put(viewer, await picture(10, 10))).status, 403)
  assert.equal((await call(viewer, 'DELETE', '/tenant/logo')).status, 403)
  assert.equal((await call(viewer, 'PUT', '/tenant/colors', { primary: '#112233' })).status, 403)
  for (const wrong of ['red', '#12345', '#1234567', 'url(x)', '#12345g']) {
    assert.equal((await call(alice, 'PUT', '/tenant/colors', { primary: wrong })).status, 400, wrong)
  }
  await assert.rejects(
    admin.query(`update tenancy.tenants set colors = '{"primary": "red"}' where id = $1`, [alice.tenantId]),
    /tenants_colors_known/,
  )
})

test('MT-10 AG-01 members see the colours of the tenant that they work in; other tenants have their own', async () => {
  assert.deepEqual((await call(alice, 'PUT', '/tenant/colors', { primary: '#AA3366' })).json.colors, {
    primary: '#aa3366',
  })
  assert.deepEqual((await call(viewer, 'GET', '/tenant/brand')).json.colors, { primary: '#aa3366' })
  const others = await call(bob, 'GET', '/tenant/brand')
  assert.deepEqual([others.json.id, others.json.colors], [bob.tenantId, {}])
  assert.deepEqual((await call(alice, 'PUT', '/tenant/colors', { primary: null })).json.colors, {})
  assert.equal((await call(alice, 'DELETE', '/tenant/logo')).json.logo, null)
  const { rows } = await admin.query('select from tenancy.tenant_logos where tenant_id = $1', [alice.tenantId])
  assert.equal(rows.length, 0)
})

test('MT-10 the page before the sign-in shows a tenant on its own host only', async () => {
  const slug = (await admin.query('select slug from tenancy.tenants where id = $1', [bob.tenantId])).rows[0].slug
  const { request } = await import('node:http')
  const optionsAt = (host: string) =>
    new Promise<{ tenant: Brand | null; google: boolean; installationUrl: string }>((resolve, reject) => {
      const sent = request(`${baseUrl}/api/v1/auth/options`, response => {
        let text = ''
        response.on('data', chunk => {
          text += chunk
        })
        response.on('end', () => resolve(JSON.parse(text)))
      })
      sent.setHeader('host', host)
      sent.on('error', reject)
      sent.end()
    })
  const own = await optionsAt(`${slug}.hold.example`)
  assert.deepEqual([own.tenant?.id, own.tenant?.name, own.google], [bob.tenantId, 'Northgate Partners', false])
  assert.ok(own.tenant?.logo)
  assert.equal((await optionsAt('hold.example')).tenant, null)
  assert.equal(own.installationUrl, 'https://hold.example')
})

test('GG-19 a new look stands in the tenant’s log', async () => {
  await put(alice, await picture(10, 10))
  const { rows } = await admin.query(
    `select user_id from audit.audit_logs where tenant_id = $1 and resource = 'tenancy.tenants' and changes ? 'logo' order by id desc limit 1`,
    [alice.tenantId],
  )
  assert.deepEqual(rows, [{ user_id: alice.userId }])
})
