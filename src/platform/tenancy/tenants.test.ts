import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { believedNoLonger, newPerson, type Person, testWorld } from '#test/world.ts'
import { changeSlug, createTenant, removeFormerSlugs, slugOf } from './tenants.ts'

const world = await testWorld()
const { admin, db, alice, bob, viewer } = world

type Body = {
  name: string
  slug: string
  settings: Record<string, string>
  code: string
  formerSlugs: { slug: string; heldUntil: string }[]
}
const call = async (person: Person, method: string, path: string, body?: unknown, headers?: Record<string, string>) => {
  const answer = await person.fetch(path, { method, ...(body !== undefined && { body }), ...(headers && { headers }) })
  return { status: answer.status, etag: answer.headers.get('etag') ?? '', json: (await answer.json()) as Body }
}
const slugNow = async (tenantId: string) =>
  (await admin.query('select slug from tenancy.tenants where id = $1', [tenantId])).rows[0].slug as string
const held = async (slug: string) =>
  (await admin.query('select holder_id from tenancy.former_slugs where slug = $1', [slug])).rows[0]?.holder_id
let number = 0
const owner = () => newPerson(world, { tenantName: `Slug Tenant ${++number} ${crypto.randomUUID().slice(0, 8)}` })

test('GG-03 a slug is a DNS label whatever the name', () => {
  assert.equal(slugOf('Łódź & Sons, Inc.'), 'lodz-sons-inc')
  assert.equal(slugOf('  Meridian   Capture '), 'meridian-capture')
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), name => {
      assert.match(slugOf(name), /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/)
      assert.doesNotMatch(slugOf(name), /--/)
    }),
  )
})

test('GG-03 members see name and settings of their tenant, its administrators change them, and nobody else', async () => {
  const seen = await call(viewer, 'GET', '/tenant')
  assert.deepEqual([seen.status, seen.json.name], [200, 'Meridian Capture'])
  assert.equal((await call(viewer, 'PATCH', '/tenant', { name: 'Mine' })).json.code, 'http.permission_missing')

  const settings = { description: ' Captures. ', website: 'https://meridian.example', timezone: 'Europe/Berlin' }
  const changed = await call(
    alice,
    'PATCH',
    '/tenant',
    { name: ' Meridian & Co ', settings },
    { 'if-match': seen.etag },
  )
  assert.equal(changed.status, 200)
  assert.deepEqual(
    [changed.json.name, changed.json.settings],
    ['Meridian & Co', { ...settings, description: 'Captures.' }],
  )
  assert.equal(changed.etag, (await call(viewer, 'GET', '/tenant')).etag)
  const stale = await call(alice, 'PATCH', '/tenant', { name: 'Stale' }, { 'if-match': seen.etag })
  assert.equal(stale.status, 412)
  const part = await call(alice, 'PATCH', '/tenant', { settings: { website: null } })
  assert.deepEqual(part.json.settings, { description: 'Captures.', timezone: 'Europe/Berlin' })
  for (const wrong of [
    { name: '  ' },
    { status: 'suspended' },
    { settings: { website: 'javascript:alert(1)' } },
    { settings: { timezone: 'Mars/Olympus' } },
    { settings: { more: 1 } },
  ])
    assert.equal((await call(alice, 'PATCH', '/tenant', wrong)).status, 400, JSON.stringify(wrong))
  assert.equal((await call(bob, 'GET', '/tenant')).json.name, 'Northgate Partners', 'AG-01 another tenant is as it was')
  await call(alice, 'PATCH', '/tenant', { name: 'Meridian Capture', settings: { description: null, timezone: null } })
})

