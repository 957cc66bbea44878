import assert from 'node:assert/strict'
import { test } from 'node:test'
import { moveTenant, placeTenant } from '#platform/tenancy'
import { mirrorLimits } from '#platform/usage'
import { tenantDatabase } from '#test/tenant-databases.ts'
import { type Person, testWorld } from '#test/world.ts'
import { collectGauges } from '../src/platform/usage/placed-gauges.ts'
import { setTenantLimit } from '../src/platform/usage/tenant-plans.ts'

const world = await testWorld()
const elsewhere = await tenantDatabase(world)
const { app, admin, adminConfig, alice, bob } = world
const { placements } = app
assert.ok(placements)
const { id: databaseId } = await placements.register(elsewhere.url)
for (const { tenantId } of [alice, bob]) {
  await app.db.transaction({ system: true, tenantId }, tx => placeTenant(tx, tenantId, databaseId))
}
placements.forget()

const lists = 'contractors.lists'
const limitOf = async (person: Person) => {
  const { limits } = (await (await person.fetch('/usage/limits')).json()) as {
    limits: { metric: string; limit: number | null; used: number }[]
  }
  const { limit, used } = limits.find(({ metric }) => metric === lists) ?? { limit: null, used: 0 }
  return { limit, used }
}
const allow = async (person: Person, limit: number) => {
  await app.db.transaction({ system: true }, tx => setTenantLimit(app, tx, person.tenantId, lists, { limit }))
}
const makeLists = async (person: Person, names: string[]) =>
  (await Promise.all(names.map(name => person.fetch('/contractor-lists', { method: 'POST', body: { name } })))).map(
    ({ status }) => status,
  )
const listsIn = async (client: typeof admin, { tenantId }: Person) =>
  Number(
    (await client.query('select count(*) from contractors.contractor_lists where tenant_id = $1', [tenantId])).rows[0]
      .count,
  )

test('AG-02 MT-17 a limit holds exactly for a placed tenant, many at once, and its page shows its numbers', async () => {
  await makeLists(alice, ['First'])
  const before = await listsIn(elsewhere.admin, alice)
  await allow(alice, before + 3)
  assert.equal(await mirrorLimits(app, alice.tenantId), 1)
  assert.equal(await mirrorLimits(app, alice.tenantId), 0, 'nothing has changed since')
  const statuses = await makeLists(
    alice,
    Array.from({ length: 8 }, (_, n) => `Race ${n}`),
  )
  assert.equal(statuses.filter(status => status === 201).length, 3, statuses.join())
  const refused = await alice.fetch('/contractor-lists', { method: 'POST', body: { name: 'Too much' } })
  assert.equal(((await refused.json()) as { code: string }).code, 'usage.quota_exceeded')
  assert.equal(await listsIn(elsewhere.admin, alice), before + 3)
  assert.deepEqual(await limitOf(alice), { limit: before + 3, used: before + 3 })
  const { series } = (await (await alice.fetch(`/usage?metric=${lists}`)).json()) as {
    series: { points: { value: number | null }[] }[]
  }
  assert.equal(series[0]?.points.at(-1)?.value, before + 3)
  assert.equal((await makeLists(bob, ['Another tenant']))[0], 201)
  assert.equal((await limitOf(bob)).limit, null)
  // What is allowed more is allowed there too.
  await allow(alice, before + 4)
  await mirrorLimits(app)
  assert.equal((await makeLists(alice, ['One more']))[0], 201)
  const { rows } = await elsewhere.admin.query(`select from audit.audit_logs where resource = 'usage.tenant_limits'`)
  assert.equal(rows.length, 0, 'it is logged where it was decided, once')
})

test('AG-02 MT-17 reports and warnings over all tenants know what is used in databases of their own', async () => {
  const valueHere = async () =>
    Number((await admin.query('select usage.value_of($1, $2) as value', [alice.tenantId, lists])).rows[0].value)
  await collectGauges(app)
  assert.equal(await valueHere(), await listsIn(elsewhere.admin, alice))
  await elsewhere.close()
  assert.equal((await limitOf(alice)).used, await valueHere(), 'away: what was noted last')
  await collectGauges(app)
  assert.equal(await mirrorLimits(app), 0)
  await elsewhere.reopen()
})

test('AG-02 MT-17 a tenant that moves back has its counts and limits with it, be they above', async () => {
  const used = await listsIn(elsewhere.admin, alice)
  await allow(alice, used - 2)
  await mirrorLimits(app)
  const report = await moveTenant({ placements, main: adminConfig, tenantId: alice.tenantId, heardAfter: 100 }, null)
  assert.equal(report.state, 'switched')
  assert.deepEqual(await limitOf(alice), { limit: used - 2, used })
  const refused = await alice.fetch('/contractor-lists', { method: 'POST', body: { name: 'Too much' } })
  assert.equal(((await refused.json()) as { code: string }).code, 'usage.quota_exceeded')
  assert.equal(await listsIn(admin, alice), used)
  await collectGauges(app)
  assert.deepEqual(await limitOf(alice), { limit: used - 2, used }, 'the old copy is not asked any more')
})
