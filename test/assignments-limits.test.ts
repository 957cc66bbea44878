import assert from 'node:assert/strict'
import { test } from 'node:test'
import { believedNoLonger } from '#test/world.ts'
import { admin, alice, app, ask, bob, call, houseOf } from '../src/assignments/planning/planning.test.world.ts'
import { hasPublished } from '../src/assignments/planning/publications.ts'
import { runRetention } from '../src/platform/operations/retention/runs.ts'

await admin.query('insert into identity.operators (user_id) values ($1)', [bob.userId])
await believedNoLonger()

const usedBy = async (person: typeof alice) => {
  const { limits } = await ask(person, 'GET', '/usage/limits')
  return ['assignments.participants', 'assignments.rounds'].map(
    name => limits.find((each: { metric: string }) => each.metric === name)?.used,
  )
}

test('AG-02 AG-01 participants and rounds count for a plan, each workspace by itself, and none beyond its limit is made', async () => {
  const house = await houseOf({ Anna: {}, Ben: {} }, { Kitchen: {} })
  await house.round()
  assert.deepEqual(
    [await usedBy(alice), await usedBy(bob)],
    [
      [2, 1],
      [0, 0],
    ],
  )
  const limited = await call(bob, 'PUT', `/installation/tenants/${alice.tenantId}/limits/assignments.rounds`, {
    limit: 1,
    isHard: true,
  })
  assert.equal(limited.status, 200, JSON.stringify(limited.json))
  const refused = await call(alice, 'POST', '/assignments', { domainId: house.domainId })
  assert.equal(refused.json.code, 'usage.quota_exceeded')
  assert.deepEqual(await usedBy(alice), [2, 1])
  await call(bob, 'DELETE', `/installation/tenants/${alice.tenantId}/limits/assignments.rounds`)
})

test('GG-16 what the engine was given and answered is kept for two years; the plan that came of it stays', async () => {
  const house = await houseOf({ Anna: {} }, { Kitchen: {} })
  await admin.query(`delete from usage.tenant_limits where tenant_id = $1`, [alice.tenantId])
  const id = await house.round()
  for (const years of [1, 3]) {
    const run = await ask(alice, 'POST', `/assignments/${id}/runs`, {})
    await admin.query(`update assignments.solver_runs set finished_at = now() - $2 * interval '1 year' where id = $1`, [
      run.id,
      years,
    ])
  }
  const [kept] = await runRetention(app, { name: 'assignments.solver_runs' })
  assert.deepEqual([kept?.status, kept?.removed], ['done', 1])
  assert.equal((await ask(alice, 'GET', `/assignments/${id}/runs`)).items.length, 1)
  assert.deepEqual(await house.board(id), ['Kitchen: Anna'])
  assert.equal((await ask(alice, 'GET', `/assignments/${id}/check`)).holds, true)
})

test('MT-10 AG-01 the first steps know when a round was published, in each workspace', async () => {
  const house = await houseOf({ Anna: {} }, { Kitchen: {} })
  const id = await house.round()
  await ask(alice, 'POST', `/assignments/${id}/runs`, {})
  const isDone = (person: typeof alice) => hasPublished(app.db.scoped(person.scope))
  assert.equal(await isDone(alice), false)
  await ask(alice, 'POST', `/assignments/${id}/publication`)
  assert.deepEqual([await isDone(alice), await isDone(bob)], [true, false])
})