test('GG-03 a slug can be changed; the old one is held for its tenant for 30 days, which may take it back', async () => {
  const [ada, bert] = [await owner(), await owner()]
  const first = await slugNow(ada.tenantId)
  const second = `second-${first}`.slice(0, 50)
  const put = (person: Person, slug: string) => call(person, 'PUT', '/tenant/slug', { slug })

  const moved = await put(ada, second)
  assert.equal(moved.status, 200)
  assert.equal(moved.json.slug, second)
  assert.deepEqual(
    moved.json.formerSlugs.map(({ slug }) => slug),
    [first],
  )
  const days = (Date.parse(moved.json.formerSlugs[0]?.heldUntil ?? '') - Date.now()) / 86_400_000
  assert.ok(days > 29.9 && days < 30.1)

  for (const taken of [first, second]) {
    const refused = await put(bert, taken)
    assert.deepEqual([refused.status, refused.json.code], [409, 'tenancy.slug_taken'], taken)
  }
  assert.equal((await put(ada, first)).json.slug, first, 'taken back')
  assert.equal(await held(first), undefined)
  assert.equal(await held(second), ada.tenantId, 'and now the other one is held')

  await admin.query(`update tenancy.former_slugs set held_until = now() - interval '1 second' where slug = $1`, [
    second,
  ])
  assert.equal((await put(bert, second)).json.slug, second, 'free after 30 days')
  assert.equal(await held(second), undefined)
})

test('GG-03 who is no administrator, or did not sign in lately, changes no slug', async () => {
  assert.equal((await call(viewer, 'PUT', '/tenant/slug', { slug: 'mine-now' })).status, 403)
  await admin.query(
    `update identity.user_sessions set authenticated_at = now() - interval '1 hour' where user_id = $1`,
    [alice.userId],
  )
  await believedNoLonger()
  assert.equal((await call(alice, 'PUT', '/tenant/slug', { slug: 'mine-now' })).json.code, 'http.step_up_required')
  await admin.query('update identity.user_sessions set authenticated_at = now() where user_id = $1', [alice.userId])
  await believedNoLonger()
})

test('GG-03 reserved slugs are refused by the program and by the database, and no name becomes one', async () => {
  const ada = await owner()
  for (const slug of ['www', 'api', 'admin', 'sign-in', 'localhost', 'xn--bcher-kva', 'ab--c']) {
    const refused = await call(ada, 'PUT', '/tenant/slug', { slug })
    assert.deepEqual([refused.status, refused.json.code], [400, 'tenancy.slug_reserved'], slug)
    await assert.rejects(
      admin.query('update tenancy.tenants set slug = $2 where id = $1', [ada.tenantId, slug]),
      /tenants_slug_not_reserved/,
    )
  }
  for (const slug of ['-a', 'a-', 'A', 'a_b', 'a.b', 'ä', 'x'.repeat(64), '']) {
    assert.equal((await call(ada, 'PUT', '/tenant/slug', { slug })).status, 400, slug)
  }
  const id = crypto.randomUUID()
  const { slug } = await db.transaction({ system: true, tenantId: id }, tx => createTenant(tx, { id, name: 'API' }))
  assert.equal(slug, 'api-2')
})

test('GG-03 of tenants that want one slug at the same moment one gets it', async () => {
  const people = await Promise.all(Array.from({ length: 6 }, owner))
  const slug = `wanted-${crypto.randomUUID().slice(0, 8)}`
  const answers = await Promise.all(people.map(person => call(person, 'PUT', '/tenant/slug', { slug })))
  assert.deepEqual(answers.map(({ status }) => status).toSorted(), [200, 409, 409, 409, 409, 409])
})

test('GG-03 a slug that is given up and wanted at the same moment stays with its tenant', async () => {
  for (let round = 0; round < 10; round++) {
    const [ada, bert] = [await owner(), await owner()]
    const slug = await slugNow(ada.tenantId)
    const scopeOf = (person: Person) => ({ tenantId: person.tenantId, userId: person.userId })
    const outcomes = await Promise.allSettled([
      db.transaction(scopeOf(ada), async tx => {
        await changeSlug(tx, `left-${round}-${slug}`.slice(0, 50))
        await new Promise(resolve => setTimeout(resolve, 20))
      }),
      db.transaction(scopeOf(bert), tx => changeSlug(tx, slug)),
    ])
    assert.deepEqual(
      outcomes.map(({ status }) => status),
      ['fulfilled', 'rejected'],
    )
    assert.equal(await held(slug), ada.tenantId)
  }
})

