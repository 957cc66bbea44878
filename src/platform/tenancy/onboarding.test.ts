import assert from 'node:assert/strict'
import { test } from 'node:test'
import { joinAs, newPerson, type Person, signIn, testWorld } from '#test/world.ts'

const world = await testWorld()
const { admin, bob, viewer, baseUrl } = world

type Body = {
  status: string
  isDismissed: boolean
  code: string
  steps: { name: string; isDone: boolean; isManual: boolean }[]
}
const call = async (person: Person, method: string, path = '/tenant/onboarding', body?: unknown) => {
  const answer = await person.fetch(path, { method, ...(body !== undefined && { body }) })
  return { status: answer.status, json: (await answer.json().catch(() => ({}))) as Body }
}
const tick = (person: Person, step: string, isDone = true) =>
  call(person, 'PUT', `/tenant/onboarding/${step}`, { isDone })
const done = ({ steps }: Body) => steps.filter(({ isDone }) => isDone).map(({ name }) => name)
const kept = async ({ tenantId }: Person) =>
  (await admin.query('select onboarding_status from tenancy.tenants where id = $1', [tenantId])).rows[0]
    .onboarding_status

test('MT-10 first steps tick themselves off as the data shows, or by hand, until all are done', async () => {
  const ada = await newPerson(world, { tenantName: 'Beginner' })
  const begun = (await call(ada, 'GET')).json
  assert.deepEqual([begun.status, done(begun), await kept(ada)], ['pending', [], 'pending'])
  assert.ok(begun.steps.length >= 4, 'control: there are some')

  await ada.fetch('/tenant', { method: 'PATCH', body: { settings: { description: 'For beginners' } } })
  const seen = (await call(ada, 'GET')).json
  assert.deepEqual([seen.status, done(seen), await kept(ada)], ['in_progress', ['tenancy.describe'], 'in_progress'])
  await joinAs(world, viewer.userId, ada.tenantId, 'viewer')
  assert.deepEqual(done((await call(ada, 'GET')).json), ['tenancy.describe', 'tenancy.people'])

  assert.deepEqual(done((await tick(ada, 'tenancy.security')).json), [
    'tenancy.describe',
    'tenancy.people',
    'tenancy.security',
  ])
  assert.ok(!done((await tick(ada, 'tenancy.security', false)).json).includes('tenancy.security'), 'opened again')
  for (const { name } of begun.steps) await tick(ada, name)
  const end = (await call(ada, 'GET')).json
  assert.deepEqual([end.status, end.isDismissed, await kept(ada)], ['completed', false, 'completed'])
  await tick(ada, 'tenancy.security', false)
  assert.equal((await call(ada, 'GET')).json.status, 'completed', 'for good')
})

test('MT-10 the steps can be put away', async () => {
  const ada = await newPerson(world, { tenantName: 'Knows All' })
  const away = (await call(ada, 'DELETE')).json
  assert.deepEqual([away.status, away.isDismissed, await kept(ada)], ['completed', true, 'completed'])
})

test('MT-10 AG-01 they are for administrators, and each tenant has its own', async () => {
  const ada = await newPerson(world, { tenantName: 'Mine' })
  await joinAs(world, viewer.userId, ada.tenantId, 'viewer')
  const looker = await signIn(baseUrl, viewer, ada.tenantId)
  for (const method of ['GET', 'DELETE']) assert.equal((await call(looker, method)).status, 403)
  assert.equal((await tick(looker, 'tenancy.security')).status, 403)
  await tick(ada, 'tenancy.security')
  assert.ok(!done((await call(bob, 'GET')).json).includes('tenancy.security'))
  for (const wrong of ['no.such', 'tenancy.describe2', 'toString']) {
    assert.deepEqual((await tick(ada, wrong)).json.code, 'tenancy.step_unknown', wrong)
  }
  const { rows } = await admin.query(
    `select user_id from audit.audit_logs where tenant_id = $1 and resource = 'tenancy.onboarding_steps'`,
    [ada.tenantId],
  )
  assert.deepEqual(rows, [{ user_id: ada.userId }])
})
