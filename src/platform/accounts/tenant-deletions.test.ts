import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Scope, sql } from '#platform/database'
import { announceRevocation } from '#platform/identity'
import { type DeletionCertificate, nameHashOf, verifyCertificate } from '#platform/tenancy'
import { mailsTo } from '#test/mails.ts'
import { believedNoLonger, joinAs, newPerson, type Person, testWorld } from '#test/world.ts'
import { tellOfDeletions } from './tenant-deletions.ts'
import { removeDueTenants } from './tenant-removals.ts'

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

test('MT-11 an operator says the days and a reason, owners cannot cancel that, and a suspended tenant is suspended again', async () => {
  const { admin: database, alice: operator } = world
  const ada = await newPerson(world, { tenantName: 'Unpaid' })
  const path = `/installation/tenants/${ada.tenantId}/deletion`
  assert.equal((await operator.fetch(path)).status, 403, 'not before she is an operator')
  await database.query('insert into identity.operators (user_id) values ($1)', [operator.userId])
  await believedNoLonger()
  await database.query(`update tenancy.tenants set status = 'suspended' where id = $1`, [ada.tenantId])
  assert.equal(
    (await operator.fetch(path, { method: 'POST', body: { afterDays: 0 } })).status,
    400,
    'not without a reason',
  )
  const asked = await operator.fetch(path, { method: 'POST', body: { afterDays: 2, reason: 'Not paid' } })
  assert.equal(asked.status, 201)
  assert.equal(
    await codeOf(await operator.fetch(path, { method: 'POST', body: { reason: 'Again' } })),
    'tenancy.deletion_requested',
  )
  assert.equal(await codeOf(await cancel(ada)), 'accounts.deletion_by_operator')
  const described = (await (await operator.fetch(path)).json()) as { deletion: { reason: string }; owners: unknown[] }
  assert.deepEqual([described.deletion.reason, described.owners.length], ['Not paid', 1])
  assert.equal((await operator.fetch(path, { method: 'DELETE' })).status, 204)
  assert.equal(await statusOf(ada), 'suspended')

  await database.query(`update tenancy.tenants set status = 'active' where id = $1`, [ada.tenantId])
  await operator.fetch(path, { method: 'POST', body: { afterDays: 0, reason: 'Not paid' } })
  assert.deepEqual(await removeDueTenants(app), { removed: [ada.tenantId], failed: [] })
  const kept = await operator.fetch(`/deletion-certificates/${ada.tenantId}`)
  const { signed, thumbprint, certificate } = (await kept.json()) as {
    signed: string
    thumbprint: string
    certificate: DeletionCertificate
  }
  assert.equal(certificate.requestedByOperator, true)
  assert.equal(certificate.nameHash, nameHashOf(ada.tenantId, 'Unpaid'))
  assert.ok(!JSON.stringify(certificate).includes('Unpaid'), 'its name is not kept')
  assert.equal(verifyCertificate(signed).thumbprint, thumbprint)
  const [header = '', payload = '', signature = ''] = signed.split('.')
  const altered = Buffer.from(JSON.stringify({ ...certificate, removed: {} })).toString('base64url')
  for (const forged of [
    `${header}.${altered}.${signature}`,
    `${header}.${payload}.${signature.slice(2)}`,
    payload,
    '{}',
  ]) {
    assert.throws(() => verifyCertificate(forged), /was altered/)
  }
  const logs = await operator.fetch(`/deletion-certificates/${ada.tenantId}/audit-logs?limit=100`)
  const { items } = (await logs.json()) as { items: { action: string; resource: string; details: unknown }[] }
  const entry = items.find(({ action, resource }) => action === 'delete' && resource === 'tenancy.tenants')
  assert.deepEqual(entry?.details, certificate, 'the log has one entry with the counts')
  assert.equal((await operator.fetch('/deletion-certificates')).status, 200)
  assert.equal((await world.bob.fetch(`/deletion-certificates/${ada.tenantId}`)).status, 403)
})

test('MT-11 a deletion wants a fresh sign-in, to be asked for and to be cancelled', async () => {
  const ada = await newPerson(world, { tenantName: 'Stale' })
  const age = async () => {
    await admin.query(
      `update identity.user_sessions set authenticated_at = now() - interval '11 minutes' where user_id = $1`,
      [ada.userId],
    )
    announceRevocation(app)
  }
  await age()
  assert.equal(await codeOf(await request(ada, 'Stale')), 'http.step_up_required')
  assert.equal(await codeOf(await cancel(ada)), 'http.step_up_required')
  assert.equal(await statusOf(ada), 'active')
})

test('MT-11 AG-01 a statement in the scope of a tenant has it deleted or kept only for an owner of it, and never as an operator', async () => {
  const [ada, ben, cleo, eve] = [
    await newPerson(world, { tenantName: 'Guarded' }),
    await newPerson(world),
    await newPerson(world),
    await newPerson(world, { tenantName: 'Elsewhere' }),
  ]
  await joinAs(world, ben.userId, ada.tenantId, 'admin')
  await joinAs(world, cleo.userId, ada.tenantId, 'owner')
  const { tenantId } = ada
  const request = (scope: Scope, byOperator: boolean) =>
    app.db.scoped(scope).run(sql`
      select tenancy.request_deletion(${byOperator ? 0 : null}, ${byOperator}, 'Forged')
    `)
  const cancel = (scope: Scope) => app.db.scoped(scope).run(sql`select tenancy.cancel_deletion()`)
  const [none, admins, owners, strangers] = [
    { tenantId },
    { tenantId, userId: ben.userId },
    { tenantId, userId: ada.userId },
    { tenantId, userId: eve.userId },
  ]
  const denied = { code: '42501' }
  for (const scope of [none, admins, strangers, owners]) await assert.rejects(request(scope, true), denied)
  for (const scope of [none, admins, strangers]) await assert.rejects(request(scope, false), denied)
  // What the program itself does, it does for somebody who may.
  for (const scope of [admins, strangers]) await assert.rejects(request({ ...scope, system: true }, true), denied)
  assert.equal(await statusOf(ada), 'active')
  await request(owners, false)
  assert.equal(await statusOf(ada), 'pending_deletion', 'control')
  for (const scope of [none, admins, strangers]) await assert.rejects(cancel(scope), denied)
  assert.equal(await statusOf(ada), 'pending_deletion')
  await cancel(owners)
  assert.equal(await statusOf(ada), 'active', 'control')

  await admin.query('insert into identity.operators (user_id) values ($1)', [eve.userId])
  await assert.rejects(request(strangers, true), denied, 'an operator acts through the program')
  await request({ ...strangers, system: true }, true)
  assert.equal(await statusOf(ada), 'pending_deletion', 'control')
  await assert.rejects(cancel(owners), denied, 'what operators have asked for')
  await cancel({ tenantId, system: true })
  assert.equal(await statusOf(ada), 'active', 'at the command line')
  await admin.query('update tenancy.user_tenants set expires_at = now() where tenant_id = $1 and user_id = $2', [
    tenantId,
    cleo.userId,
  ])
  await assert.rejects(request({ tenantId, userId: cleo.userId }, false), denied, 'an owner whose membership has ended')
})