test('GG-03 nobody keeps slugs from others by taking one after another', async () => {
  const ada = await owner()
  const stem = crypto.randomUUID().slice(0, 8)
  const codes: string[] = []
  for (let turn = 0; turn < 7; turn++) {
    const { status, json } = await call(ada, 'PUT', '/tenant/slug', { slug: `turn-${turn}-${stem}` })
    codes.push(status === 200 ? 'done' : json.code)
  }
  assert.deepEqual(codes.slice(0, 5), Array(5).fill('done'))
  assert.deepEqual(codes.slice(5), ['tenancy.slugs_held', 'tenancy.slugs_held'])
  assert.equal((await call(ada, 'PUT', '/tenant/slug', { slug: `turn-1-${stem}` })).status, 200, 'taking one back')
  assert.equal((await call(ada, 'PUT', '/tenant/slug', { slug: `turn-9-${stem}` })).status, 409, 'is no way round')
})

test('GG-03 a job lets go of what is held no more, and nobody gets the slugs of a tenant that is gone but itself', async () => {
  const [ada, bert] = [await owner(), await owner()]
  const [one, other] = [await slugNow(ada.tenantId), await slugNow(bert.tenantId)]
  for (const person of [ada, bert]) {
    await call(person, 'PUT', '/tenant/slug', { slug: `gone-${crypto.randomUUID().slice(0, 8)}` })
  }
  await admin.query(`update tenancy.former_slugs set held_until = now() - interval '1 hour' where slug = $1`, [one])
  assert.equal(await removeFormerSlugs(db.scoped({ system: true })), 1)
  assert.deepEqual([await held(one), await held(other)], [undefined, bert.tenantId])
  const last = await slugNow(bert.tenantId)
  await admin.query('delete from tenancy.tenants where id = $1', [bert.tenantId])
  assert.equal(await held(other), undefined)
  const kept = await admin.query('select row::text as text from tenancy.retired_slugs as row where holder_id = $1', [
    bert.tenantId,
  ])
  assert.equal(kept.rowCount, 2)
  assert.ok(
    kept.rows.every(({ text }) => !text.includes(other) && !text.includes(last)),
    'as hashes only',
  )
  for (const slug of [other, last]) {
    const refused = await call(ada, 'PUT', '/tenant/slug', { slug })
    assert.deepEqual([refused.status, refused.json.code], [409, 'tenancy.slug_taken'], slug)
    const id = crypto.randomUUID()
    const named = await db.transaction({ system: true, tenantId: id }, tx => createTenant(tx, { id, name: slug }))
    assert.equal(named.slug, `${slug}-2`)
    await assert.rejects(
      admin.query(`insert into tenancy.tenants (id, name, slug) values (gen_random_uuid(), 'Next', $1)`, [slug]),
      /tenants_slug_held|is held for/,
    )
  }
  assert.equal((await call(ada, 'PUT', '/tenant/slug', { slug: `${last}-other` })).status, 200, 'the control')
  await admin.query(`insert into tenancy.tenants (id, name, slug) values ($1, 'Back again', $2)`, [bert.tenantId, last])
  await admin.query('update tenancy.tenants set slug = $2 where id = $1', [bert.tenantId, other])
  assert.equal(await held(last), bert.tenantId)
})

test('GG-19 a new slug stands in the tenant’s log, and who gave it', async () => {
  const ada = await owner()
  const before = await slugNow(ada.tenantId)
  await call(ada, 'PUT', '/tenant/slug', { slug: `logged-${before}`.slice(0, 50) })
  const { rows } = await admin.query(
    `select user_id, changes -> 'slug' as slug from audit.audit_logs
     where tenant_id = $1 and resource = 'tenancy.tenants' and changes ? 'slug' and action = 'update'`,
    [ada.tenantId],
  )
  assert.deepEqual(rows, [{ user_id: ada.userId, slug: { old: before, new: `logged-${before}`.slice(0, 50) } }])
})
