import assert from 'node:assert/strict'
import { test } from 'node:test'
import { registerClient } from '#test/oauth-browser.ts'
import { newPerson, type Person, testWorld } from '#test/world.ts'

const world = await testWorld({ hasRouteLimits: false })
const { admin, alice, baseUrl } = world

const slugOf = async ({ tenantId }: Person) =>
  (await admin.query('select slug from tenancy.tenants where id = $1', [tenantId])).rows[0].slug as string
const nextSlug = () => `next-${crypto.randomUUID().slice(0, 8)}`
const takeSlug = (person: Person, slug: string) => person.fetch('/tenant/slug', { method: 'PUT', body: { slug } })
const monthsLater = () =>
  admin.query(`update tenancy.former_slugs set held_until = now() - interval '1 day' where held_until is not null`)
const newTenant = () => newPerson(world, { tenantName: `Issuer ${crypto.randomUUID().slice(0, 8)}` })

test('RFC 9700 4.4 MT-21 nobody becomes the issuer that another workspace was, by the slug that it gave up', async () => {
  const [known, unknown, heir] = [await newTenant(), await newTenant(), await newTenant()]
  await registerClient(known)
  const [first, other] = [await slugOf(known), await slugOf(unknown)]
  for (const person of [known, unknown]) assert.equal((await takeSlug(person, nextSlug())).status, 200)
  await monthsLater()
  const refused = await takeSlug(heir, first)
  assert.deepEqual([refused.status, (await refused.json()).code], [409, 'tenancy.slug_taken'])
  const { formerSlugs } = await (await known.fetch('/tenant/slug')).json()
  assert.deepEqual(
    formerSlugs.map(({ slug, heldUntil }: { slug: string; heldUntil: unknown }) => [slug, heldUntil]),
    [[first, null]],
  )
  assert.equal((await fetch(`${baseUrl}/t/${first}/jwks`)).status, 404, 'and the old name is no issuer any more')
  assert.equal((await takeSlug(heir, other)).status, 200, 'the control: what no application ever knew')
  assert.equal((await takeSlug(known, first)).status, 200, 'it may be that issuer again itself')
})

test('RFC 9700 4.4 MT-21 nobody becomes the issuer that a workspace was which is deleted, nor one whose name it had before', async () => {
  const gone = await newTenant()
  const before = await slugOf(gone)
  await registerClient(gone)
  assert.equal((await takeSlug(gone, nextSlug())).status, 200)
  const last = await slugOf(gone)
  await admin.query('delete from tenancy.tenants where id = $1', [gone.tenantId])
  await monthsLater()
  for (const slug of [before, last]) {
    const refused = await takeSlug(alice, slug)
    assert.deepEqual([refused.status, (await refused.json()).code], [409, 'tenancy.slug_taken'], slug)
    const namesake = await newPerson(world, { tenantName: slug })
    assert.notEqual(await slugOf(namesake), slug)
    assert.equal((await fetch(`${baseUrl}/t/${slug}/.well-known/openid-configuration`)).status, 404)
  }
})
