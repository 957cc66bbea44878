import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mailsTo } from '#test/mails.ts'
import { joinAs, newPerson, type Person, testWorld } from '#test/world.ts'
import { tellOfDeletions } from './tenant-deletions.ts'

const world = await testWorld()
const { app, admin } = world

const codeOf = async (response: Response) => ((await response.json()) as { code: string }).code
const request = (person: Person, name: string) =>
  person.fetch('/tenant/deletion', { method: 'POST', body: { name, reason: 'We are done' } })
const cancel = (person: Person, tenantId = person.tenantId) =>
  person.fetch(`/tenant/deletion?tenantId=${tenantId}`, { method: 'DELETE' })
const statusOf = async ({ tenantId }: Person) =>
  (await admin.query('select status from tenancy.tenants where id = $1', [tenantId])).rows[0]?.status
const mailsOf = async (person: Person) =>
  (await mailsTo(world, person.email))
    .filter(({ name }) => name.startsWith('accounts.tenant_del'))
    .map(mail => mail.name)
const move = (person: Person, days: number) =>
  admin.query(
    `with moved as (
       update tenancy.tenants
       set deletion_requested_at = deletion_requested_at - $2 * interval '1 day',
         deletion_scheduled_at = deletion_scheduled_at - $2 * interval '1 day'
       where id = $1
     )
     update tenancy.tenant_deletions
     set requested_at = requested_at - $2 * interval '1 day', scheduled_at = scheduled_at - $2 * interval '1 day'
     where tenant_id = $1`,
    [person.tenantId, days],
  )

test('MT-11 an owner types the name, the workspace is closed at once, all owners are told, and any of them cancels', async () => {
  const [ada, ben, cleo] = [
    await newPerson(world, { tenantName: 'Orchard & Co' }),
    await newPerson(world),
    await newPerson(world),
  ]
  await joinAs(world, ben.userId, ada.tenantId, 'owner')
  await joinAs(world, cleo.userId, ada.tenantId, 'admin')
  const inOrchard = { headers: { 'x-tenant-id': ada.tenantId } }

  assert.equal(
    (await cleo.fetch('/tenant/deletion', { method: 'POST', body: { name: 'x' }, ...inOrchard })).status,
    403,
  )
  const mistyped = await request(ada, 'Orchard')
  assert.deepEqual([mistyped.status, await codeOf(mistyped)], [400, 'tenancy.name_mistyped'])
  assert.equal(await statusOf(ada), 'active')

  const asked = await request(ada, ' Orchard & Co')
  assert.equal(asked.status, 201)
  const { scheduledAt } = (await asked.json()) as { scheduledAt: string }
  assert.ok(Math.abs(Date.parse(scheduledAt) - Date.now() - 7 * 86_400_000) < 60_000, '7 days, as is set for it')
  assert.equal(await statusOf(ada), 'pending_deletion')
  for (const owner of [ada, ben]) assert.deepEqual(await mailsOf(owner), ['accounts.tenant_deletion_requested'])
  assert.deepEqual(await mailsOf(cleo), [], 'who is no owner is not told')

  const named = await ada.fetch('/contractor-lists', inOrchard)
  assert.deepEqual([named.status, await codeOf(named)], [403, 'accounts.tenant_pending_deletion'])
  const me = (await (await ada.fetch('/me')).json()) as { tenantId: string | null; closed: { code: string } }
  assert.deepEqual([me.tenantId, me.closed?.code], [null, 'accounts.tenant_pending_deletion'])

  assert.equal((await cancel(cleo, ada.tenantId)).status, 403)
  assert.equal((await cancel(world.bob, ada.tenantId)).status, 403, 'an owner of another tenant is none of this')
  assert.equal((await cancel(ben, ada.tenantId)).status, 204)
  assert.equal(await statusOf(ada), 'active')
  assert.equal((await ada.fetch('/contractor-lists', inOrchard)).status, 200)
  assert.equal(await codeOf(await cancel(ada)), 'tenancy.deletion_not_waiting')
  for (const owner of [ada, ben]) assert.equal((await mailsOf(owner)).length, 2)
})

test('MT-11 owners are told half-way and the day before, once each, also by two workers at once', async () => {
  const ada = await newPerson(world, { tenantName: 'Halfway' })
  await request(ada, 'Halfway')
  assert.equal(await tellOfDeletions(app), 0, 'too early')
  await move(ada, 3.6)
  await Promise.all([tellOfDeletions(app), tellOfDeletions(app), tellOfDeletions(app)])
  assert.deepEqual((await mailsOf(ada)).slice(1), ['accounts.tenant_deletion_nears'])
  await tellOfDeletions(app)
  await move(ada, 2.5)
  await Promise.all([tellOfDeletions(app), tellOfDeletions(app), tellOfDeletions(app)])
  await tellOfDeletions(app)
  assert.equal((await mailsOf(ada)).length, 3)
  const last = (await mailsTo(world, ada.email)).at(-1)
  assert.match(last?.subject ?? '', /Last notice/)
  await cancel(ada)

  const eve = await newPerson(world, { tenantName: 'Short' })
  await admin.query('update tenancy.tenants set grace_period_days = 1 where id = $1', [eve.tenantId])
  await request(eve, 'Short')
  await move(eve, 0.6)
  await tellOfDeletions(app)
  assert.equal((await mailsOf(eve)).length, 1, 'of what comes within a day the first mail has told')
})
